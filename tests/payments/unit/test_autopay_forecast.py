"""The forecast says what the engine does: over 100,000 random histories decided by the engine's own steps, and over a
few through the real use cases."""

import os
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.money import Money
from services.payments.domain.autopay_amount import Caps, Debt, FixedSum, UpToTarget
from services.payments.domain.autopay_calendar import PastCharge, charges_in_a_day, filled_at
from services.payments.domain.autopay_decision import Decision, Outcome, Reason
from services.payments.domain.autopay_forecast import TWELVE_MONTHS, Forecast, Outlook, forecast
from services.payments.domain.autopay_grounds import Seen, grounds_of
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.autopay_trigger import DayOfMonth, FirstOfMonth, Threshold, opening_after
from tests.payments.builders import A_MORNING, LIMITS, make_method, make_rule, rub
from tests.payments.fake_world import World
from tests.payments.unit.test_autopay_trigger import ZONES

HISTORIES = 100_000


@dataclass
class Engine:
    """A rule's life by the engine's own steps: due dates opened, decided at the moment they are claimed, passed."""

    rule: AutopayRule
    balance: Money
    past: list[PastCharge] = field(default_factory=list)
    decided: list[tuple[datetime, Decision]] = field(default_factory=list)

    def run_dates(self, *, until: datetime) -> None:
        while self.rule.next_charge_at is not None and self.rule.next_charge_at < until:
            now = self.rule.next_charge_at
            occasion = self.rule.open_period(now=now)
            assert occasion is not None and opening_after(now, time_zone=self.rule.time_zone) is None
            occasion.decide(grounds_of(self.rule, occasion, self.seen(now), limits=LIMITS, now=now), now=now)
            assert occasion.record is not None
            self.take(occasion.record.decision, now)
            self.rule.pass_period(now=now)

    def seen(self, now: datetime) -> Seen:
        return Seen(
            account_is_linked=True,
            account_refusal=None,
            monthly_pay_limit=None,
            paid_this_month=rub(0),
            old_mandate_active=False,
            balance=self.balance,
            balance_as_of=now,
            under_way=rub(0),
            paid_by_hand=rub(0),
            card_is_usable=True,
            automatic_charges_in_24_h=charges_in_a_day(self.past, now=now),
            filled=filled_at(self.past, now=now, time_zone=self.rule.time_zone),
            held_elsewhere=False,
            region_frozen=False,
        )

    def take(self, decision: Decision, now: datetime) -> None:
        self.decided.append((now, decision))
        if decision.outcome is Outcome.CHARGE and decision.amount is not None:
            self.past.append(PastCharge(at=now, amount=decision.amount))
        if len(self.past) > 3:
            del self.past[0]  # dates are a month apart: older ones count no more

    @property
    def charges(self) -> list[tuple[datetime, Money]]:
        return [(at, decision.amount) for at, decision in self.decided if decision.amount is not None]


def a_history(chance: random.Random) -> tuple[Engine, datetime]:
    """A date rule with a past: some months of charges, perhaps changed, paused, resumed or stopped in between."""
    started = A_MORNING.replace(minute=0) + timedelta(minutes=chance.randrange(3 * 525_600))
    rule = make_rule(
        autopay_rule_id=f"aru_{chance.getrandbits(64)}",
        time_zone=chance.choice(ZONES),
        created_at=started,
        trigger=_a_trigger(chance),
        amount=FixedSum(_a_sum(chance)),
        caps=_caps(chance),
        subscriber_id="sub_1",
        billing_account_id="acc_1",
        request_id="req_1",
        payment_method_id="pm_1",
    )
    engine, now = Engine(rule=rule, balance=rub(-100_000)), started
    for _ in range(chance.randrange(3)):
        now += timedelta(minutes=chance.randrange(100_000))
        engine.run_dates(until=now)
        _happen(chance, rule, now)
    engine.decided.clear()
    return engine, now


def _happen(chance: random.Random, rule: AutopayRule, now: datetime) -> None:
    if not rule.is_active:
        return
    match chance.randrange(8):
        case 0 | 1 | 2 | 3:
            rule.change(
                make_rule(trigger=_a_trigger(chance), amount=_an_amount(chance), caps=_caps(chance)).terms, now=now
            )
        case 4 | 5:
            rule.pause(until=now + timedelta(minutes=1 + chance.randrange(200_000)), now=now)
        case 6:
            rule.resume(now=now)
        case _:
            rule.stop(StopReason.SUBSCRIBER, now=now)


