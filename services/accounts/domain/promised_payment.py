"""The aggregate of a promised payment: a sum served on trust until it is repaid or its date has passed (F18)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.errand import Errand, ErrandPlan, spread_of
from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.figures import check_moment
from services.accounts.domain.ordering_errors import (
    AmountNotPositive,
    PromisedPaymentNotFound,
    PromisedPaymentOpen,
    RequestIdMissing,
    RequestIdReused,
)
from services.accounts.domain.posting import IllegalMove
from services.chassis.ids import new_id
from services.chassis.money import Money

# What the region says about a promise that is open, in its own words.
PROMISE_OPEN = "PROMISE_OPEN"


class PromisedPaymentState(Enum):
    """How far it has come."""

    REQUESTED = "requested"
    OPEN = "open"
    REPAID = "repaid"
    OVERDUE = "overdue"
    REFUSED = "refused"


_S = PromisedPaymentState
_HOLDING = frozenset({_S.REQUESTED, _S.OPEN})
UNPAID = frozenset({_S.OPEN, _S.OVERDUE})
_NEXT: Mapping[PromisedPaymentState, frozenset[PromisedPaymentState]] = {
    _S.REQUESTED: frozenset({_S.OPEN, _S.REPAID, _S.OVERDUE, _S.REFUSED}),
    _S.OPEN: frozenset({_S.REPAID, _S.OVERDUE, _S.REFUSED}),
    _S.REPAID: frozenset(),
    _S.OVERDUE: frozenset({_S.REPAID}),
    _S.REFUSED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Whether a promised payment can be taken at this very moment; it is never remembered."""

    reasons: tuple[str, ...]
    largest_amount: Money | None = None
    fee: Money | None = None
    days: int = 0
    eligible_from: datetime | None = None

    @property
    def eligible(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionalPromise:
    """A promised payment as the region holds it: open, repaid or overdue."""

    promise_id: str
    amount: Money
    fee: Money
    taken_at: datetime
    due_at: datetime
    state: PromisedPaymentState


@dataclass(slots=True, kw_only=True)
class PromisedPayment:
    """One that is open or under way per account, whoever asks. `repay_by` is not `errand.due_at`: that is when we look
    again. One that is overdue holds nothing, and is looked at for as long as the region knows of it: a later payment
    repays it."""

    promised_payment_id: str
    subscriber_id: str
    request_id: str
    key: AccountKey
    amount: Money
    created_at: datetime
    changed_at: datetime
    errand: Errand
    state: PromisedPaymentState = PromisedPaymentState.REQUESTED
    fee: Money | None = None
    repay_by: datetime | None = None
    refusal_reason: str | None = None
    version: int = 0

    @classmethod
    def request(
        cls, *, subscriber_id: str, request_id: str, key: AccountKey, amount: Money, now: datetime
    ) -> "PromisedPayment":
        """Return a new promise. Raises `RequestIdMissing`, `AmountNotPositive`."""
        if not request_id:
            raise RequestIdMissing
        if not amount.is_positive:
            raise AmountNotPositive
        return cls(
            promised_payment_id=new_id("prp"),
            subscriber_id=subscriber_id,
            request_id=request_id,
            key=key,
            amount=amount,
            created_at=now,
            changed_at=now,
            errand=Errand.in_hand(now=now),
        )

    @property
    def wish_id(self) -> str:
        return self.promised_payment_id

    @property
    def holds(self) -> bool:
        """Say whether it is open or under way."""
        return self.state in _HOLDING

    @property
    def is_at_rest(self) -> bool:
        """Say whether nothing more is to be done for anybody: what is overdue is their business who took it."""
        return not self.holds

    @property
    def shows_in_figures(self) -> bool:
        return self.state in {_S.OPEN, _S.REPAID, _S.OVERDUE}

    def check_same(self, *, key: AccountKey, amount: Money) -> None:
        """Raise `RequestIdReused` unless a repeated request asks for what this promise is."""
        if (key, amount) != (self.key, self.amount):
            raise RequestIdReused

    def raise_if_it_holds(self) -> None:
        """Raise `PromisedPaymentOpen` while it is open or under way: no tariff change then."""
        if self.holds:
            raise PromisedPaymentOpen

    def heed(self, answer: RegionalPromise, *, plan: ErrandPlan, now: datetime) -> None:
        """Note what the region holds. Raises `RegionAnswerInvalid` when that is another promise, or no way leads
        there."""
        if (answer.promise_id, answer.amount) != (self.promised_payment_id, self.amount):
            raise RegionAnswerInvalid(region=self.key.region, problem="the promise echoed is not the one sent")
        check_moment(answer.taken_at, region=self.key.region, now=now)
        if answer.state is not self.state:
            if answer.state not in _NEXT[self.state]:
                raise RegionAnswerInvalid(region=self.key.region, problem="a promised payment went backwards")
            self._move_to(answer.state, now=now)
            if self.state is _S.OVERDUE:
                self.errand.looks = len(plan.looks)  # the longest pause from now on: it may stay so for years
        self.fee, self.repay_by = answer.fee, answer.due_at
        if self.state in UNPAID:
            self._look_again(plan=plan, now=now)

    def refuse(self, reason: str, /, *, now: datetime) -> None:
        """Note that the region does not serve on trust."""
        self._move_to(_S.REFUSED, now=now)
        self.refusal_reason = reason

    def forgotten(self, *, now: datetime) -> None:
        """Note that the region holds no such promise, though it did: nobody is served on it. One that was overdue stays
        so, and is looked at no more."""
        if self.state is _S.OVERDUE:
            self.errand.answered(due_at=None)
        else:
            self.refuse(PromisedPaymentNotFound.reason, now=now)

    def recheck(self, *, now: datetime) -> bool:
        """Ask the region anew: a payment has come, which repays an unpaid promise first. Say whether there is anything
        to ask."""
        if self.state not in UNPAID:
            return False
        self.errand.answered(due_at=now)
        return True

    def _look_again(self, *, plan: ErrandPlan, now: datetime) -> None:
        """Look no later than soon after the date on which it becomes overdue."""
        self.errand.look_again(plan=plan, now=now, spread=spread_of(self.wish_id))
        due_at = self.errand.due_at
        if due_at is not None and self.repay_by is not None and now < self.repay_by < due_at:
            self.errand.due_at = self.repay_by

    def _move_to(self, state: PromisedPaymentState, *, now: datetime) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalMove(f"{self.state.value} -> {state.value}")
        self.state, self.changed_at = state, now
        self.errand.answered(due_at=None)
