"""The aggregate of a tariff change: asked for, scheduled by the region, done on its date, or taken back before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.errand import Errand, ErrandPlan, spread_of
from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.ordering_errors import TariffChangeDone, TariffChangeNotFound
from services.accounts.domain.posting import IllegalMove
from services.accounts.domain.tariff_quote import QuotedChange, TariffQuote
from services.chassis.clock import to_milliseconds

# All changes of a region take effect at one midnight; they are asked about over this time.
_MIDNIGHT_SPREAD = timedelta(minutes=30)

# What was sent before the wish to take it back cannot arrive after this: deadlines of calls are far shorter.
LONGEST_FLIGHT = timedelta(seconds=15)


class TariffChangeState(Enum):
    """How far it has come."""

    REQUESTED = "requested"
    SCHEDULED = "scheduled"
    DONE = "done"
    CANCELING = "canceling"
    CANCELED = "canceled"
    REFUSED = "refused"


_S = TariffChangeState
_NEXT: Mapping[TariffChangeState, frozenset[TariffChangeState]] = {
    _S.REQUESTED: frozenset({_S.SCHEDULED, _S.DONE, _S.CANCELING, _S.CANCELED, _S.REFUSED}),
    _S.SCHEDULED: frozenset({_S.DONE, _S.CANCELING, _S.CANCELED, _S.REFUSED}),
    _S.CANCELING: frozenset({_S.DONE, _S.CANCELED}),
    _S.DONE: frozenset(),
    _S.CANCELED: frozenset(),
    _S.REFUSED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionalChange:
    """A change as the region holds it: scheduled, done or canceled."""

    change_id: str
    quoted: QuotedChange
    state: TariffChangeState


@dataclass(slots=True, kw_only=True)
class TariffChange:
    """One per quote. It hangs on the account, not on who asked: whoever may manage the account sees it and may take it
    back."""

    tariff_change_id: str
    subscriber_id: str
    key: AccountKey
    quoted: QuotedChange
    undo_until: datetime
    created_at: datetime
    changed_at: datetime
    errand: Errand
    state: TariffChangeState = TariffChangeState.REQUESTED
    refusal_reason: str | None = None
    version: int = 0

    @classmethod
    def request(cls, quote: TariffQuote, /, *, time_zone: str, now: datetime) -> "TariffChange":
        """Return the change as quoted. Raises `TariffQuoteExpired`."""
        quote.check_good(now=now)
        return cls(
            tariff_change_id=quote.change_id,
            subscriber_id=quote.subscriber_id,
            key=quote.key,
            quoted=quote.quoted,
            undo_until=beginning_of(quote.quoted.effective_date, time_zone=time_zone),
            created_at=now,
            changed_at=now,
            errand=Errand.in_hand(now=now),
        )

    @property
    def wish_id(self) -> str:
        return self.tariff_change_id

    @property
    def is_pending(self) -> bool:
        """Say whether it may still happen; an account has one such change at a time."""
        return bool(_NEXT[self.state])

    @property
    def is_at_rest(self) -> bool:
        return not self.is_pending

    @property
    def shows_in_figures(self) -> bool:
        return self.state is TariffChangeState.DONE

    def can_be_taken_back(self, *, now: datetime) -> bool:
        """Say whether the day on which it takes effect has not begun in its region."""
        return self.state in {TariffChangeState.REQUESTED, TariffChangeState.SCHEDULED} and now < self.undo_until

    def take_back(self, *, now: datetime) -> bool:
        """Note the wish to take it back; say whether anything is to be done about it.

        What was never scheduled, as far as we know, can be taken back on its day too: the region has the last word.
        Raises `TariffChangeDone`.
        """
        if self.state is _S.DONE or (self.state is _S.SCHEDULED and now >= self.undo_until):
            raise TariffChangeDone
        if self.state not in {_S.REQUESTED, _S.SCHEDULED}:
            return False
        self._move_to(_S.CANCELING, now=now)
        self.errand.take_in_hand(now=now)
        return True

    def heed(self, answer: RegionalChange, *, plan: ErrandPlan, now: datetime) -> None:
        """Note what the region holds. Raises `RegionAnswerInvalid` when that is another change, or no way leads
        there."""
        if (answer.change_id, _terms(answer.quoted)) != (self.tariff_change_id, _terms(self.quoted)):
            raise RegionAnswerInvalid(region=self.key.region, problem="the tariff change echoed is not the one sent")
        if answer.state is self.state:
            self._wait(plan=plan, now=now)
            return
        if answer.state not in _NEXT[self.state]:
            raise RegionAnswerInvalid(region=self.key.region, problem="a tariff change went backwards")
        self._move_to(answer.state, now=now)
        self._wait(plan=plan, now=now)

    def refuse(self, reason: str, /, *, now: datetime) -> None:
        """Note that the region will not do it."""
        self._move_to(_S.REFUSED, now=now)
        self.refusal_reason = reason

    def forgotten(self, *, plan: ErrandPlan, now: datetime) -> None:
        """Note that the region holds no such change, though it was told: it will not happen.

        While what was sent may still be on its way to the region, that is not believed of one to be taken back.
        """
        if self.state is not _S.CANCELING:
            self.refuse(TariffChangeNotFound.reason, now=now)
        elif now - self.changed_at >= LONGEST_FLIGHT:
            self._move_to(_S.CANCELED, now=now)
        else:
            self.errand.look_again(plan=plan, now=now, spread=spread_of(self.wish_id))

    def done(self, *, now: datetime) -> None:
        """Note that it was too late to take it back."""
        self._move_to(_S.DONE, now=now)

    def never(self, *, now: datetime) -> None:
        """Note that the account is closed: what was to be taken back will not happen."""
        self._move_to(_S.CANCELED, now=now)

    def _wait(self, *, plan: ErrandPlan, now: datetime) -> None:
        """A scheduled change is looked at when its day has come, and then again and again."""
        if self.state is not _S.SCHEDULED:
            return
        opening = to_milliseconds(self.undo_until + _MIDNIGHT_SPREAD * spread_of(self.wish_id))
        if now < opening:
            self.errand.answered(due_at=opening)
        else:
            self.errand.look_again(plan=plan, now=now, spread=spread_of(self.wish_id))

    def _move_to(self, state: TariffChangeState, *, now: datetime) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalMove(f"{self.state.value} -> {state.value}")
        self.state, self.changed_at = state, now
        self.errand.answered(due_at=None)


def beginning_of(day: date, /, *, time_zone: str) -> datetime:
    """Return the moment at which a day begins in a zone, in UTC."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def _terms(quoted: QuotedChange) -> tuple[object, ...]:
    """What the subscriber agreed to; how a region words it may change."""
    return quoted.tariff_plan.tariff_plan_id, quoted.price_now, quoted.effective_date