def _a_trigger(chance: random.Random) -> FirstOfMonth | DayOfMonth:
    return FirstOfMonth() if chance.random() < 0.2 else DayOfMonth(1 + chance.randrange(31))


def _an_amount(chance: random.Random) -> FixedSum | Debt | UpToTarget:
    kinds: list[FixedSum | Debt | UpToTarget] = [FixedSum(_a_sum(chance)), Debt(), UpToTarget(_a_sum(chance))]
    return chance.choice(kinds)


def _caps(chance: random.Random) -> Caps:
    def perhaps() -> Money | None:
        return _a_sum(chance) if chance.random() < 0.5 else None

    return Caps(per_charge=_a_sum(chance), per_day=perhaps(), per_month=perhaps())


def _a_sum(chance: random.Random) -> Money:
    return Money(1 + chance.randrange(100_000))


@pytest.mark.timeout(600)  # half a minute where nothing else runs
def test_over_100_000_random_histories_the_engine_charges_what_was_forecast() -> None:
    """The balance stands where sums are largest: what is forecast as a bound is charged to the kopeck then."""
    seed = int(os.environ.get("AUTOPAY_SEED", "0")) or random.randrange(2**32)
    print(f"AUTOPAY_SEED={seed}")
    chance, charges = random.Random(seed), 0

    for number in range(HISTORIES):
        engine, now = a_history(chance)
        until = now + TWELVE_MONTHS * chance.random() ** 3  # a whole year for some, for time's sake
        outlook = Outlook(card_is_usable=True, past=engine.past)
        coming = forecast(engine.rule, outlook, limits=LIMITS, now=now, until=until)
        engine.run_dates(until=until)

        foreseen = [(charge.charge_at, charge.at_most) for charge in coming.charges]
        assert foreseen == engine.charges, f"history {number} of AUTOPAY_SEED={seed}"
        charges += len(foreseen)

    assert charges > HISTORIES * 2


def test_whatever_the_balances_turn_out_to_be_no_charge_is_earlier_or_larger_than_was_forecast() -> None:
    chance = random.Random(20261127)

    for _ in range(2_000):
        engine, now = a_history(chance)
        until = now + TWELVE_MONTHS
        coming = year_of(engine.rule, now=now, past=engine.past)
        while engine.rule.next_charge_at is not None and engine.rule.next_charge_at < until:
            engine.balance = Money(chance.randrange(-150_000, 150_000))
            engine.run_dates(until=engine.rule.next_charge_at + timedelta(minutes=1))

        bounds = {charge.charge_at: charge.at_most for charge in coming.charges}
        assert all(amount <= bounds[at] for at, amount in engine.charges)
        skipped = [decision for _, decision in engine.decided if decision.outcome is Outcome.SKIP]
        assert {reason for decision in skipped for reason in decision.reasons} <= _OF_BALANCES


_OF_BALANCES = {
    Reason.NOTHING_OWED,
    Reason.TARGET_REACHED,
    Reason.CAPPED_PER_CHARGE,
    Reason.CAPPED_PER_DAY,
    Reason.CAPPED_PER_MONTH,
}


def year_of(
    rule: AutopayRule, *, now: datetime = A_MORNING, past: list[PastCharge] | None = None, usable: bool = True
) -> Forecast:
    outlook = Outlook(card_is_usable=usable, past=past or [])
    return forecast(rule, outlook, limits=LIMITS, now=now, until=now + TWELVE_MONTHS)


