"""Between the contract's messages and the domain's values."""

from kabinet.content.v1 import content_pb2 as pb

from services.chassis.errors import FieldInvalid
from services.chassis.grpc_values import money_to_proto, time_to_proto
from services.content.domain.content_order import ContentOrder, OrderState
from services.content.domain.content_quote import ContentQuote
from services.content.domain.entitlement import Entitlement
from services.content.domain.help_article import HelpArticle, Language
from services.content.domain.offering import Offering, OfferingKind, PriceModel

_KINDS = {
    OfferingKind.FILM: pb.OFFERING_KIND_FILM,
    OfferingKind.SERIES: pb.OFFERING_KIND_SERIES,
    OfferingKind.MUSIC: pb.OFFERING_KIND_MUSIC,
}
_WANTED_KINDS = {message: kind for kind, message in _KINDS.items()}
_PRICE_MODELS = {
    PriceModel.PURCHASE: pb.PRICE_MODEL_PURCHASE,
    PriceModel.RENTAL: pb.PRICE_MODEL_RENTAL,
}
_ORDER_STATES = {
    OrderState.REQUESTED: pb.CONTENT_ORDER_STATE_REQUESTED,
    OrderState.COMPLETED: pb.CONTENT_ORDER_STATE_COMPLETED,
    OrderState.REFUSED: pb.CONTENT_ORDER_STATE_REFUSED,
}
_LANGUAGES = {"": Language.RU} | {language.value: language for language in Language}


def kind_from_proto(kind: pb.OfferingKind.ValueType, /) -> OfferingKind | None:
    """Return the kind that is wanted, None for any. Raises `FieldInvalid` for one that does not exist."""
    if kind == pb.OFFERING_KIND_UNSPECIFIED:
        return None
    if kind not in _WANTED_KINDS:
        raise FieldInvalid(field="kind", rule="one of the kinds of the contract")
    return _WANTED_KINDS[kind]


def language_from_text(text: str, /) -> Language:
    """Return the language, Russian when none is named. Raises `FieldInvalid`."""
    if text not in _LANGUAGES:
        raise FieldInvalid(field="language", rule="one of en, ru")
    return _LANGUAGES[text]


def offering_to_proto(offering: Offering, /) -> pb.Offering:
    return pb.Offering(
        offering_id=offering.offering_id,
        kind=_KINDS[offering.kind],
        title=offering.title,
        description=offering.description,
        year=offering.year,
        age_mark=offering.age_mark.value,
        price_model=_PRICE_MODELS[offering.price_model],
        price=money_to_proto(offering.price),
        rental_hours=offering.rental_hours,
    )


def quote_to_proto(quote: ContentQuote, /) -> pb.ContentQuote:
    return pb.ContentQuote(
        content_quote_id=quote.content_quote_id,
        offering_id=quote.offering.offering_id,
        billing_account_id=quote.billing_account_id,
        price=money_to_proto(quote.offering.price),
        expires_at=time_to_proto(quote.expires_at),
    )


def order_to_proto(order: ContentOrder, /) -> pb.ContentOrder:
    return pb.ContentOrder(
        content_order_id=order.content_order_id,
        offering_id=order.offering.offering_id,
        billing_account_id=order.billing_account_id,
        price=money_to_proto(order.offering.price),
        state=_ORDER_STATES[order.state],
        refusal_reason=order.refusal_reason,
        created_at=time_to_proto(order.created_at),
    )


def entitlement_to_proto(entitlement: Entitlement, /) -> pb.Entitlement:
    return pb.Entitlement(
        entitlement_id=entitlement.entitlement_id,
        offering_id=entitlement.offering_id,
        title=entitlement.title,
        granted_at=time_to_proto(entitlement.granted_at),
        ends_at=time_to_proto(entitlement.ends_at),
        rental_hours=entitlement.rental_hours,
        content_order_id=entitlement.content_order_id,
    )


def article_to_proto(article: HelpArticle, /, *, with_body: bool) -> pb.HelpArticle:
    return pb.HelpArticle(
        slug=article.slug,
        title=article.title,
        summary=article.summary,
        body_markdown=article.body_markdown if with_body else "",
        video_url=article.video_url,
    )
