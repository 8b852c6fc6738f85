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

_A_DAY = timedelta(days=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDays:
    """Each day plans the next one before it is compared, so that no kill leaves one out, nor weeks of standing still;
    the first one is the day on which a region is connected.

    A day that only somebody asked for has no next one: it may lie years before the first.
    """

    days: ReconciliationRepository
    regions: Regions
    grace: timedelta
    clock: Clock

    def first(self, regions: Iterable[str], /) -> None:
        """Begin with today in regions where nothing was planned yet, and go on where no day that was compared has
        planned the next one. Idempotent."""
        for code in regions:
            last = next(filter(self._was_planned_ahead, self.days.newest_first(code)), None)
            if last is None:
                self._plan(code, _today(self.regions.of(code), now=self.clock.now()))
            elif last.compared_at is not None:
                self.after(last)

    def after(self, day: Reconciliation, /) -> None:
        """See that the next day is compared too; when somebody has had it compared already, the first one after it that
        is missing. Idempotent."""
        if day.compared_at is not None and not self._was_planned_ahead(day):
            return
        following = day.day + _A_DAY
        while (known := self.days.get(day.region, following)) is not None:
            if known.compared_at is None and self._was_planned_ahead(known):
                return  # it sees to the next one itself
            following += _A_DAY
        if not self._plan(day.region, following):
            self.after(day)

    def _was_planned_ahead(self, day: Reconciliation) -> bool:
        return day.was_planned_ahead(time_zone=self.regions.of(day.region).time_zone)

    def _plan(self, region: str, day: date) -> bool:
        """Say whether it is planned; not when it is there by now, from another replica or by somebody's asking."""
        zone = self.regions.of(region).time_zone
        planned = Reconciliation.plan(region=region, day=day, time_zone=zone, grace=self.grace, now=self.clock.now())
        try:
            self.days.save(planned)
        except VersionConflict:
            _log.info("day_planned_already", region=region, day=day.isoformat())
            return False
        return True


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
        self.plan_days.after(day)
        if day.state is not ReconciliationState.DUE:
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
    plan_days: PlanDays
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
        known = self.days.get(region, day)
        if known is not None:
            self.plan_days.after(known)
        comparison = known or Reconciliation(region=region, day=day, due_at=now, created_at=now)
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
