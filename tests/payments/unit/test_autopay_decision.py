"""The decision core: every obstacle, both kinds of trigger, and the replay."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.money import Money
from services.payments.domain.autopay_decision import Grounds, Outcome, Reason, decide
from services.payments.domain.autopay_occasion import DecisionRecord
from services.payments.domain.autopay_trigger import Threshold
from tests.payments.builders import A_MORNING, make_grounds, make_occasion, rub

_MINIMUM = Threshold(rub(100))


def at_threshold(**fields: Any) -> Grounds:
    defaults: dict[str, Any] = {"trigger": _MINIMUM, "balance": rub(100), "balance_as_of": A_MORNING}
    return make_grounds(**defaults | fields)


def test_a_date_is_charged_without_a_balance() -> None:
    decision = decide(make_grounds())

    assert (decision.outcome, decision.reasons) == (Outcome.CHARGE, (Reason.DUE_BY_DATE,))
    assert decision.amount == rub(500)


def test_a_balance_at_the_minimum_is_charged() -> None:
    assert decide(at_threshold()).reasons == (Reason.BALANCE_AT_THRESHOLD,)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"rule_is_active": False}, Reason.RULE_STOPPED),
        ({"rule_version": 2}, Reason.RULE_CHANGED),
        ({"account_is_linked": False}, Reason.ACCOUNT_UNLINKED),
        ({"account_refusal": Reason.ACCOUNT_DISPUTED}, Reason.ACCOUNT_DISPUTED),
        ({"account_refusal": Reason.PROOF_OUTDATED, "balance": None}, Reason.PROOF_OUTDATED),
        ({"account_refusal": Reason.ACTION_NOT_ALLOWED}, Reason.ACTION_NOT_ALLOWED),
        ({"account_refusal": Reason.ACCOUNT_UNLINKED, "account_is_linked": False}, Reason.ACCOUNT_UNLINKED),
        ({"card_is_usable": False}, Reason.CARD_REMOVED),
        ({"balance": Money(100_01)}, Reason.BALANCE_RECOVERED),
        ({"under_way": Money(1)}, Reason.MONEY_UNDER_WAY),
    ],
)
def test_skips_for_one_reason_and_keeps_it(fields: dict[str, Any], reason: Reason) -> None:
    decision = decide(at_threshold(**fields))

    assert decision.outcome is Outcome.SKIP
    assert decision.reasons == (reason,)
    assert decision.amount is None


def test_a_date_missed_by_days_is_not_made_up_for_but_a_threshold_asks_about_now() -> None:
    late = A_MORNING + timedelta(days=3, seconds=1)

    assert decide(make_grounds(now=late)).reasons == (Reason.TOO_LATE,)
    assert decide(at_threshold(now=late)).outcome is Outcome.CHARGE


def test_a_threshold_is_never_decided_without_a_balance() -> None:
    with pytest.raises(ValueError, match="balance"):
        decide(at_threshold(balance=None))


sums = st.integers(-10_000_00, 10_000_00).map(Money)


@given(balance=sums, minimum=sums, under_way=st.integers(0, 10_000_00).map(Money), automatic=st.integers(0, 4))
def test_never_charges_above_the_minimum_holds_beyond_two_a_day_and_replays(
    balance: Money, minimum: Money, under_way: Money, automatic: int
) -> None:
    grounds = at_threshold(
        trigger=Threshold(minimum), balance=balance, under_way=under_way, automatic_charges_in_24_h=automatic
    )

    decision = decide(grounds)

    at_minimum = balance + under_way <= minimum
    assert (decision.outcome is Outcome.CHARGE) == (at_minimum and automatic < 2)
    assert (decision.outcome is Outcome.HOLD) == (at_minimum and automatic >= 2)
    assert DecisionRecord(grounds=grounds, decision=decision).replays()


def test_an_occasion_is_decided_once() -> None:
    occasion = make_occasion()

    occasion.decide(make_grounds(), now=A_MORNING)
    occasion.decide(make_grounds(rule_is_active=False), now=A_MORNING)

    assert occasion.is_to_charge
