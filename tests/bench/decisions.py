"""The pure core of autopay, decision after decision in one thread, beside making the record of one.

It waits for nothing, so its time is the processor's: what other processes take of the machine meanwhile is not its own.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from services.chassis.money import Money
from services.payments.domain.autopay_amount import AmountTerm, Caps, Debt, FixedSum, UpToTarget
from services.payments.domain.autopay_calendar import PastCharge, charges_in_a_day, filled_at
from services.payments.domain.autopay_decision import Decision, Grounds, Outcome, Reason, decide
from services.payments.domain.autopay_trigger import DayOfMonth, FirstOfMonth, Threshold, Trigger
from tests.bench.load import Latencies
from tests.bench.table import Row
from tests.payments.builders import A_MORNING, make_grounds, rub

CASES = 5_000
_AT_ONCE = 1_000
_MONTHS = 12
_ZONES = ("Europe/Kaliningrad", "Europe/Moscow", "Asia/Yekaterinburg", "Asia/Novosibirsk", "Asia/Vladivostok")
_OBSTACLES: tuple[dict[str, Any], ...] = (
    {"rule_is_active": False},
    {"rule_version": 2},
    {"card_is_usable": False},
    {"account_refusal": Reason.ACCOUNT_DISPUTED},
    {"old_mandate_active": True},
    {"paused_until": A_MORNING + timedelta(days=900)},
)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The grounds of a decision, and the year of automatic charges that their caps and counts were taken from."""

    grounds: Grounds
    past: Sequence[PastCharge]


def rows(*, seconds: float) -> Iterator[Row]:
    """Measure all three in turns, so that whatever slows the processor down slows them alike."""
    made, core, counted = _Rounds(), _Rounds(), _Rounds()
    cases = make_cases()
    grounds = [case.grounds for case in cases]
    ends_at = time.perf_counter() + seconds
    while time.perf_counter() < ends_at:
        made.add(_record, range(CASES))
        core.add(decide, grounds)
        counted.add(decide_by_history, cases)
    primitive = Row("decision records made", made.rate, made.latencies, None)
    yield primitive
    yield Row("decisions of the pure core", core.rate, core.latencies, primitive)
    yield Row("the same with a year's charges counted", counted.rate, counted.latencies, primitive)


def make_cases() -> list[Case]:
    """Return the same cases each time: rules by date and threshold, all kinds of sums and caps, a year behind them."""
    chance = random.Random(20_261_128)
    return [_case(chance) for _ in range(CASES)]


def decide_by_history(case: Case, /) -> Decision:
    """Count the year's charges in the region's calendar, put the grounds together, and decide."""
    grounds, past = case.grounds, case.past
    return decide(
        replace(
            grounds,
            automatic_charges_in_24_h=charges_in_a_day(past, now=grounds.now),
            filled=filled_at(past, now=grounds.now, time_zone=grounds.time_zone),
        )
    )


class _Rounds:
    """How long each thousand took."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def add(self, act: Callable[[Item], object], items: Sequence[Item]) -> None:
        for first in range(0, len(items), _AT_ONCE):
            thousand = items[first : first + _AT_ONCE]
            began = time.thread_time()
            for item in thousand:
                act(item)
            self._times.append(time.thread_time() - began)

    @property
    def rate(self) -> float:
        return _AT_ONCE * len(self._times) / sum(self._times)

    @property
    def latencies(self) -> Latencies:
        return Latencies(sorted_ms=tuple(sorted(seconds * 1000 for seconds in self._times)), failures=0, rate=self.rate)


def _record(kopecks: int) -> Decision:
    """Do nothing but make what a decision ends with: a call, a sum and a record around it."""
    return Decision(outcome=Outcome.CHARGE, reasons=(Reason.DUE_BY_DATE,), amount=Money(kopecks))


def _case(chance: random.Random) -> Case:
    now = A_MORNING + timedelta(minutes=chance.randrange(365 * 24 * 60))
    trigger, zone = _trigger(chance), chance.choice(_ZONES)
    past = [PastCharge(at=now - age, amount=rub(500)) for age in _ages(chance, trigger)]
    grounds = make_grounds(
        trigger=trigger,
        amount=_amount(chance),
        caps=_caps(chance),
        time_zone=zone,
        due_at=now - timedelta(minutes=chance.randrange(90)),
        balance=rub(chance.randrange(-1_000, 600)),
        balance_as_of=now,
        under_way=rub(chance.choice((0, 0, 0, 300))),
        paid_by_hand=rub(chance.choice((0, 0, 0, 500))),
        automatic_charges_in_24_h=charges_in_a_day(past, now=now),
        filled=filled_at(past, now=now, time_zone=zone),
        now=now,
    )
    obstacle = chance.choice(_OBSTACLES) if chance.random() < 0.1 else {}
    return Case(grounds=replace(grounds, **obstacle), past=past)


def _ages(chance: random.Random, trigger: Trigger) -> list[timedelta]:
    """Return how long ago each charge of the year was: a month apart by date, in fits and starts by threshold."""
    if isinstance(trigger, Threshold):
        return [timedelta(days=365 * chance.random() ** 2) for _ in range(chance.randrange(2 * _MONTHS))]
    return [timedelta(days=30.4 * months) for months in range(1, _MONTHS + 1)]


def _trigger(chance: random.Random) -> Trigger:
    return chance.choice((FirstOfMonth(), DayOfMonth(1 + chance.randrange(31)), Threshold(rub(chance.randrange(200)))))


def _amount(chance: random.Random) -> AmountTerm:
    return chance.choice((FixedSum(rub(500)), Debt(), UpToTarget(rub(500))))


def _caps(chance: random.Random) -> Caps:
    def perhaps(roubles: int) -> Money | None:
        return rub(chance.randrange(roubles)) if chance.random() < 0.5 else None

    return Caps(per_charge=rub(100 + chance.randrange(900)), per_day=perhaps(1_500), per_month=perhaps(3_000))
