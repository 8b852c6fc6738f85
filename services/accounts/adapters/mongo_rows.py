"""How fees and payments are written to MongoDB and read back, wherever they are kept."""

from typing import Any

from services.accounts.domain.account_report import Charge, CreditedPayment
from services.chassis.money import Money

Document = dict[str, Any]


def charge_document(charge: Charge, /) -> Document:
    """Return a fee's part of a document."""
    return {
        "charge_id": charge.charge_id,
        "description": charge.description,
        "amount": charge.amount.as_mapping(),
        "charged_at": charge.charged_at,
    }


def charge_of(document: Document, /) -> Charge:
    """Return what `charge_document` wrote."""
    return Charge(
        charge_id=document["charge_id"],
        description=document["description"],
        amount=Money.from_mapping(document["amount"]),
        charged_at=document["charged_at"],
    )


def payment_document(payment: CreditedPayment, /) -> Document:
    """Return a payment's part of a document."""
    return {
        "payment_id": payment.payment_id,
        "channel": payment.channel,
        "amount": payment.amount.as_mapping(),
        "credited_at": payment.credited_at,
    }


def payment_of(document: Document, /) -> CreditedPayment:
    """Return what `payment_document` wrote."""
    return CreditedPayment(
        payment_id=document["payment_id"],
        channel=document["channel"],
        amount=Money.from_mapping(document["amount"]),
        credited_at=document["credited_at"],
    )
