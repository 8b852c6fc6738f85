"""Carry a saved wish one step on: to its region, or to the next try; by the call that made it, or when it is due."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.errand import ErrandPlan, Wish
from services.accounts.domain.errors import RegionAnswerInvalid, RegionUnavailable
from services.accounts.domain.ordering_ports import WishQueue, WishRepository
from services.chassis.clock import Clock
from services.chassis.deadline import DeadlineTooShort, ending_within
from services.chassis.errors import DomainError, VersionConflict

W = TypeVar("W", bound=Wish)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryWish(Generic[W]):
    """A few calls, one save. `tell` asks the region and moves the wish by what it says.

    Killed at any line, the wish is due again as it was saved before; the region does each wish once by its id.
    """

    wishes: WishRepository[W]
    tell: Callable[[W], None]
    refresh: Callable[[AccountKey], object]
    plan: ErrandPlan
    clock: Clock

    def __call__(self, wish: W, /) -> W:
        """Return the wish as it stands afterwards. Raises `VersionConflict` only when it has vanished."""
        before = wish.state
        try:
            self.tell(wish)
        except DomainError as problem:
            self._postpone(wish, problem)
        try:
            self.wishes.save(wish)
        except VersionConflict:  # somebody else carries it, or the subscriber thought better of it
            _log.info("wish_taken_over", wish_id=wish.wish_id)
            return self._as_saved_by_others(wish)
        if wish.state is not before and wish.shows_in_figures:
            self._show(wish)
        return wish

    def _as_saved_by_others(self, wish: W) -> W:
        found = self.wishes.get(wish.wish_id)
        if found is None:
            raise VersionConflict("The wish is gone.", id=wish.wish_id)
        return found

    def _postpone(self, wish: W, problem: DomainError) -> None:
        now = self.clock.now()
        invalid = isinstance(problem, RegionAnswerInvalid)
        outage = isinstance(problem, RegionUnavailable | DeadlineTooShort) and not invalid
        detail = problem.problem if isinstance(problem, RegionAnswerInvalid) else problem.reason
        wish.errand.postpone(detail, outage=outage, plan=self.plan, now=now)
        needs_a_person = wish.errand.needs_a_person(now=now)
        tell = _log.error if needs_a_person else _log.warning
        tell(
            "wish_needs_a_person" if needs_a_person else "wish_postponed",
            wish_id=wish.wish_id,
            region=wish.key.region,
            state=wish.state.value,
            problem=detail,
            tries=wish.errand.tries,
        )

    def _show(self, wish: W) -> None:
        """Show what has changed at once. For the eye only: the wish is saved, and the next refresh shows it anyway."""
        try:
            self.refresh(wish.key)
        except DomainError as problem:
            _log.info("figures_not_shown_yet", wish_id=wish.wish_id, problem=problem.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryInCall(Generic[W]):
    """The same within a call that somebody waits for, and for no longer than they may be kept."""

    carry: CarryWish[W]
    within_s: float

    def __call__(self, wish: W, /) -> W:
        with ending_within(self.within_s):
            return self.carry(wish)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryDueWish(Generic[W]):
    """The dispatcher's step: one claim, and the wish carried on."""

    queue: WishQueue[W]
    carry: CarryWish[W]

    def __call__(self) -> bool:
        """Say whether there was anything to do."""
        wish = self.queue.claim()
        if wish is None:
            return False
        self.carry(wish)
        return True
