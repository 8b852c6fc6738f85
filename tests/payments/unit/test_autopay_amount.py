"""How much is charged: fixed, the debt, up to a target; never beyond a cap, and always with the reasons."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.money import Money
from services.payments.domain.autopay_amount import (
    AmountTerm,
    CapMissing,
    Caps,
    Debt,
    Filled,
    FixedSum,
    TargetNotAboveMinimum,
    UpToTarget,
    check_amount_terms,
)
from services.payments.domain.autopay_decision import Decision, Outcome, Reason, decide
from services.payments.domain.autopay_trigger import FirstOfMonth, Threshold
from tests.payments.builders import A_MORNING, make_grounds, rub

_CAPPED = Caps(per_charge=rub(1000))


def on_a_date(term: AmountTerm, *, balance: int, caps: Caps = _CAPPED, **fields: Any) -> Decision:
    return decide(make_grounds(amount=term, caps=caps, balance=rub(balance), balance_as_of=A_MORNING, **fields))


@pytest.mark.parametrize(("term", "balance", "amount"), [(Debt(), -340, 340), (UpToTarget(rub(500)), 120, 380)])
def test_charges_what_is_owed_or_missing(term: AmountTerm, balance: int, amount: int) -> None:
    decision = on_a_date(term, balance=balance)

    assert (decision.outcome, decision.amount) == (Outcome.CHARGE, rub(amount))
    assert decision.reasons == (Reason.DUE_BY_DATE,)


@pytest.mark.parametrize(
    ("term", "balance", "reason"),
    [
        (Debt(), 0, Reason.NOTHING_OWED),
        (Debt(), 50, Reason.NOTHING_OWED),
        (UpToTarget(rub(500)), 500, Reason.TARGET_REACHED),
    ],
)
def test_charges_nothing_when_nothing_is_owed_or_missing(term: AmountTerm, balance: int, reason: Reason) -> None:
    decision = on_a_date(term, balance=balance)

    assert (decision.outcome, decision.reasons, decision.amount) == (Outcome.SKIP, (reason,), None)


def test_money_under_way_counts_as_balance() -> None:
    assert on_a_date(Debt(), balance=-340, under_way=rub(100)).amount == rub(240)
    assert on_a_date(Debt(), balance=-340, under_way=rub(340)).reasons == (Reason.MONEY_UNDER_WAY,)


@pytest.mark.parametrize("term", [Debt(), UpToTarget(rub(500))])
def test_never_decides_such_a_sum_without_a_balance(term: AmountTerm) -> None:
    with pytest.raises(ValueError, match="balance"):
        decide(make_grounds(amount=term, caps=_CAPPED))


@pytest.mark.parametrize(
    ("caps", "filled", "amount", "reasons"),
    [
        (Caps(per_charge=rub(300)), (0, 0), 300, {Reason.CAPPED_PER_CHARGE}),
        (Caps(per_day=rub(450)), (100, 100), 350, {Reason.CAPPED_PER_DAY}),
        (Caps(per_month=rub(900)), (0, 600), 300, {Reason.CAPPED_PER_MONTH}),
        (
            Caps(per_charge=rub(400), per_day=rub(450)),
            (100, 100),
            350,
            {Reason.CAPPED_PER_CHARGE, Reason.CAPPED_PER_DAY},
        ),
        (Caps(per_charge=rub(500), per_day=rub(500)), (0, 0), 500, set()),
    ],
)
def test_cuts_the_sum_to_the_caps_and_names_them(
    caps: Caps, filled: tuple[int, int], amount: int, reasons: set[Reason]
) -> None:
    grounds = make_grounds(caps=caps, filled=Filled(today=rub(filled[0]), this_month=rub(filled[1])))

    decision = decide(grounds)

    assert decision.amount == rub(amount)
    assert set(decision.reasons) == {Reason.DUE_BY_DATE} | reasons


def test_skips_when_a_cap_leaves_nothing() -> None:
    grounds = make_grounds(caps=Caps(per_day=rub(500)), filled=Filled(today=rub(500), this_month=rub(500)))

    decision = decide(grounds)

    assert (decision.outcome, decision.reasons) == (Outcome.SKIP, (Reason.CAPPED_PER_DAY,))


def test_a_payment_by_hand_of_at_least_the_sum_takes_the_place_of_a_fixed_charge() -> None:
    assert decide(make_grounds(paid_by_hand=rub(500))).reasons == (Reason.MANUAL_PAYMENT_JUST_BEFORE,)
    assert decide(make_grounds(paid_by_hand=rub(499))).outcome is Outcome.CHARGE


sums = st.integers(-5_000_00, 5_000_00).map(Money)
caps_of_a_kind = st.none() | st.integers(1, 3_000_00).map(Money)
terms = st.one_of(st.integers(1, 5_000_00).map(lambda n: FixedSum(Money(n))), st.just(Debt()), sums.map(UpToTarget))


@given(
    term=terms,
    trigger=st.one_of(st.just(FirstOfMonth()), sums.map(Threshold)),
    balance=sums,
    under_way=st.integers(0, 5_000_00).map(Money),
    caps=st.builds(Caps, per_charge=caps_of_a_kind, per_day=caps_of_a_kind, per_month=caps_of_a_kind),
    today=st.integers(0, 3_000_00),
    before=st.integers(0, 3_000_00),
)
def test_never_charges_beyond_a_cap_or_more_than_is_asked_for(
    term: AmountTerm, trigger: Any, balance: Money, under_way: Money, caps: Caps, today: int, before: int
) -> None:
    filled = Filled(today=Money(today), this_month=Money(today + before))

    decision = decide(
        make_grounds(
            amount=term,
            trigger=trigger,
            balance=balance,
            balance_as_of=A_MORNING,
            under_way=under_way,
            caps=caps,
            filled=filled,
        )
    )

    if decision.amount is None:
        assert decision.outcome is Outcome.SKIP
        return
    charged = decision.amount
    assert charged.is_positive
    assert caps.per_charge is None or charged <= caps.per_charge
    assert caps.per_day is None or filled.today + charged <= caps.per_day
    assert caps.per_month is None or filled.this_month + charged <= caps.per_month
    if isinstance(term, FixedSum):
        assert charged <= term.amount
    if isinstance(term, Debt):
        assert balance + under_way + charged <= rub(0)
    if isinstance(term, UpToTarget):
        assert balance + under_way + charged <= term.target


def test_a_sum_that_nobody_knows_beforehand_needs_a_cap_and_a_minimum_below_its_goal() -> None:
    with pytest.raises(CapMissing):
        check_amount_terms(Debt(), caps=Caps(per_month=rub(9)), minimum_balance=None)
    with pytest.raises(TargetNotAboveMinimum):
        check_amount_terms(UpToTarget(rub(100)), caps=_CAPPED, minimum_balance=rub(100))
    with pytest.raises(TargetNotAboveMinimum):
        check_amount_terms(Debt(), caps=_CAPPED, minimum_balance=rub(0))

    check_amount_terms(UpToTarget(rub(101)), caps=_CAPPED, minimum_balance=rub(100))
    check_amount_terms(Debt(), caps=_CAPPED, minimum_balance=rub(-1))
    check_amount_terms(FixedSum(rub(1)), caps=Caps(), minimum_balance=rub(100))
