"""The catalogue, orders, entitlements and help: what the API and the pages do alike."""

from kabinet.content.v1 import content_pb2

from gateway.bodies import content as bodies
from gateway.clients import Caller
from gateway.views import content as views
from gateway.views.values import Items, items, numbers_of

_KINDS = numbers_of(content_pb2.OfferingKind, "OFFERING_KIND_")


def search_offerings(caller: Caller, page: bodies.OfferingsPage, /) -> Items[views.OfferingView]:
    """Find offerings by words in any Russian form (F24)."""
    content = caller.clients.content
    request = content_pb2.SearchOfferingsRequest(
        query=page.query,
        kind=_KINDS[page.kind or "unspecified"],
        page_size=page.page_size,
        page_token=page.page_token,
    )
    answer = caller.ask_openly(content, content.stub.SearchOfferings, request)
    return items([views.offering(item) for item in answer.offerings], next_page_token=answer.next_page_token)


def get_offering(caller: Caller, offering_id: str, /) -> views.OfferingView:
    """Return one offering."""
    content = caller.clients.content
    request = content_pb2.GetOfferingRequest(offering_id=offering_id)
    return views.offering(caller.ask_openly(content, content.stub.GetOffering, request).offering)


def create_content_quote(caller: Caller, body: bodies.NewContentQuote, /) -> views.ContentQuoteView:
    """Fix a price for 10 minutes."""
    content = caller.clients.content
    request = content_pb2.CreateContentQuoteRequest(
        offering_id=body.offering_id, billing_account_id=body.billing_account_id, adult=body.adult
    )
    return views.content_quote(caller.ask(content, content.stub.CreateContentQuote, request).content_quote)


def create_content_order(caller: Caller, body: bodies.NewContentOrder, /) -> views.ContentOrderView:
    """Order what a quote offers; a double tap gets the first order."""
    content = caller.clients.content
    request = content_pb2.CreateContentOrderRequest(content_quote_id=body.content_quote_id)
    return views.content_order(caller.ask(content, content.stub.CreateContentOrder, request).content_order)


def get_content_order(caller: Caller, content_order_id: str, /) -> views.ContentOrderView:
    """Return an order."""
    content = caller.clients.content
    request = content_pb2.GetContentOrderRequest(content_order_id=content_order_id)
    return views.content_order(caller.ask(content, content.stub.GetContentOrder, request).content_order)


def list_entitlements(caller: Caller, /) -> Items[views.EntitlementView]:
    """Return what the subscriber may watch and listen to."""
    content = caller.clients.content
    answer = caller.ask(content, content.stub.ListEntitlements, content_pb2.ListEntitlementsRequest())
    return items([views.entitlement(item) for item in answer.entitlements])


def search_help_articles(caller: Caller, query: str, /) -> Items[views.HelpArticleSummary]:
    """Find help articles; without words, all of them (F22)."""
    content = caller.clients.content
    request = content_pb2.SearchHelpArticlesRequest(query=query, language=caller.language)
    answer = caller.ask_openly(content, content.stub.SearchHelpArticles, request)
    return items([views.help_summary(item) for item in answer.articles])


def get_help_article(caller: Caller, slug: str, /) -> views.HelpArticleView:
    """Return one help article."""
    content = caller.clients.content
    request = content_pb2.GetHelpArticleRequest(slug=slug, language=caller.language)
    return views.help_article(caller.ask_openly(content, content.stub.GetHelpArticle, request).article)
