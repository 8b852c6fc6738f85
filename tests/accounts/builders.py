"""Values for the tests of accounts, with defaults for whatever a test does not care about."""

from datetime import UTC, date, datetime, timedelta

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import (
    AccountReport,
    BillingMode,
    Charge,
    CreditedPayment,
    Page,
    RegionalPosting,
    Row,
    Service,
    ServiceKind,
    ServiceState,
    TariffPlan,
)
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.ownership_attempts import AttemptLimit, AttemptLimits
from services.accounts.domain.posting import Posting, RetryPlan
from services.accounts.domain.proof_ladder import Relation, Rung
from services.accounts.domain.regional_bill import BillContent, BillLine
from services.chassis.ids import new_id
from services.chassis.money import Money
from services.chassis.pseudonyms import Pseudonyms

A_MORNING = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
KEY = AccountKey(region="54", number="5400200001")
PSEUDONYMS = Pseudonyms(b"a secret of 32 bytes, for tests!")
PLAN = RetryPlan(
    pauses=tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 15, 60, 300)),
    longest_outage_pause=timedelta(seconds=60),
)


class SettableClock:
    """A clock that a test moves."""

    def __init__(self, now: datetime = A_MORNING) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, **delta: float) -> None:
        self._now += timedelta(**delta)


def make_account(
    *,
    subscriber_id: str = "sub_" + "1" * 32,
    key: AccountKey = KEY,
    relation: Relation = Relation.OWN,
    rung: Rung = Rung.MANAGE,
    request_id: str | None = None,
    linked_at: datetime = A_MORNING,
) -> BillingAccount:
    return BillingAccount.link(
        subscriber_id=subscriber_id,
        key=key,
        relation=relation,
        label="",
        rung=rung,
        request_id=request_id,
        now=linked_at,
    )


def make_limits(
    *, pair: int = 5, under_attack: int = 2, account: int = 30, subscriber: int = 20, address: int = 60
) -> AttemptLimits:
    """Limits within an hour."""

    def limit(most: int) -> AttemptLimit:
        return AttemptLimit(most=most, window=timedelta(hours=1))

    return AttemptLimits(
        per_pair=limit(pair),
        per_pair_under_attack=limit(under_attack),
        per_account=limit(account),
        per_subscriber=limit(subscriber),
        per_address=limit(address),
    )


def make_posting(*, kopecks: int = 45000, key: AccountKey = KEY, now: datetime = A_MORNING) -> Posting:
    return Posting.request(
        payment_id=new_id("pay"),
        billing_account_id=new_id("acc"),
        key=key,
        amount=Money(kopecks),
        captured_at=now,
        now=now,
    )


def make_answer(posting: Posting, *, kopecks: int | None = None, at: datetime = A_MORNING) -> RegionalPosting:
    """What a region answers to that posting."""
    return RegionalPosting(
        payment_id=posting.payment_id,
        number=posting.key.number,
        amount=Money(kopecks) if kopecks is not None else posting.amount,
        posted_at=at,
        balance_after=Money(100_00),
        service_restored_at=None,
    )


def make_report(*, kopecks: int = 100_00, as_of: datetime = A_MORNING) -> AccountReport:
    return AccountReport(
        balance=Money(kopecks),
        as_of=as_of,
        billing_mode=BillingMode.ADVANCE,
        tariff_plan=TariffPlan(tariff_plan_id="nsk-trio", name="Трио", monthly_fee=Money(750_00)),
        services=(Service(service_id="s1", kind=ServiceKind.INTERNET, name="Интернет", state=ServiceState.ACTIVE),),
    )


def make_page(*rows: Row, as_of: datetime = A_MORNING, next_page_token: str = "") -> Page[Row]:
    return Page(rows=rows, next_page_token=next_page_token, as_of=as_of)


def make_charge(*, charge_id: str = "chg-1", kopecks: int = 750_00) -> Charge:
    return Charge(charge_id=charge_id, description="Абонентская плата", amount=Money(kopecks), charged_at=A_MORNING)


def make_credited(*, payment_id: str = "office-1", kopecks: int = 800_00) -> CreditedPayment:
    return CreditedPayment(payment_id=payment_id, channel="office", amount=Money(kopecks), credited_at=A_MORNING)


def make_bill(
    *,
    key: AccountKey = KEY,
    bill_number: str = "54-2026-10",
    revision: int = 1,
    line_kopecks: tuple[int, ...] = (750_00,),
    opening_kopecks: int = 100_00,
    received_kopecks: int = 0,
    due_kopecks: int | None = None,
) -> BillContent:
    """A bill that adds up, unless `due_kopecks` says otherwise."""
    closing = opening_kopecks - sum(line_kopecks) + received_kopecks
    return BillContent(
        key=key,
        bill_number=bill_number,
        revision=revision,
        period_start=date(2026, 10, 1),
        period_end=date(2026, 10, 31),
        issued_at=A_MORNING,
        due_date=date(2026, 11, 20),
        payer_name="Иванов Пётр Сергеевич",
        payer_address="Новосибирск, Красный проспект, д. 50",
        lines=tuple(BillLine(description="Интернет", amount=Money(kopecks)) for kopecks in line_kopecks),
        opening_balance=Money(opening_kopecks),
        payments_received=Money(received_kopecks),
        amount_due=Money(max(0, -closing) if due_kopecks is None else due_kopecks),
    )
