"""The text of the QR code that banking apps pay a bill by (GOST R 56042-2014); drawing it is the renderer's."""

import unicodedata

from services.chassis.money import RUB
from services.documents.domain.bill_content import BillContent
from services.documents.domain.branch import Payee

_FORMAT = "ST0001"
_UTF_8 = "2"
_SEPARATOR = "|"
_PURPOSE_LIMIT = 210


class NotPayableInRoubles(ValueError):
    """The standard knows roubles only."""


def payment_qr_text(*, payee: Payee, bill: BillContent) -> str | None:
    """Return the text, in UTF-8 (ST00012), with the sum in kopecks; None when nothing is to be paid.

    What came from a region loses its separators, so that no value can smuggle in another field.
    """
    if not bill.amount_due.is_positive:
        return None
    if bill.amount_due.currency != RUB:
        raise NotPayableInRoubles(bill.amount_due.currency)
    fields = _fields(payee, bill).items()
    return _SEPARATOR.join([f"{_FORMAT}{_UTF_8}", *(f"{name}={value}" for name, value in fields)])


def _fields(payee: Payee, bill: BillContent) -> dict[str, str]:
    """The five obligatory fields come first and in this order (4.2 of the standard)."""
    number, account = _one_line(bill.bill_number), _one_line(bill.account.number)
    return {
        "Name": payee.name,
        "PersonalAcc": payee.account,
        "BankName": payee.bank,
        "BIC": payee.bic,
        "CorrespAcc": payee.correspondent_account,
        "PayeeINN": payee.inn,
        "KPP": payee.kpp,
        "Sum": str(bill.amount_due.amount_minor),
        "Purpose": f"Оплата услуг связи, л/с {account}, счёт {number}"[:_PURPOSE_LIMIT],
        "PersAcc": account,
        "PaymPeriod": f"{bill.period_start:%m%Y}",
    }


def _one_line(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(c if c.isprintable() and c != _SEPARATOR else " " for c in composed).split())[:60]
