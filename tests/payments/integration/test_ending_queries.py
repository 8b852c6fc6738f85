"""What hangs on an account, as the repositories find it: the fakes as MongoDB."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.clock import SystemClock
from services.payments.adapters.storage import storage_in
from services.payments.domain.autopay_rule import StopReason
from services.payments.domain.payment import State
from tests.payments.builders import A_MORNING, make_grounds, make_occasion, make_payment, make_rule
from tests.payments.fakes import FakeOccasions, FakePayments, FakeRules

Build = Callable[[str], Any]


@pytest.fixture(params=["fake", "mongo"])
def build(request: pytest.FixtureRequest) -> Build:
    """Return one repository by its name in Storage."""
    if request.param == "fake":
        fakes = {"payments": FakePayments, "rules": FakeRules, "occasions": FakeOccasions}
        return lambda name: fakes[name]()
    storage = storage_in(request.getfixturevalue("database"), clock=SystemClock())
    storage.ensure_indexes()
    storage.ensure_indexes()  # a second replica does the same
    return lambda name: getattr(storage, name)


def test_finds_automatic_payments_that_were_not_sent_and_no_others(build: Build) -> None:
    payments = build("payments")
    unsent = make_payment(billing_account_id="acc_1", autopay_rule_id="aru_1", charge_begun_at=None)
    others = [
        make_payment(billing_account_id="acc_1", autopay_rule_id="aru_1"),
        make_payment(billing_account_id="acc_1", charge_begun_at=None),
        make_payment(billing_account_id="acc_2", autopay_rule_id="aru_1", charge_begun_at=None),
        make_payment(billing_account_id="acc_1", autopay_rule_id="aru_1", charge_begun_at=None, state=State.DECLINED),
    ]
    for payment in (unsent, *others):
        payments.save(payment)

    assert payments.unsent_automatic(billing_account_id="acc_1") == [unsent.payment_id]


def test_finds_all_rules_of_an_account_newest_first(build: Build) -> None:
    rules = build("rules")
    first, second = (
        make_rule(billing_account_id="acc_1", created_at=A_MORNING + timedelta(days=days)) for days in (0, 1)
    )
    first.stop(StopReason.SUBSCRIBER, now=A_MORNING)
    for rule in (first, second, make_rule(billing_account_id="acc_2")):
        rules.save(rule)

    assert rules.of_account(billing_account_id="acc_1") == [second, first]


def test_finds_the_occasions_of_a_rule_that_are_open(build: Build) -> None:
    occasions = build("occasions")
    open_one = make_occasion(autopay_rule_id="aru_1", decision_id="aru_1:2026-12")
    decided = make_occasion(autopay_rule_id="aru_1", decision_id="aru_1:2026-11")
    decided.decide(make_grounds(), now=A_MORNING)
    for occasion in (open_one, decided, make_occasion(autopay_rule_id="aru_2")):
        occasions.save(occasion)

    assert occasions.undecided_of(autopay_rule_id="aru_1") == ["aru_1:2026-12"]
