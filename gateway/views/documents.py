"""Bills and their delivery as JSON has them."""

from kabinet.documents.v1 import documents_pb2
from typing_extensions import TypedDict

from gateway.views.values import MoneyView, moment, moment_or_none, money_or_none, words_of

_DELIVERY_STATES = words_of(documents_pb2.BillDeliveryState, "BILL_DELIVERY_STATE_")
_BILL_STATES = words_of(documents_pb2.CustomerBillState, "CUSTOMER_BILL_STATE_")


class BillDeliveryView(TypedDict):
    """How bills of an account are delivered, and the text that has to be consented to."""

    billing_account_id: str
    state: str
    email: str
    consented_at: str | None
    consent_version: str
    consent_text: str


class CustomerBillView(TypedDict):
    """A bill; the sum and the hash are empty while it is being rendered."""

    id: str
    billing_account_id: str
    bill_number: str
    revision: int
    period_start: str
    period_end: str
    issued_at: str
    due_date: str
    amount_due: MoneyView | None
    state: str
    pdf_sha256: str
    mailed_at: str | None


def bill_delivery(message: documents_pb2.BillDelivery, /) -> BillDeliveryView:
    return {
        "billing_account_id": message.billing_account_id,
        "state": _DELIVERY_STATES.get(message.state, "unspecified"),
        "email": message.email,
        "consented_at": moment_or_none(message, "consented_at"),
        "consent_version": message.consent_version,
        "consent_text": message.consent_text,
    }


def customer_bill(message: documents_pb2.CustomerBill, /) -> CustomerBillView:
    return {
        "id": message.customer_bill_id,
        "billing_account_id": message.billing_account_id,
        "bill_number": message.bill_number,
        "revision": message.revision,
        "period_start": message.period_start,
        "period_end": message.period_end,
        "issued_at": moment(message.issued_at),
        "due_date": message.due_date,
        "amount_due": money_or_none(message, "amount_due"),
        "state": _BILL_STATES.get(message.state, "unspecified"),
        "pdf_sha256": message.pdf_sha256,
        "mailed_at": moment_or_none(message, "mailed_at"),
    }
