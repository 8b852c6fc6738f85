"""The comparison of one region's books with ours for one day, once the day is over there: sums first, then items."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum

from services.accounts.domain.posting import RetryPlan
from services.accounts.domain.tariff_change import beginning_of
from services.chassis.money import Money

_NEEDS_A_PERSON_AFTER = timedelta(days=3)


class ReconciliationState(Enum):
    """How far the comparison of a day has come."""

    DUE = "due"
    DIFFERENT = "different"
    EQUAL = "equal"


_NEXT: Mapping[ReconciliationState, frozenset[ReconciliationState]] = {
    ReconciliationState.DUE: frozenset({ReconciliationState.DIFFERENT, ReconciliationState.EQUAL}),
    ReconciliationState.DIFFERENT: frozenset({ReconciliationState.DUE}),
    ReconciliationState.EQUAL: frozenset({ReconciliationState.DUE}),  # when somebody asks for it again
}


class IllegalMove(Exception):
    """A bug: nothing asks for a move that the table does not have."""


class DifferenceKind(Enum):
    """In which way the books of a day differ."""

    MISSING_IN_REGION = "missing_in_region"
    MISSING_HERE = "missing_here"
    AMOUNT_DIFFERS = "amount_differs"
    POSTED_TWICE = "posted_twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A day in a region's calendar, as moments: its beginning, and the beginning of the next one."""

    begins_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, day: date, /, *, time_zone: str) -> "Period":
        """Return the day as the clocks of that zone have it: 23 or 25 hours when they are changed."""
        return cls(
            begins_at=beginning_of(day, time_zone=time_zone),
            ends_at=beginning_of(day + timedelta(days=1), time_zone=time_zone),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPayment:
    """A payment in somebody's books."""

    payment_id: str
    amount: Money
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Totals:
    """How many payments, and what they come to."""

    count: int = 0
    amount: Money = field(default_factory=Money.zero)

    def plus(self, payments: Iterable[BookedPayment], /) -> "Totals":
        """Return them with further payments."""
        totals = self
        for payment in payments:
            totals = Totals(totals.count + 1, totals.amount + payment.amount)
        return totals


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPage:
    """A page of a region's list, with the totals of the whole period and the region's own token of the next page."""

    payments: tuple[BookedPayment, ...]
    totals: Totals
    next_page_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A payment that stands otherwise in their books than in ours; None is "not there"."""

    payment_id: str
    kind: DifferenceKind
    ours: Money | None
    theirs: Money | None


@dataclass(slots=True, kw_only=True)
class Reconciliation:
    """Identified by region and day, so that a day is compared once, however many replicas want to.

    While it is not EQUAL it has a `due_at`. `run` counts the comparisons; `ours_so_far` and `reached` keep the place of
    one that goes on item by item. `theirs` is None where a region does not list its postings.
    """

    region: str
    day: date
    due_at: datetime | None
    created_at: datetime
    state: ReconciliationState = ReconciliationState.DUE
    run: int = 1
    ours_so_far: Totals = field(default_factory=Totals)
    reached: BookedPayment | None = None
    tries: int = 0
    last_problem: str | None = None
    compared_at: datetime | None = None
    ours: Totals | None = None
    theirs: Totals | None = None
    open_incidents: int = 0
    version: int = 0

    @classmethod
    def plan(cls, *, region: str, day: date, time_zone: str, grace: timedelta, now: datetime) -> "Reconciliation":
        """Return the comparison of a day, due some time after it has ended there."""
        return cls(region=region, day=day, due_at=Period.of(day, time_zone=time_zone).ends_at + grace, created_at=now)

    @property
    def reconciliation_id(self) -> str:
        return f"{self.region}:{self.day.isoformat()}"

    def was_planned_ahead(self, *, time_zone: str) -> bool:
        """Say whether it was planned before its day had ended there: nobody can ask for it by hand so early."""
        return self.created_at < Period.of(self.day, time_zone=time_zone).ends_at

    def begin_again(self, *, now: datetime) -> None:
        """Compare the day anew when its last comparison has come to an end."""
        if self.state is not ReconciliationState.DUE:
            self._move_to(ReconciliationState.DUE)
            self.run += 1
            self.ours_so_far, self.reached = Totals(), None
        self.due_at = now

    def go_on(self, compared: Sequence[BookedPayment], /, *, pause: timedelta, now: datetime) -> None:
        """Note how far it has come, item by item."""
        self.ours_so_far = self.ours_so_far.plus(compared)
        self.reached = compared[-1]
        self._answered()
        self.due_at = now + pause

    def finish(
        self, *, ours: Totals, theirs: Totals | None, open_incidents: int, again_after: timedelta, now: datetime
    ) -> None:
        """Note what the comparison came to. While incidents are open the day is compared again, to close them."""
        self._move_to(ReconciliationState.DIFFERENT if open_incidents else ReconciliationState.EQUAL)
        self._answered()
        self.compared_at, self.ours, self.theirs, self.open_incidents = now, ours, theirs, open_incidents
        self.due_at = now + again_after if open_incidents else None

    def postpone(self, problem: str, /, *, plan: RetryPlan, now: datetime) -> None:
        """Note that the region could not be asked."""
        self.tries += 1
        self.last_problem = problem
        self.due_at = now + plan.pause_before(self.tries, outage=False)

    def needs_a_person(self, *, now: datetime) -> bool:
        """Say whether the day could not be compared for so long that somebody must see to it."""
        return self.compared_at is None and now - self.created_at >= _NEEDS_A_PERSON_AFTER

    def _answered(self) -> None:
        self.tries, self.last_problem = 0, None

    def _move_to(self, state: ReconciliationState) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalMove(f"{self.state.value} -> {state.value}")
        self.state = state


def listed_differences(ours: Mapping[str, Money], theirs: Sequence[BookedPayment], /) -> Iterator[Difference]:
    """Yield what a region's list of the day holds otherwise than our books of the day, and what only one side holds."""
    booked: dict[str, list[Money]] = {}
    for payment in theirs:
        booked.setdefault(payment.payment_id, []).append(payment.amount)
    for payment_id, amounts in booked.items():
        total = sum(amounts[1:], start=amounts[0])
        if len(amounts) > 1:
            kind = DifferenceKind.POSTED_TWICE
        elif payment_id not in ours:
            kind = DifferenceKind.MISSING_HERE
        elif ours[payment_id] != total:
            kind = DifferenceKind.AMOUNT_DIFFERS
        else:
            continue
        yield Difference(payment_id=payment_id, kind=kind, ours=ours.get(payment_id), theirs=total)
    for payment_id in ours.keys() - booked.keys():
        yield Difference(
            payment_id=payment_id, kind=DifferenceKind.MISSING_IN_REGION, ours=ours[payment_id], theirs=None
        )