@given(
    roubles=st.lists(st.integers(-300, 300), min_size=1, max_size=80),
    term=st.sampled_from([FixedSum(rub(150)), UpToTarget(rub(250))]),
    caps=st.builds(
        Caps,
        per_charge=st.integers(1, 400).map(rub),
        per_day=st.none() | st.integers(1, 400).map(rub),
        per_month=st.none() | st.integers(1, 900).map(rub),
    ),
)
def test_a_threshold_charges_on_its_condition_only_once_a_crossing_and_within_the_bound(
    roubles: list[int], term: FixedSum | UpToTarget, caps: Caps
) -> None:
    rule = make_rule(trigger=Threshold(rub(100)), amount=term, caps=caps)
    engine = Engine(rule=rule, balance=rub(0))
    condition = year_of(rule).condition
    assert condition is not None

    for number, value in enumerate(roubles):
        now, engine.balance = A_MORNING + timedelta(hours=13 * number), rub(value)
        if not rule.observe(engine.balance, as_of=now):
            continue
        occasion = rule.open_episode(now=now)
        assert occasion is not None and value <= 100
        occasion.decide(grounds_of(rule, occasion, engine.seen(now), limits=LIMITS, now=now), now=now)
        assert occasion.record is not None
        engine.take(occasion.record.decision, now)

    below = [value <= 100 for value in roubles]
    crossings = sum(now and not before for before, now in zip([False, *below], below, strict=False))
    assert len(engine.decided) == crossings
    assert all(amount <= condition.at_most for _, amount in engine.charges)
    if condition.amount is not None and not (caps.per_day or caps.per_month):
        assert all(amount == condition.amount for _, amount in engine.charges)


def test_real_use_cases_charge_what_was_forecast() -> None:
    chance = random.Random(41)
    for _ in range(12):
        world = World()
        method = make_method()
        world.methods.save(method)
        rule = make_rule(
            trigger=DayOfMonth(1 + chance.randrange(31)),
            amount=_an_amount(chance),
            caps=_caps(chance),
            payment_method_id=method.payment_method_id,
            subscriber_id=method.subscriber_id,
            time_zone=chance.choice(ZONES),
        )
        world.rules.save(rule)
        coming = year_of(rule, now=world.clock.now())
        world.accounts.keeps_balance = True
        world.accounts.balance = rub(-10_000)

        for charge in coming.charges:
            world.clock.moment = charge.charge_at
            world.process().run(minutes=2)

        charged = [(told.captured_at, told.amount) for told in world.acquirer.charges]
        assert charged == [(charge.charge_at, charge.at_most) for charge in coming.charges]


@given(day=st.integers(1, 31))
def test_a_year_has_a_charge_each_month(day: int) -> None:
    coming = year_of(make_rule(trigger=DayOfMonth(day)))

    assert len({charge.local_date.isoformat()[:7] for charge in coming.charges}) == len(coming.charges)
    assert len(coming.charges) in {12, 13}


def test_says_a_sum_where_it_is_known_and_only_a_bound_where_it_follows_from_the_balance() -> None:
    [fixed, *_] = year_of(make_rule(amount=FixedSum(rub(500)), caps=Caps(per_month=rub(300)))).charges
    [debt, *_] = year_of(make_rule(amount=Debt(), caps=Caps(per_charge=rub(700)))).charges

    assert (fixed.amount, fixed.at_most) == (rub(300), rub(300))
    assert fixed.reasons == (Reason.DUE_BY_DATE, Reason.CAPPED_PER_MONTH)
    assert (debt.amount, debt.at_most) == (None, rub(700))


def test_what_was_charged_this_month_leaves_less_room_for_what_is_to_come() -> None:
    rule = make_rule(trigger=DayOfMonth(28), caps=Caps(per_month=rub(600)))

    [first, second, *_] = year_of(rule, past=[PastCharge(at=A_MORNING, amount=rub(400))]).charges

    assert (first.at_most, second.at_most) == (rub(200), rub(500))


def test_nothing_is_forecast_for_a_stopped_rule_a_removed_card_or_within_a_pause() -> None:
    stopped, paused = make_rule(trigger=FirstOfMonth()), make_rule(trigger=FirstOfMonth())
    stopped.stop(StopReason.SUBSCRIBER, now=A_MORNING)
    paused.pause(until=A_MORNING + timedelta(days=100), now=A_MORNING)

    assert year_of(stopped) == Forecast()
    assert year_of(make_rule(), usable=False) == Forecast()
    assert year_of(make_rule(trigger=Threshold(rub(1))), usable=False) == Forecast()
    assert year_of(paused).charges[0].charge_at > A_MORNING + timedelta(days=100)
