"""Have every day of every region compared: by itself when it is due, and when somebody asks for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from services.accounts.application.compare_books import CompareBooks
from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.posting import RetryPlan
from services.accounts.domain.reconciliation import Period, Reconciliation, ReconciliationState
from services.accounts.domain.reconciliation_ports import ReconciliationQueue, ReconciliationRepository
from services.accounts.domain.region import Region, Regions
from services.chassis.clock import Clock
from services.chassis.errors import DomainError, FieldInvalid, VersionConflict

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDays:
    """Each day plans the next one, so that none is left out, also after weeks of standing still; the first one is the
    day on which a region is connected."""

    days: ReconciliationRepository
    regions: Regions
    grace: timedelta
    clock: Clock

    def first(self, regions: Iterable[str], /) -> None:
        """Begin with today in regions that were never compared. Idempotent."""
        for code in regions:
            if not self.days.has_any(code):
                self._plan(code, _today(self.regions.of(code), now=self.clock.now()))

    def after(self, day: Reconciliation, /) -> None:
        """See that the next day is compared too. Idempotent."""
        following = day.day + timedelta(days=1)
        if self.days.get(day.region, following) is None:
            self._plan(day.region, following)

    def _plan(self, region: str, day: date) -> None:
        zone = self.regions.of(region).time_zone
        planned = Reconciliation.plan(region=region, day=day, time_zone=zone, grace=self.grace, now=self.clock.now())
        try:
            self.days.save(planned)
        except VersionConflict:  # another replica has planned it at the same moment
            _log.info("day_planned_already", region=region, day=day.isoformat())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileDueDay:
    """The dispatcher's step: one claim, and the day compared as far as that gets."""

    queue: ReconciliationQueue
    days: ReconciliationRepository
    plan_days: PlanDays
    compare: CompareBooks
    plan: RetryPlan
    clock: Clock

    def __call__(self) -> bool:
        """Say whether there was anything to do."""
        day = self.queue.claim()
        if day is None:
            return False
        if day.compared_at is None:
            self.plan_days.after(day)
        elif day.state is not ReconciliationState.DUE:
            day.begin_again(now=self.clock.now())
        try:
            self.compare(day)
        except DomainError as problem:
            self._postpone(day, problem)
        try:
            self.days.save(day)
        except VersionConflict:  # the lease ran out: whoever has the day finds the same
            _log.info("day_taken_over", region=day.region, day=day.day.isoformat())
        else:
            _tell(day)
        return True

    def _postpone(self, day: Reconciliation, problem: DomainError) -> None:
        now = self.clock.now()
        invalid = isinstance(problem, RegionAnswerInvalid)
        detail = problem.problem if isinstance(problem, RegionAnswerInvalid) else problem.reason
        day.postpone(detail, plan=self.plan, now=now)
        alarm = invalid or day.needs_a_person(now=now)
        tell = _log.error if alarm else _log.warning
        tell("day_not_compared", alarm=alarm, region=day.region, day=day.day.isoformat(), problem=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileNow:
    """Compares a closed day because somebody asks for it, whether it is due or not, and waits for the end."""

    days: ReconciliationRepository
    compare: CompareBooks
    regions: Regions
    wait: Callable[[float], object]
    clock: Clock

    def __call__(self, *, region: str, day: date) -> Reconciliation:
        """Return what it came to; what the region refused to tell is saved by nobody.

        Raises `RegionNotFound`, `FieldInvalid` for a day that is not over there, `RegionUnavailable`, and
        `VersionConflict` when a dispatcher compares it at this moment.
        """
        now = self.clock.now()
        known_region = self.regions.connected(region)
        period = Period.of(day, time_zone=known_region.time_zone)
        if period.ends_at > now:
            raise FieldInvalid(field="day", rule="the day must be over in the region")
        comparison = self.days.get(region, day) or Reconciliation(region=region, day=day, due_at=now, created_at=now)
        comparison.begin_again(now=now)
        self._go_on(comparison)
        while comparison.state is ReconciliationState.DUE:
            self.wait(self.compare.pace.pause.total_seconds())
            self._go_on(comparison)
        _tell(comparison)
        return comparison

    def _go_on(self, comparison: Reconciliation) -> None:
        self.compare(comparison)
        self.days.save(comparison)


def _today(region: Region, *, now: datetime) -> date:
    return now.astimezone(ZoneInfo(region.time_zone)).date()


def _tell(day: Reconciliation) -> None:
    if day.state is ReconciliationState.DIFFERENT:
        _log.error(
            "books_differ",
            alarm=True,
            region=day.region,
            day=day.day.isoformat(),
            incidents=day.open_incidents,
        )
    elif day.state is ReconciliationState.EQUAL:
        _log.info("books_agree", region=day.region, day=day.day.isoformat())
