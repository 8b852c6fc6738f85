"""The aggregate of a posting: a captured payment on its way into its region's books, exactly once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import RegionalPosting
from services.accounts.domain.errors import PaymentIdReused, RegionAnswerInvalid
from services.accounts.domain.events import PaymentPosted, PostingRefused
from services.accounts.domain.figures import check_moment
from services.accounts.domain.posting_terms import PostingTerms
from services.chassis.errors import FieldInvalid
from services.chassis.events import Event
from services.chassis.money import Money

_NEEDS_A_PERSON_AFTER = timedelta(hours=24)


class PostingState(Enum):
    """How far the crediting of a payment has come."""

    REQUESTED = "requested"
    POSTED = "posted"
    REFUSED = "refused"


_NEXT: Mapping[PostingState, frozenset[PostingState]] = {
    PostingState.REQUESTED: frozenset({PostingState.POSTED, PostingState.REFUSED}),
    PostingState.POSTED: frozenset(),
    PostingState.REFUSED: frozenset(),
}


class IllegalMove(Exception):
    """A bug: nothing asks for a move that the table does not have."""


class MayStillArrive(Exception):
    """The region does not hold the payment, and a try of before may still take effect there for `settles_in`."""

    def __init__(self, settles_in: timedelta) -> None:
        super().__init__("a try may still take effect")
        self.settles_in = settles_in


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """How long to wait before each further try, the last one for ever.

    While the region is away the pause never exceeds `longest_outage_pause`: a posting is to follow soon after the
    region's return. A region that answers, but wrongly, is given the whole ladder.
    """

    pauses: tuple[timedelta, ...]
    longest_outage_pause: timedelta

    def pause_before(self, next_try: int, /, *, outage: bool) -> timedelta:
        """Return the pause before the try number `next_try`; the first one after the first failure is number 1."""
        pause = self.pauses[min(next_try, len(self.pauses)) - 1]
        return min(pause, self.longest_outage_pause) if outage else pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of a posting's history."""

    state: PostingState
    at: datetime


