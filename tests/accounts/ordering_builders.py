"""Values for the tests of ordering, with defaults for whatever a test does not care about."""

from datetime import date, datetime, timedelta

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import ServiceKind, TariffPlan
from services.accounts.domain.errand import ErrandPlan
from services.accounts.domain.promised_payment import PromisedPayment, PromisedPaymentState, RegionalPromise
from services.accounts.domain.service_order import RegionalOrder, ServiceOffer, ServiceOrder, ServiceOrderState
from services.accounts.domain.tariff_change import RegionalChange, TariffChange, TariffChangeState
from services.accounts.domain.tariff_quote import QuotedChange, TariffQuote
from services.chassis.ids import new_id
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING, KEY, PLAN

ERRANDS = ErrandPlan(retry=PLAN, looks=tuple(timedelta(seconds=seconds) for seconds in (2, 60, 900)))
ANNA = "sub_" + "1" * 32
PLAN_MAX = TariffPlan(tariff_plan_id="nsk-max", name="Макс", monthly_fee=Money(900_00))
OFFER = ServiceOffer(
    offer_code="tv-1",
    kind=ServiceKind.TV,
    name="Интерактивное ТВ",
    connection_price=Money(0),
    monthly_fee=Money(350_00),
)


def make_quoted(*, effective_date: date = date(2026, 12, 1), price_kopecks: int = 0) -> QuotedChange:
    return QuotedChange(
        tariff_plan=PLAN_MAX,
        price_now=Money(price_kopecks),
        next_bill=Money(900_00),
        lost=("Скидка за трио",),
        effective_date=effective_date,
    )


def make_quote(
    *, subscriber_id: str = ANNA, key: AccountKey = KEY, quoted: QuotedChange | None = None, now: datetime = A_MORNING
) -> TariffQuote:
    return TariffQuote.give(
        subscriber_id=subscriber_id,
        billing_account_id=new_id("acc"),
        key=key,
        quoted=quoted or make_quoted(),
        now=now,
    )


def make_change(
    *, key: AccountKey = KEY, effective_date: date = date(2026, 12, 1), time_zone: str = "Asia/Novosibirsk",
    now: datetime = A_MORNING,
) -> TariffChange:  # fmt: skip
    quote = make_quote(key=key, quoted=make_quoted(effective_date=effective_date), now=now)
    return TariffChange.request(quote, time_zone=time_zone, now=now)


def change_answer(
    change: TariffChange, state: TariffChangeState, *, quoted: QuotedChange | None = None
) -> RegionalChange:
    return RegionalChange(change_id=change.tariff_change_id, quoted=quoted or change.quoted, state=state)


def make_order(
    *,
    key: AccountKey = KEY,
    subscriber_id: str = ANNA,
    request_id: str = "tap",
    offer: ServiceOffer | None = OFFER,
    now: datetime = A_MORNING,
) -> ServiceOrder:
    return ServiceOrder.request(
        subscriber_id=subscriber_id, request_id=request_id, key=key, offer_code="tv-1", offer=offer, now=now
    )


def order_answer(
    order: ServiceOrder, state: ServiceOrderState, *, at: datetime = A_MORNING, reason: str = ""
) -> RegionalOrder:
    return RegionalOrder(
        order_id=order.service_order_id, offer=OFFER, state=state, changed_at=at, refusal_reason=reason
    )


def make_promise(
    *,
    key: AccountKey = KEY,
    subscriber_id: str = ANNA,
    request_id: str = "tap",
    kopecks: int = 300_00,
    now: datetime = A_MORNING,
) -> PromisedPayment:
    return PromisedPayment.request(
        subscriber_id=subscriber_id, request_id=request_id, key=key, amount=Money(kopecks), now=now
    )


def promise_answer(
    promise: PromisedPayment,
    state: PromisedPaymentState,
    *,
    kopecks: int | None = None,
    repay_by: datetime = A_MORNING + timedelta(days=5),
) -> RegionalPromise:
    return RegionalPromise(
        promise_id=promise.promised_payment_id,
        amount=promise.amount if kopecks is None else Money(kopecks),
        fee=Money(30_00),
        taken_at=A_MORNING,
        due_at=repay_by,
        state=state,
    )
