"""The decisions that are timed are worth timing: everything that can come of one comes of some of them."""

from collections import Counter

from services.payments.domain.autopay_decision import Outcome, Reason, decide
from tests.bench.decisions import CASES, decide_by_history, make_cases

_EVERYDAY = {
    Reason.DUE_BY_DATE,
    Reason.BALANCE_AT_THRESHOLD,
    Reason.BALANCE_RECOVERED,
    Reason.MONEY_UNDER_WAY,
    Reason.NOTHING_OWED,
    Reason.TARGET_REACHED,
    Reason.MANUAL_PAYMENT_JUST_BEFORE,
    Reason.CAPPED_PER_CHARGE,
    Reason.CAPPED_PER_DAY,
    Reason.CAPPED_PER_MONTH,
    Reason.RULE_STOPPED,
    Reason.RULE_CHANGED,
    Reason.RULE_PAUSED,
    Reason.CARD_REMOVED,
    Reason.ACCOUNT_DISPUTED,
    Reason.OLD_MANDATE_ACTIVE,
    Reason.TOO_MANY_AUTOMATIC_CHARGES,
}


def test_every_outcome_and_the_reasons_of_everyday_are_among_them() -> None:
    decisions = [decide(case.grounds) for case in make_cases()]

    outcomes = Counter(decision.outcome for decision in decisions)
    assert outcomes[Outcome.CHARGE] > CASES / 3 and outcomes[Outcome.SKIP] > CASES / 4 and outcomes[Outcome.HOLD]
    assert {reason for decision in decisions for reason in decision.reasons} == _EVERYDAY


def test_counting_the_year_behind_a_case_leads_to_the_decision_of_its_grounds() -> None:
    cases = make_cases()

    assert any(case.grounds.automatic_charges_in_24_h for case in cases)
    assert [decide_by_history(case) for case in cases] == [decide(case.grounds) for case in cases]


def test_the_cases_are_the_same_each_time() -> None:
    assert make_cases() == make_cases()
