"""gRPC in: parse, call one use case, render."""

import grpc
from kabinet.content.v1 import content_pb2 as pb
from kabinet.content.v1 import content_pb2_grpc

from services.chassis.caller import current_subscriber
from services.chassis.grpc_bootstrap import grpc_server
from services.chassis.grpc_server import Exposed, GrpcServer
from services.content.bootstrap import UseCases, build_grpc
from services.content.bootstrap_stores import Stores, open_stores
from services.content.config import Settings, load
from services.content.entrypoints.content_messages import (
    article_to_proto,
    entitlement_to_proto,
    kind_from_proto,
    language_from_text,
    offering_to_proto,
    order_to_proto,
    quote_to_proto,
)

Context = grpc.ServicerContext


def start() -> GrpcServer:
    """Start the server as the environment says; it runs until stopped."""
    settings = load()
    server = build_server(settings, open_stores(settings, role="grpc"))
    server.start()
    return server


def build_server(settings: Settings, stores: Stores, /) -> GrpcServer:
    """Return the server, not yet started."""
    use_cases = build_grpc(settings, stores)
    servicer = ContentServicer(use_cases)
    exposed = Exposed(
        service_name=pb.DESCRIPTOR.services_by_name["ContentService"].full_name,
        register=lambda server: content_pb2_grpc.add_ContentServiceServicer_to_server(servicer, server),
    )
    return grpc_server("content", settings=settings, clock=use_cases.clock, services=[exposed])


class ContentServicer(content_pb2_grpc.ContentServiceServicer):
    """Answers ContentService."""

    def __init__(self, use_cases: UseCases, /) -> None:
        self._use = use_cases

    def SearchOfferings(  # noqa: N802
        self, request: pb.SearchOfferingsRequest, context: Context
    ) -> pb.SearchOfferingsResponse:
        found = self._use.search_offerings(
            query=request.query,
            kind=kind_from_proto(request.kind),
            wanted=request.page_size,
            page_token=request.page_token,
        )
        return pb.SearchOfferingsResponse(
            offerings=[offering_to_proto(offering) for offering in found.offerings],
            next_page_token=found.next_page_token,
        )

    def GetOffering(self, request: pb.GetOfferingRequest, context: Context) -> pb.GetOfferingResponse:  # noqa: N802
        offering = self._use.get_offering(offering_id=request.offering_id)
        return pb.GetOfferingResponse(offering=offering_to_proto(offering))

    def CreateContentQuote(  # noqa: N802
        self, request: pb.CreateContentQuoteRequest, context: Context
    ) -> pb.CreateContentQuoteResponse:
        quote = self._use.create_quote(
            subscriber_id=current_subscriber().subscriber_id,
            offering_id=request.offering_id,
            billing_account_id=request.billing_account_id,
            adult=request.adult,
        )
        return pb.CreateContentQuoteResponse(content_quote=quote_to_proto(quote))

    def CreateContentOrder(  # noqa: N802
        self, request: pb.CreateContentOrderRequest, context: Context
    ) -> pb.CreateContentOrderResponse:
        order = self._use.create_order(
            subscriber_id=current_subscriber().subscriber_id, content_quote_id=request.content_quote_id
        )
        return pb.CreateContentOrderResponse(content_order=order_to_proto(order))

    def GetContentOrder(  # noqa: N802
        self, request: pb.GetContentOrderRequest, context: Context
    ) -> pb.GetContentOrderResponse:
        order = self._use.get_order(
            subscriber_id=current_subscriber().subscriber_id, content_order_id=request.content_order_id
        )
        return pb.GetContentOrderResponse(content_order=order_to_proto(order))

    def ListEntitlements(  # noqa: N802
        self, request: pb.ListEntitlementsRequest, context: Context
    ) -> pb.ListEntitlementsResponse:
        found = self._use.list_entitlements(subscriber_id=current_subscriber().subscriber_id)
        return pb.ListEntitlementsResponse(entitlements=[entitlement_to_proto(one) for one in found])

    def SearchHelpArticles(  # noqa: N802
        self, request: pb.SearchHelpArticlesRequest, context: Context
    ) -> pb.SearchHelpArticlesResponse:
        found = self._use.search_articles(query=request.query, language=language_from_text(request.language))
        return pb.SearchHelpArticlesResponse(articles=[article_to_proto(one, with_body=False) for one in found])

    def GetHelpArticle(  # noqa: N802
        self, request: pb.GetHelpArticleRequest, context: Context
    ) -> pb.GetHelpArticleResponse:
        article = self._use.get_article(slug=request.slug, language=language_from_text(request.language))
        return pb.GetHelpArticleResponse(article=article_to_proto(article, with_body=True))
