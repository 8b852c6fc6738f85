"""gRPC in: parse, call one use case, render."""

from collections.abc import Iterator
from enum import Enum
from typing import TypeVar

import grpc
from kabinet.documents.v1 import documents_pb2 as pb
from kabinet.documents.v1 import documents_pb2_grpc

from services.chassis.caller import current_subscriber
from services.chassis.errors import FieldInvalid
from services.chassis.grpc_bootstrap import grpc_server
from services.chassis.grpc_server import Exposed, GrpcServer
from services.chassis.grpc_values import money_to_proto, time_to_proto
from services.documents.application.bill_deliveries import ShownDelivery
from services.documents.application.customer_bills import ShownBill
from services.documents.bootstrap import UseCases, build_grpc
from services.documents.bootstrap_stores import Stores, open_stores
from services.documents.config import Settings, load
from services.documents.domain.account import Recipient
from services.documents.domain.bill_delivery import DeliveryState
from services.documents.domain.consent import Channel, Language
from services.documents.domain.customer_bill import BillState

Context = grpc.ServicerContext
Choice = TypeVar("Choice", bound=Enum)

_CHUNK_BYTES = 256 * 1024
_DELIVERY_STATES = {
    DeliveryState.OFF: pb.BILL_DELIVERY_STATE_OFF,
    DeliveryState.AWAITING_CONFIRMATION: pb.BILL_DELIVERY_STATE_AWAITING_CONFIRMATION,
    DeliveryState.ON: pb.BILL_DELIVERY_STATE_ON,
    DeliveryState.SUSPENDED: pb.BILL_DELIVERY_STATE_SUSPENDED,
}
_BILL_STATES = {
    BillState.RECEIVED: pb.CUSTOMER_BILL_STATE_RECEIVED,
    BillState.ARCHIVED: pb.CUSTOMER_BILL_STATE_ARCHIVED,
}


def start() -> GrpcServer:
    """Start the server as the environment says; it runs until stopped."""
    settings = load()
    server = build_server(settings, open_stores(settings, role="grpc"))
    server.start()
    return server


def build_server(settings: Settings, stores: Stores, /) -> GrpcServer:
    """Return the server, not yet started."""
    use_cases = build_grpc(settings, stores)
    servicer = DocumentsServicer(use_cases)
    exposed = Exposed(
        service_name=pb.DESCRIPTOR.services_by_name["DocumentsService"].full_name,
        register=lambda server: documents_pb2_grpc.add_DocumentsServiceServicer_to_server(servicer, server),
    )
    return grpc_server("documents", settings=settings, clock=use_cases.clock, services=[exposed])


class DocumentsServicer(documents_pb2_grpc.DocumentsServiceServicer):
    """Answers DocumentsService."""

    def __init__(self, use_cases: UseCases, /) -> None:
        self._use = use_cases

    def GetBillDelivery(  # noqa: N802
        self, request: pb.GetBillDeliveryRequest, context: Context
    ) -> pb.GetBillDeliveryResponse:
        shown = self._use.get_delivery(
            recipient=_recipient(request.billing_account_id), language=_language(request.language)
        )
        return pb.GetBillDeliveryResponse(bill_delivery=_delivery(shown))

    def SetBillDelivery(  # noqa: N802
        self, request: pb.SetBillDeliveryRequest, context: Context
    ) -> pb.SetBillDeliveryResponse:
        shown = self._use.set_delivery(
            recipient=_recipient(request.billing_account_id),
            email=request.email,
            consent_version=request.consent_version,
            channel=_choice(Channel, request.channel, field="channel"),
            language=_language(request.language),
        )
        return pb.SetBillDeliveryResponse(bill_delivery=_delivery(shown))

    def EndBillDelivery(  # noqa: N802
        self, request: pb.EndBillDeliveryRequest, context: Context
    ) -> pb.EndBillDeliveryResponse:
        shown = self._use.end_delivery(
            recipient=_recipient(request.billing_account_id), language=_language(request.language)
        )
        return pb.EndBillDeliveryResponse(bill_delivery=_delivery(shown))

    def ConfirmBillDelivery(  # noqa: N802
        self, request: pb.ConfirmBillDeliveryRequest, context: Context
    ) -> pb.ConfirmBillDeliveryResponse:
        self._use.confirm_delivery(token=request.token)
        return pb.ConfirmBillDeliveryResponse()

    def ListCustomerBills(  # noqa: N802
        self, request: pb.ListCustomerBillsRequest, context: Context
    ) -> pb.ListCustomerBillsResponse:
        page = self._use.list_bills(
            subscriber_id=current_subscriber().subscriber_id,
            billing_account_id=request.billing_account_id or None,
            wanted=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListCustomerBillsResponse(
            customer_bills=[_bill(bill) for bill in page.bills], next_page_token=page.next_page_token
        )

    def GetCustomerBill(  # noqa: N802
        self, request: pb.GetCustomerBillRequest, context: Context
    ) -> pb.GetCustomerBillResponse:
        bill = self._use.get_bill(
            subscriber_id=current_subscriber().subscriber_id, customer_bill_id=request.customer_bill_id
        )
        return pb.GetCustomerBillResponse(customer_bill=_bill(bill))

    def DownloadCustomerBill(  # noqa: N802
        self, request: pb.DownloadCustomerBillRequest, context: Context
    ) -> Iterator[pb.DownloadCustomerBillResponse]:
        pdf = self._use.download_bill(
            subscriber_id=current_subscriber().subscriber_id, customer_bill_id=request.customer_bill_id
        )
        for start in range(0, len(pdf), _CHUNK_BYTES):
            yield pb.DownloadCustomerBillResponse(chunk=pdf[start : start + _CHUNK_BYTES])


def _recipient(billing_account_id: str) -> Recipient:
    return Recipient(subscriber_id=current_subscriber().subscriber_id, billing_account_id=billing_account_id)


def _language(text: str) -> Language:
    return _choice(Language, text or Language.RU.value, field="language")


def _choice(kind: type[Choice], text: str, *, field: str) -> Choice:
    known = {choice.value: choice for choice in kind}
    if text not in known:
        raise FieldInvalid(field=field, rule=f"one of {', '.join(sorted(known))}")
    return known[text]


def _delivery(shown: ShownDelivery) -> pb.BillDelivery:
    delivery, text = shown.delivery, shown.text
    return pb.BillDelivery(
        billing_account_id=delivery.recipient.billing_account_id,
        state=_DELIVERY_STATES[delivery.state],
        email=delivery.email,
        consented_at=time_to_proto(delivery.consent.at if delivery.consent else None),
        consent_version=text.version,
        consent_text=text.text,
    )


def _bill(shown: ShownBill) -> pb.CustomerBill:
    bill, content = shown.bill, shown.bill.content
    assert content is not None, "only bills with content are shown"
    return pb.CustomerBill(
        customer_bill_id=bill.customer_bill_id,
        billing_account_id=shown.billing_account_id,
        bill_number=content.bill_number,
        revision=content.revision,
        period_start=content.period_start.isoformat(),
        period_end=content.period_end.isoformat(),
        issued_at=time_to_proto(content.issued_at),
        due_date=content.due_date.isoformat(),
        amount_due=money_to_proto(content.amount_due) if bill.pdf else None,
        state=_BILL_STATES[bill.state],
        pdf_sha256=bill.pdf.sha256 if bill.pdf else "",
        mailed_at=time_to_proto(shown.mailed_at),
    )
