"""The ZABAVA catalogue and help as JSON has them."""

from kabinet.content.v1 import content_pb2
from typing_extensions import TypedDict

from gateway.views.values import MoneyView, moment, moment_or_none, money, words_of

_KINDS = words_of(content_pb2.OfferingKind, "OFFERING_KIND_")
_MODELS = words_of(content_pb2.PriceModel, "PRICE_MODEL_")
_ORDER_STATES = words_of(content_pb2.ContentOrderState, "CONTENT_ORDER_STATE_")


class OfferingView(TypedDict):
    """Something of the catalogue."""

    id: str
    kind: str
    title: str
    description: str
    year: int
    age_mark: int
    price_model: str
    price: MoneyView
    rental_hours: int


class ContentQuoteView(TypedDict):
    """A fixed price."""

    id: str
    offering_id: str
    billing_account_id: str
    price: MoneyView
    expires_at: str


class ContentOrderView(TypedDict):
    """An order."""

    id: str
    offering_id: str
    billing_account_id: str
    price: MoneyView
    state: str
    refusal_reason: str
    created_at: str


class EntitlementView(TypedDict):
    """The right to watch or listen."""

    id: str
    offering_id: str
    title: str
    granted_at: str
    ends_at: str | None
    rental_hours: int
    content_order_id: str


class HelpArticleSummary(TypedDict):
    """A help article in a list."""

    slug: str
    title: str
    summary: str
    video_url: str


class HelpArticleView(HelpArticleSummary):
    """A help article."""

    body_markdown: str


def offering(message: content_pb2.Offering, /) -> OfferingView:
    return {
        "id": message.offering_id,
        "kind": _KINDS.get(message.kind, "unspecified"),
        "title": message.title,
        "description": message.description,
        "year": message.year,
        "age_mark": message.age_mark,
        "price_model": _MODELS.get(message.price_model, "unspecified"),
        "price": money(message.price),
        "rental_hours": message.rental_hours,
    }


def content_quote(message: content_pb2.ContentQuote, /) -> ContentQuoteView:
    return {
        "id": message.content_quote_id,
        "offering_id": message.offering_id,
        "billing_account_id": message.billing_account_id,
        "price": money(message.price),
        "expires_at": moment(message.expires_at),
    }


def content_order(message: content_pb2.ContentOrder, /) -> ContentOrderView:
    return {
        "id": message.content_order_id,
        "offering_id": message.offering_id,
        "billing_account_id": message.billing_account_id,
        "price": money(message.price),
        "state": _ORDER_STATES.get(message.state, "unspecified"),
        "refusal_reason": message.refusal_reason,
        "created_at": moment(message.created_at),
    }


def entitlement(message: content_pb2.Entitlement, /) -> EntitlementView:
    return {
        "id": message.entitlement_id,
        "offering_id": message.offering_id,
        "title": message.title,
        "granted_at": moment(message.granted_at),
        "ends_at": moment_or_none(message, "ends_at"),
        "rental_hours": message.rental_hours,
        "content_order_id": message.content_order_id,
    }


def help_summary(message: content_pb2.HelpArticle, /) -> HelpArticleSummary:
    return {
        "slug": message.slug,
        "title": message.title,
        "summary": message.summary,
        "video_url": message.video_url,
    }


def help_article(message: content_pb2.HelpArticle, /) -> HelpArticleView:
    return {**help_summary(message), "body_markdown": message.body_markdown}
