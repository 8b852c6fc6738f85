"""Bills and their delivery: what the API and the pages do alike."""

from collections.abc import Iterator

from kabinet.documents.v1 import documents_pb2

from gateway.bodies import documents as bodies
from gateway.bodies.fields import Page
from gateway.clients import Caller
from gateway.views import documents as views
from gateway.views.values import Items, items


def get_bill_delivery(caller: Caller, billing_account_id: str, /) -> views.BillDeliveryView:
    """Return how bills of an account are delivered."""
    documents = caller.clients.documents
    request = documents_pb2.GetBillDeliveryRequest(billing_account_id=billing_account_id, language=caller.language)
    return views.bill_delivery(caller.ask(documents, documents.stub.GetBillDelivery, request).bill_delivery)


def set_bill_delivery(
    caller: Caller, billing_account_id: str, body: bodies.NewBillDelivery, /
) -> views.BillDeliveryView:
    """Record the consent to e-bills and mail a link that proves the address (F14)."""
    documents = caller.clients.documents
    request = documents_pb2.SetBillDeliveryRequest(
        billing_account_id=billing_account_id,
        email=body.email,
        consent_version=body.consent.version,
        channel=body.channel,
        language=caller.language,
    )
    return views.bill_delivery(caller.ask(documents, documents.stub.SetBillDelivery, request).bill_delivery)


def end_bill_delivery(caller: Caller, billing_account_id: str, /) -> views.BillDeliveryView:
    """Withdraw the consent; paper is sent again."""
    documents = caller.clients.documents
    request = documents_pb2.EndBillDeliveryRequest(billing_account_id=billing_account_id, language=caller.language)
    return views.bill_delivery(caller.ask(documents, documents.stub.EndBillDelivery, request).bill_delivery)


def confirm_bill_delivery(caller: Caller, token: str, /) -> None:
    """Prove an address by the mailed link; works without login."""
    documents = caller.clients.documents
    request = documents_pb2.ConfirmBillDeliveryRequest(token=token)
    caller.ask_openly(documents, documents.stub.ConfirmBillDelivery, request)


def list_customer_bills(
    caller: Caller, page: Page, /, *, billing_account_id: str = ""
) -> Items[views.CustomerBillView]:
    """Return a page of the bills of all of the subscriber's accounts, or of one of them."""
    documents = caller.clients.documents
    request = documents_pb2.ListCustomerBillsRequest(
        billing_account_id=billing_account_id, page_size=page.page_size, page_token=page.page_token
    )
    answer = caller.ask(documents, documents.stub.ListCustomerBills, request)
    return items([views.customer_bill(item) for item in answer.customer_bills], next_page_token=answer.next_page_token)


def get_customer_bill(caller: Caller, customer_bill_id: str, /) -> views.CustomerBillView:
    """Return one bill."""
    documents = caller.clients.documents
    request = documents_pb2.GetCustomerBillRequest(customer_bill_id=customer_bill_id)
    return views.customer_bill(caller.ask(documents, documents.stub.GetCustomerBill, request).customer_bill)


def download_customer_bill(caller: Caller, customer_bill_id: str, /) -> Iterator[bytes]:
    """Return the archived PDF in pieces; every download is byte-identical."""
    documents = caller.clients.documents
    request = documents_pb2.DownloadCustomerBillRequest(customer_bill_id=customer_bill_id)
    pieces = caller.download(documents, documents.stub.DownloadCustomerBill, request)
    return (piece.chunk for piece in pieces)