@dataclass(slots=True, kw_only=True)
class Posting:
    """Identified by its payment, so that one payment has one posting for ever. Not final: it has a `due_at`.

    `attempted_at` is when the last try without an answer was begun, for a region that does not deduplicate; by the
    machine's clock, for it measures how long a message travels.
    """

    payment_id: str
    billing_account_id: str
    key: AccountKey
    amount: Money
    captured_at: datetime
    due_at: datetime | None
    state: PostingState = PostingState.REQUESTED
    tries: int = 0
    outcome_unknown: bool = False
    attempted_at: datetime | None = None
    needs_person: bool = False
    last_problem: str | None = None
    posted_at: datetime | None = None
    service_restored_at: datetime | None = None
    refusal_reason: str | None = None
    history: list[Step] = field(default_factory=list)
    version: int = 0
    pending_events: list[Event] = field(default_factory=list)

    @classmethod
    def request(
        cls,
        *,
        payment_id: str,
        billing_account_id: str,
        key: AccountKey,
        amount: Money,
        captured_at: datetime,
        now: datetime,
    ) -> "Posting":
        """Return a posting to be sent at once."""
        if not amount.is_positive:
            raise FieldInvalid(field="amount", rule="only a positive sum can be credited")
        return cls(
            payment_id=payment_id,
            billing_account_id=billing_account_id,
            key=key,
            amount=amount,
            captured_at=captured_at,
            due_at=now,
            history=[Step(state=PostingState.REQUESTED, at=now)],
        )

    def check_same(self, *, billing_account_id: str, amount: Money) -> None:
        """Raise `PaymentIdReused` unless a repeated request asks for what this posting is."""
        if (billing_account_id, amount) != (self.billing_account_id, self.amount):
            raise PaymentIdReused

    def confirm(self, answer: RegionalPosting, *, now: datetime, number_now: str | None = None) -> None:
        """Note that the region has credited the payment, under the account's number of then or of now.

        Raises `RegionAnswerInvalid` when the region credited something else: then nothing is certain, and a person
        finds it by `last_problem`; the money is never called posted on a wrong echo.
        """
        self._check_echo(answer, {self.key.number, number_now or self.key.number})
        check_moment(answer.posted_at, region=self.key.region, now=now)
        self._move_to(PostingState.POSTED, now=now)
        self.posted_at, self.service_restored_at = answer.posted_at, answer.service_restored_at
        self.pending_events.append(
            PaymentPosted(
                payment_id=self.payment_id,
                amount=self.amount,
                posted_at=answer.posted_at,
                service_restored_at=answer.service_restored_at,
            )
        )

    def refuse(self, reason: str, /, *, now: datetime) -> None:
        """Note that the region will never credit the payment."""
        self._move_to(PostingState.REFUSED, now=now)
        self.refusal_reason = reason
        self.pending_events.append(
            PostingRefused(payment_id=self.payment_id, amount=self.amount, refusal_reason=reason, refused_at=now)
        )

    def begin_attempt(self, *, at: datetime, due_at: datetime) -> None:
        """Note, to be saved before it is sent, that a try may take effect from now on.

        `at` is told by the machine's clock. Until `due_at` nobody else takes the posting.
        """
        self.attempted_at, self.outcome_unknown, self.due_at = at, True, due_at

    def call_off_attempt(self) -> None:
        """Note that the try that was begun, if one was, has not left."""
        if self.attempted_at is not None:
            self.attempted_at, self.outcome_unknown = None, False

    def check_settled(self, terms: PostingTerms, /, *, call_ends_within: timedelta, asked_at: datetime) -> None:
        """Raise `MayStillArrive` if a try without an answer might have taken effect after `asked_at`.

        That is when the region was asked, not when it answered: what arrives in between it does not show. Both moments
        are by the machine's clock. A try of which no time is known was made before it was known that the region does
        not deduplicate.
        """
        if terms.deduplicates:
            return
        self.attempted_at = self.attempted_at or asked_at
        settles_in = self.attempted_at + call_ends_within + terms.settles_after - asked_at
        if settles_in > timedelta(0):
            raise MayStillArrive(settles_in)

    def await_settlement(self, settles_in: timedelta, /, *, plan: RetryPlan, now: datetime) -> None:
        """Note that the region is to be asked again: it may show the payment any moment."""
        self._try_again("it may still arrive", pause=min(settles_in, self._pause(plan, outage=False)), now=now)

    def put_back(self, *, due_at: datetime) -> None:
        """Note that the region was not asked, so that nothing has happened."""
        self.due_at = due_at

    def postpone(self, problem: str, /, *, outage: bool, plan: RetryPlan, now: datetime) -> None:
        """Note that it is not known what the region did; the next try asks before it sends."""
        self.outcome_unknown = True
        self._try_again(problem, pause=self._pause(plan, outage=outage), now=now)

    def _pause(self, plan: RetryPlan, *, outage: bool) -> timedelta:
        return plan.pause_before(self.tries + 1, outage=outage)

    def _try_again(self, problem: str, *, pause: timedelta, now: datetime) -> None:
        """Set the next try; a posting that has been open for a day is one that a person must look at (I12)."""
        self.tries += 1
        self.last_problem = problem
        self.due_at = now + pause
        self.needs_person = now - self.history[0].at >= _NEEDS_A_PERSON_AFTER

    def _check_echo(self, answer: RegionalPosting, numbers: Collection[str]) -> None:
        told = (answer.payment_id, answer.amount)
        if told != (self.payment_id, self.amount) or answer.number not in numbers:
            raise RegionAnswerInvalid(region=self.key.region, problem="the posting echoed is not the one sent")

    def _move_to(self, state: PostingState, *, now: datetime) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalMove(f"{self.state.value} -> {state.value}")
        self.state = state
        self.due_at = self.attempted_at = None
        self.outcome_unknown = self.needs_person = False
        self.last_problem = None
        self.history.append(Step(state=state, at=now))
