"""Have every day of the acquirer's registry compared: by itself when it is due, and when somebody asks for it."""

from dataclasses import dataclass
from datetime import date, timedelta

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import FieldInvalid, VersionConflict
from services.payments.application.compare_books import CompareBooks
from services.payments.domain.backoff import Backoff
from services.payments.domain.ports import Due
from services.payments.domain.reconciliation import Reconciliation, ReconciliationState
from services.payments.domain.reconciliation_ports import (
    ReconciliationRepository,
    RegistryImplausible,
    RegistryUnavailable,
)
from services.payments.domain.registry import Period, day_of

_A_DAY = timedelta(days=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDays:
    """Each day plans the next one before it is compared, so that no kill leaves one out, nor weeks of standing still;
    the first one is the day on which it is first asked.

    A day that only somebody asked for has no next one: it may lie years before the first.
    """

    days: ReconciliationRepository
    grace: timedelta
    clock: Clock

    def first(self) -> None:
        """Begin with today if nothing was planned yet, and go on if no day that was compared has planned the next one.
        Idempotent."""
        last = next((day for day in self.days.newest_first() if day.was_planned_ahead), None)
        if last is None:
            self._plan(day_of(self.clock.now()))
        elif last.compared_at is not None:
            self.after(last)

    def after(self, day: Reconciliation, /) -> None:
        """See that the next day is compared too; when somebody has had it compared already, the first one after it that
        is missing. Idempotent."""
        if day.compared_at is not None and not day.was_planned_ahead:
            return
        following = day.day + _A_DAY
        while (known := self.days.get(following)) is not None:
            if known.compared_at is None and known.was_planned_ahead:
                return  # it sees to the next one itself
            following += _A_DAY
        if not self._plan(following):
            self.after(day)

    def _plan(self, day: date) -> bool:
        """Say whether it is planned; not when it is there by now, from another replica or by somebody's asking."""
        try:
            self.days.save(Reconciliation.plan(day, grace=self.grace, now=self.clock.now()))
        except VersionConflict:
            _log.info("day_planned_already", day=day.isoformat())
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileDueDay:
    """The dispatcher's step: one claim, and the day compared."""

    due: Due[Reconciliation]
    days: ReconciliationRepository
    plan_days: PlanDays
    compare: CompareBooks
    backoff: Backoff
    clock: Clock

    def __call__(self) -> bool:
        """Say whether there was anything to do."""
        day = self.due.claim()
        if day is None:
            return False
        self.plan_days.after(day)
        if day.state is not ReconciliationState.DUE:
            day.begin_again(now=self.clock.now())
        try:
            self.compare(day)
        except RegistryUnavailable as problem:
            self._postpone(day, problem)
        try:
            self.days.save(day)
        except VersionConflict:  # the lease ran out: whoever has the day finds the same
            _log.info("day_taken_over", day=day.day.isoformat())
        else:
            _tell(day)
        return True

    def _postpone(self, day: Reconciliation, problem: RegistryUnavailable) -> None:
        now = self.clock.now()
        day.postpone(problem.problem, backoff=self.backoff, now=now)
        alarm = isinstance(problem, RegistryImplausible) or day.needs_a_person(now=now)
        tell = _log.error if alarm else _log.warning
        tell("day_not_compared", alarm=alarm, day=day.day.isoformat(), problem=problem.problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileNow:
    """Compares a closed day because somebody asks for it, whether it is due or not."""

    days: ReconciliationRepository
    plan_days: PlanDays
    compare: CompareBooks
    clock: Clock

    def __call__(self, day: date, /) -> Reconciliation:
        """Return what it came to; what the acquirer refused to tell is saved by nobody.

        Raises `FieldInvalid` for a day that is not over, `RegistryUnavailable`, and `VersionConflict` when a dispatcher
        compares it at this moment.
        """
        now = self.clock.now()
        if Period.of(day).ends_at > now:
            raise FieldInvalid(field="day", rule="the day must be over in Moscow")
        known = self.days.get(day)
        if known is not None:
            self.plan_days.after(known)
        comparison = known or Reconciliation(day=day, due_at=now, created_at=now)
        comparison.begin_again(now=now)
        self.compare(comparison)
        self.days.save(comparison)
        _tell(comparison)
        return comparison


def _tell(day: Reconciliation) -> None:
    if day.state is ReconciliationState.DIFFERENT:
        _log.error("books_differ", alarm=True, day=day.day.isoformat(), incidents=day.open_incidents)
    elif day.state is ReconciliationState.EQUAL:
        _log.info("books_agree", day=day.day.isoformat())
