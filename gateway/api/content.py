"""The catalogue, orders, entitlements and help over JSON."""

from typing import Any

from gateway.actions import content as actions
from gateway.api.routes import answers, area
from gateway.auth import caller, public
from gateway.bodies import content as bodies
from gateway.views import content as views
from gateway.views.values import Items

api = area("content", "The ZABAVA catalogue, orders, entitlements, help")


@api.get("/catalog/offerings", responses=answers(200, Items[views.OfferingView], name="Offerings", refused=()))
@public
def search_offerings(query: bodies.OfferingsPage) -> Any:
    """Find offerings by words in any Russian form, or list them"""
    return actions.search_offerings(caller(), query)


@api.get(
    "/catalog/offerings/<string:offering_id>",
    responses=answers(200, views.OfferingView, name="Offering", refused=(404,)),
)
@public
def get_offering(path: bodies.OfferingPath) -> Any:
    """Read an offering"""
    return actions.get_offering(caller(), path.offering_id)


@api.post(
    "/content-quotes",
    responses=answers(201, views.ContentQuoteView, name="ContentQuote", refused=(401, 403, 404, 409)),
)
def create_content_quote(body: bodies.NewContentQuote) -> Any:
    """Fix a price for 10 minutes"""
    return actions.create_content_quote(caller(), body), 201


@api.post(
    "/content-orders", responses=answers(201, views.ContentOrderView, name="ContentOrder", refused=(401, 404, 409))
)
def create_content_order(body: bodies.NewContentOrder) -> Any:
    """Order what a quote offers; one quote is one order"""
    return actions.create_content_order(caller(), body), 201


@api.get(
    "/content-orders/<string:content_order_id>", responses=answers(200, views.ContentOrderView, name="ContentOrder")
)
def get_content_order(path: bodies.ContentOrderPath) -> Any:
    """Read an order"""
    return actions.get_content_order(caller(), path.content_order_id)


@api.get("/entitlements", responses=answers(200, Items[views.EntitlementView], name="Entitlements", refused=(401,)))
def list_entitlements() -> Any:
    """List what the subscriber may watch and listen to"""
    return actions.list_entitlements(caller())


@api.get("/help/articles", responses=answers(200, Items[views.HelpArticleSummary], name="HelpArticles", refused=()))
@public
def search_help_articles(query: bodies.HelpQuery) -> Any:
    """Find help articles, or list them"""
    return actions.search_help_articles(caller(), query.query)


@api.get(
    "/help/articles/<string:slug>", responses=answers(200, views.HelpArticleView, name="HelpArticle", refused=(404,))
)
@public
def get_help_article(path: bodies.HelpArticlePath) -> Any:
    """Read a help article"""
    return actions.get_help_article(caller(), path.slug)
