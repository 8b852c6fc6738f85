"""An acquirer in memory with its own ledger and its own clock: it fails call by call, forgets keys after a day, and its
lists lag."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from services.chassis.money import Money
from services.payments.domain.acquirer import (
    Absent,
    AcquirerPayment,
    AcquirerRefund,
    Busy,
    ChargeOrder,
    PaymentAnswer,
    RefundAnswer,
    Refused,
    SavedCard,
    Silence,
    Status,
)
from tests.faults.ground_truth import Movement
from tests.payments.builders import ManualClock
from tests.payments.fake_world import FakeAcquirer

# What YooKassa documents: https://yookassa.ru/developers/using-api/interaction-format#idempotence
_KEYS_ARE_KEPT = timedelta(hours=24)
_PAGES_ARE_GOOD_FOR = timedelta(hours=1)

MOODS = ("good", "silent_before", "silent_after", "busy", "refusing", "declining", "thinking")


class MoodyAcquirer(FakeAcquirer):
    """Each call takes the next of `moods`, and is good when there is none. `movements` is the ledger; `wrongs` is what
    no shop may ever ask of it."""

    def __init__(self, clock: ManualClock, *, arrives: Callable[[str], None]) -> None:
        """`arrives` hears of each payment of the shop's whose charge is started."""
        super().__init__(clock)
        self._arrives = arrives
        self.moods: list[str] = []
        self.lag = timedelta()
        self.taken: list[Movement] = []
        self.returned: list[Movement] = []
        self.wrongs: list[str] = []
        self._orders: dict[str, tuple[datetime, ChargeOrder, str]] = {}
        self._payments: dict[str, AcquirerPayment] = {}
        self._opened_at: dict[str, datetime] = {}
        self._refunds: dict[str, tuple[datetime, AcquirerRefund]] = {}

    def charge(self, order: ChargeOrder, /, *, timeout_s: float) -> PaymentAnswer:
        mood = self._mood()
        refusal = _refusal(mood)
        if refusal is not None:
            return refusal
        told = self._look(self._opened_by(order, mood))
        return Silence() if mood == "silent_after" else told

    def get(self, acquirer_payment_id: str, /, *, timeout_s: float) -> PaymentAnswer:
        if self._mood() != "good":
            return Silence()
        if acquirer_payment_id not in self._payments:
            return Refused("not_found")
        return self._look(acquirer_payment_id)

    def find(self, payment_id: str, /, *, since: datetime, until: datetime, timeout_s: float) -> PaymentAnswer:
        if self._mood() != "good":
            return Silence()
        listed = [name for name in self.opened_for(payment_id) if since <= self._opened_at[name] <= until]
        shown = [name for name in listed if self._opened_at[name] + self.lag <= self.clock.now()]
        return self._look(shown[0]) if shown else Absent()

    def refund(self, *, refund_id: str, acquirer_payment_id: str, amount: Money, timeout_s: float) -> RefundAnswer:
        mood = self._mood()
        if mood in {"silent_before", "busy"}:
            return Silence() if mood == "silent_before" else Busy()
        made = self._refunded_by(refund_id, self._payments[acquirer_payment_id], amount)
        return Silence() if mood == "silent_after" else made

    def find_refund(self, refund_id: str, /, *, acquirer_payment_id: str, timeout_s: float) -> RefundAnswer:
        if self._mood() != "good":
            return Silence()
        made = self._refunds.get(refund_id)
        return Absent() if made is None or made[0] + self.lag > self.clock.now() else made[1]

    def opened_for(self, payment_id: str, /) -> list[str]:
        """Return the ids here of what a payment of the shop's has led to."""
        return [name for name, told in self._payments.items() if told.payment_id == payment_id]

    def undecided(self, *, with_page: bool) -> list[str]:
        """Return what waits: for a payer on the page, or for the bank."""
        return [name for name in self._payments if self._waits(name) and self._has_page(name) is with_page]

    def decide(self, acquirer_payment_id: str, /, *, decline_reason: str = "") -> None:
        """The payer, or the bank, has made up their mind; without a reason to decline, money moves."""
        if not self._waits(acquirer_payment_id):
            return
        told = replace(self._payments[acquirer_payment_id], confirmation_url="")
        if decline_reason:
            self._payments[acquirer_payment_id] = replace(told, status=Status.CANCELED, decline_reason=decline_reason)
        else:
            self._payments[acquirer_payment_id] = self._took(told)

    def _opened_by(self, order: ChargeOrder, mood: str) -> str:
        """Return the payment that the key has started, started now if the key is new or forgotten."""
        known = self._orders.get(order.idempotence_key)
        if known is not None and self.clock.now() - known[0] < _KEYS_ARE_KEPT:
            if known[1] != order:
                self.wrongs.append(f"I3 {order.payment_id}: one key with two bodies")
            return known[2]
        name = f"acquirer-{len(self._payments)}"
        self._orders[order.idempotence_key] = (self.clock.now(), order, name)
        self._opened_at[name] = self.clock.now()
        self._payments[name] = self._start(name, order, mood)
        self._arrives(order.payment_id)
        return name

    def _start(self, name: str, order: ChargeOrder, mood: str) -> AcquirerPayment:
        told = AcquirerPayment(
            acquirer_payment_id=name,
            payment_id=order.payment_id,
            status=Status.PENDING,
            amount=order.amount,
            saved_card=_card(name) if order.save_payment_method else None,
        )
        if not order.acquirer_method_id:
            return replace(told, confirmation_url=f"http://acquirer/pay/{name}")
        if mood == "declining":
            return replace(told, status=Status.CANCELED, decline_reason="insufficient_funds")
        return told if mood == "thinking" else self._took(told)

    def _took(self, told: AcquirerPayment) -> AcquirerPayment:
        self.taken.append(Movement(told.payment_id, told.amount.amount_minor))
        return replace(told, status=Status.SUCCEEDED, captured_at=self.clock.now())

    def _refunded_by(self, refund_id: str, told: AcquirerPayment, amount: Money) -> AcquirerRefund:
        known = self._refunds.get(refund_id)
        if known is not None and self.clock.now() - known[0] < _KEYS_ARE_KEPT:
            return known[1]
        made = AcquirerRefund(
            acquirer_refund_id=f"acquirer-refund-{len(self.returned)}",
            refund_id=refund_id,
            status=Status.SUCCEEDED,
            amount=amount,
        )
        self._refunds[refund_id] = (self.clock.now(), made)
        self.returned.append(Movement(told.payment_id, amount.amount_minor))
        return made

    def _look(self, name: str) -> AcquirerPayment:
        """Return a payment as it is now: a page that nobody paid on lapses."""
        if self._has_page(name) and self.clock.now() - self._opened_at[name] >= _PAGES_ARE_GOOD_FOR:
            self.decide(name, decline_reason="expired_on_confirmation")
        return self._payments[name]

    def _waits(self, name: str) -> bool:
        return self._payments[name].status is Status.PENDING

    def _has_page(self, name: str) -> bool:
        return bool(self._payments[name].confirmation_url)

    def _mood(self) -> str:
        return self.moods.pop(0) if self.moods else "good"


def _refusal(mood: str) -> PaymentAnswer | None:
    refusals: dict[str, PaymentAnswer] = {
        "silent_before": Silence(),
        "busy": Busy(),
        "refusing": Refused("forbidden"),
    }
    return refusals.get(mood)


def _card(name: str) -> SavedCard:
    return SavedCard(
        acquirer_method_id=f"token-{name}", brand="mir", last4="2987", expires="2099-12", issuer_country="RU"
    )
