"""Aggregates with defaults, for tests that care about one thing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.chassis.clock import to_milliseconds
from services.chassis.ids import new_id
from services.chassis.money import Money
from services.payments.application.create_payment import PaymentRequest
from services.payments.domain.acquirer import AcquirerPayment, Status
from services.payments.domain.autopay_amount import NOTHING_FILLED, AmountTerm, Caps, FixedSum
from services.payments.domain.autopay_decision import Grounds
from services.payments.domain.autopay_limits import Limits
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule, Terms
from services.payments.domain.autopay_trigger import FirstOfMonth, Trigger
from services.payments.domain.card_binding import BindingReached, BindingState, CardBinding
from services.payments.domain.payment import Payment, PaymentKind, Reached, State
from services.payments.domain.payment_method import PaymentMethod
from services.payments.domain.receipt import Receipt, ReceiptReached, ReceiptState
from services.payments.domain.region_freeze import FreezeLimits

A_MORNING = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MOSCOW = "Europe/Moscow"
RETURN_URL = "http://localhost:18080/payments/return"
GRACE = timedelta(seconds=12)
LIMITS = Limits(
    charges_in_a_day=2,
    holds_beyond=True,
    hold_lapses_after=timedelta(days=3),
    word_outlasts_hold=True,
    charged_late_at_most=timedelta(days=3),
    paid_by_hand_within=timedelta(hours=24),
)

FREEZE_LIMITS = FreezeLimits(within=timedelta(hours=1), at_most=1000, share_percent=20, share_at_least=100)


def rub(roubles: int) -> Money:
    return Money(roubles * 100)


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = A_MORNING) -> None:
        self.moment = now

    def now(self) -> datetime:
        return to_milliseconds(self.moment)

    def advance(self, **parts: float) -> None:
        self.moment += timedelta(**parts)


def make_payment(*, kopecks: int = 45_000, state: State = State.CREATED, **fields: Any) -> Payment:
    created_at = fields.pop("created_at", A_MORNING)
    history = [Reached(State.CREATED, created_at)]
    if state is not State.CREATED:
        history.append(Reached(state, created_at))
    defaults: dict[str, Any] = {
        "payment_id": new_id("pay"),
        "subscriber_id": new_id("sub"),
        "billing_account_id": new_id("acc"),
        "amount": Money(kopecks),
        "kind": PaymentKind.NEW_CARD,
        "history": history,
        "return_url": RETURN_URL,
        "charge_begun_at": created_at,
    }
    return Payment(**defaults | fields)


def make_request(**fields: Any) -> PaymentRequest:
    defaults: dict[str, Any] = {
        "request_id": new_id("req"),
        "subscriber_id": new_id("sub"),
        "billing_account_id": new_id("acc"),
        "amount": rub(450),
        "kind": PaymentKind.NEW_CARD,
        "payment_method_id": "",
        "save_payment_method": False,
        "return_url": RETURN_URL,
    }
    return PaymentRequest(**defaults | fields)


def make_method(**fields: Any) -> PaymentMethod:
    defaults: dict[str, Any] = {
        "payment_method_id": new_id("pm"),
        "subscriber_id": new_id("sub"),
        "brand": "mir",
        "last4": "2987",
        "expires": "2099-12",
        "saved_at": A_MORNING,
        "acquirer_method_id": new_id("token"),
    }
    return PaymentMethod(**defaults | fields)


def make_binding(**fields: Any) -> CardBinding:
    created_at = fields.pop("created_at", A_MORNING)
    state = fields.pop("state", BindingState.CREATED)
    history = [BindingReached(BindingState.CREATED, created_at)]
    if state is not BindingState.CREATED:
        history.append(BindingReached(state, created_at))
    defaults: dict[str, Any] = {
        "payment_method_id": new_id("pm"),
        "subscriber_id": new_id("sub"),
        "return_url": RETURN_URL,
        "request_id": new_id("req"),
        "fingerprint": "f" * 64,
        "history": history,
    }
    return CardBinding(**defaults | fields)


def make_receipt(**fields: Any) -> Receipt:
    created_at = fields.pop("created_at", A_MORNING)
    state = fields.pop("state", ReceiptState.PENDING)
    history = [ReceiptReached(ReceiptState.PENDING, created_at)]
    if state is not ReceiptState.PENDING:
        history.append(ReceiptReached(state, created_at))
    payment_id = fields.get("payment_id", new_id("pay"))
    defaults: dict[str, Any] = {
        "receipt_id": f"{payment_id}:receipt",
        "payment_id": payment_id,
        "refund_id": "",
        "subscriber_id": new_id("sub"),
        "amount": rub(450),
        "history": history,
    }
    return Receipt(**defaults | fields)


def make_rule(
    *, trigger: Trigger | None = None, amount: AmountTerm | None = None, caps: Caps | None = None, **fields: Any
) -> AutopayRule:
    now = fields.get("created_at", A_MORNING)
    terms = Terms(
        payment_method_id=fields.pop("payment_method_id", new_id("pm")),
        trigger=trigger or FirstOfMonth(),
        amount=amount or FixedSum(rub(500)),
        caps=caps or Caps(),
    )
    defaults: dict[str, Any] = {
        "autopay_rule_id": new_id("aru"),
        "subscriber_id": new_id("sub"),
        "billing_account_id": new_id("acc"),
        "time_zone": MOSCOW,
        "terms": terms,
        "created_at": now,
        "request_id": new_id("req"),
        "fingerprint": "f" * 64,
    }
    rule = AutopayRule(**defaults | fields)
    rule.plan(now=now)
    return rule


def make_occasion(**fields: Any) -> AutopayOccasion:
    rule_id = fields.get("autopay_rule_id", new_id("aru"))
    defaults: dict[str, Any] = {
        "decision_id": f"{rule_id}:2026-11",
        "autopay_rule_id": rule_id,
        "rule_version": 1,
        "opened_at": A_MORNING,
        "charge_due_at": A_MORNING,
        "due_at": A_MORNING,
    }
    return AutopayOccasion(**defaults | fields)


def make_grounds(**fields: Any) -> Grounds:
    defaults: dict[str, Any] = {
        "trigger": FirstOfMonth(),
        "amount": FixedSum(rub(500)),
        "caps": Caps(),
        "rule_version": 1,
        "rule_is_active": True,
        "paused_until": None,
        "occasion_rule_version": 1,
        "time_zone": MOSCOW,
        "due_at": A_MORNING,
        "account_is_linked": True,
        "old_mandate_active": False,
        "payment_method_id": "pm_1",
        "account_refusal": None,
        "monthly_pay_limit": None,
        "paid_this_month": rub(0),
        "card_is_usable": True,
        "balance": None,
        "balance_as_of": None,
        "under_way": rub(0),
        "paid_by_hand": rub(0),
        "automatic_charges_in_24_h": 0,
        "filled": NOTHING_FILLED,
        "word": None,
        "held_since": None,
        "held_elsewhere": False,
        "region_frozen": False,
        "limits": LIMITS,
        "now": A_MORNING,
    }
    return Grounds(**defaults | fields)


def told(payment: Payment, status: Status = Status.SUCCEEDED, **fields: Any) -> AcquirerPayment:
    """Return what the acquirer tells of a payment."""
    defaults: dict[str, Any] = {
        "acquirer_payment_id": payment.acquirer_payment_id or f"acquirer-{payment.payment_id}",
        "payment_id": payment.payment_id,
        "status": status,
        "amount": payment.amount,
    }
    return AcquirerPayment(**defaults | fields)
