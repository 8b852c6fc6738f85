"""Builders of documents' values with defaults, for its tests."""

from datetime import UTC, date, datetime
from typing import Any

from services.chassis.money import Money
from services.documents.domain.account import Account, Recipient
from services.documents.domain.bill_content import BillContent, BillLine
from services.documents.domain.bill_delivery import BillDelivery
from services.documents.domain.consent import Channel, ConsentGiven, Language
from services.documents.domain.customer_bill import ArchivedPdf, CustomerBill
from services.documents.domain.mailing import Mailing

A_MORNING = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NOVOSIBIRSK = Account(region="54", number="540000123456")


def make_recipient(digit: str = "1") -> Recipient:
    return Recipient(subscriber_id=f"sub_{digit * 32}", billing_account_id=f"acc_{digit * 32}")


def make_content(**changes: Any) -> BillContent:
    values: dict[str, Any] = {
        "account": NOVOSIBIRSK,
        "bill_number": "54-2026-10-000123",
        "revision": 1,
        "period_start": date(2026, 10, 1),
        "period_end": date(2026, 10, 31),
        "issued_at": datetime(2026, 10, 31, 20, 15, tzinfo=UTC),
        "due_date": date(2026, 11, 20),
        "payer_name": "Иванова Мария Сергеевна",
        "payer_address": "630099, г. Новосибирск, ул. Ленина, д. 12, кв. 34",
        "lines": (
            BillLine(description="Домашний интернет «Игровой»", amount=Money(65000)),
            BillLine(description="Интерактивное телевидение", amount=Money(32000)),
            BillLine(description="Скидка за комплект", amount=Money(-15000)),
        ),
        "opening_balance": Money(-45000),
        "payments_received": Money(45000),
        "amount_due": Money(82000),
    }
    return BillContent(**values | changes)


def make_bill(*, regional_bill_id: str = "rbl_" + "1" * 32, content: BillContent | None = None) -> CustomerBill:
    """Return an announced bill, with content when that is given."""
    bill = CustomerBill.announced(regional_bill_id=regional_bill_id, region="54", now=A_MORNING)
    if content is not None:
        bill.learn(content, now=A_MORNING)
    return bill


def make_archived_bill(*, sha256: str = "a" * 64, **changes: Any) -> CustomerBill:
    bill = make_bill(content=make_content(**changes))
    bill.archive(ArchivedPdf(sha256=sha256, size_bytes=3, archived_at=A_MORNING))
    return bill


def make_consent(*, version: str = "2026-01", at: datetime = A_MORNING) -> ConsentGiven:
    return ConsentGiven(
        version=version, text_sha256=f"hash of {version}", language=Language.RU, channel=Channel.WEB, at=at
    )


def make_delivery(
    *, digit: str = "1", email: str = "maria@example.com", confirmed: bool = False, account: Account = NOVOSIBIRSK
) -> BillDelivery:
    """Return a delivery that waits for the proof of its address, or that is on."""
    delivery = BillDelivery(recipient=make_recipient(digit), account=account)
    confirmation_id = f"cnf_{digit * 32}"
    delivery.agree(account=account, email=email, consent=make_consent(), confirmation_id=confirmation_id, now=A_MORNING)
    if confirmed:
        delivery.confirm(confirmation_id=confirmation_id, now=A_MORNING)
    return delivery


def make_mailing(*, customer_bill_id: str = "bill_" + "1" * 32, email: str = "maria@example.com") -> Mailing:
    return Mailing.of(
        customer_bill_id=customer_bill_id,
        revision=1,
        email=email,
        language=Language.RU,
        recipients=(make_recipient(),),
        now=A_MORNING,
    )
