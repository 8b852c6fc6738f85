"""The checker itself: it is silent about honest books and names the payment in each kind of broken ones."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.canaries import Canaries
from tests.faults.claims import Write, worked_on_twice
from tests.faults.ground_truth import Movement, Truth, violations

_POSTED = ("created", "captured", "posted")
_REFUNDED = ("created", "captured", "refunding", "refunded")


def _payment(*states: str, kopecks: Any = 500, **other: Any) -> dict[str, Any]:
    return {
        "subscriber_id": "sub_1",
        "request_id": "",
        "state": states[-1],
        "history": [{"state": state} for state in states],
        "version": len(states),
        "amount": {"amount_minor": kopecks, "currency": "RUB"},
        "needs_person": None,
    } | other


def _posting(*states: str) -> dict[str, Any]:
    return {name: value for name, value in _payment(*states).items() if name != "needs_person"}


def _honest() -> Truth:
    """One payment posted, one refunded, one declined."""
    return Truth(
        charges=[Movement("pay_a", 500), Movement("pay_b", 500)],
        refunds=[Movement("pay_b", 500)],
        credits=[Movement("pay_a", 500)],
        payments={
            "pay_a": _payment(*_POSTED),
            "pay_b": _payment(*_REFUNDED),
            "pay_c": _payment("created", "declined"),
        },
        postings={"pay_a": _posting("requested", "posted"), "pay_b": _posting("requested", "refused")},
        acknowledged=frozenset({"pay_a", "pay_b", "pay_c"}),
    )


def _with(truth: Truth, payment_id: str, payment: dict[str, Any]) -> Truth:
    return replace(truth, payments={**truth.payments, payment_id: payment})


_LIES: dict[str, tuple[str, Callable[[Truth], Truth]]] = {
    "credited what was never charged": (
        "I1 pay_x",
        lambda truth: replace(truth, credits=[*truth.credits, Movement("pay_x", 1)]),
    ),
    "credited another sum": ("I1 pay_a", lambda truth: replace(truth, credits=[Movement("pay_a", 499)])),
    "charged and never credited": ("I2 pay_a", lambda truth: replace(truth, credits=[])),
    "refunded what was credited": (
        "I2 pay_a",
        lambda truth: replace(truth, refunds=[*truth.refunds, Movement("pay_a", 500)]),
    ),
    "charged twice": ("I3 pay_a", lambda truth: replace(truth, charges=[*truth.charges, Movement("pay_a", 500)])),
    "credited twice": ("I3 pay_a", lambda truth: replace(truth, credits=[*truth.credits, Movement("pay_a", 500)])),
    "two payments of one key": (
        "I3 pay_c, pay_d",
        lambda truth: _with(
            _with(truth, "pay_c", _payment("created", "declined", request_id="k")),
            "pay_d",
            _payment("created", "declined", request_id="k"),
        ),
    ),
    "acknowledged and gone": ("I6 pay_x", lambda truth: replace(truth, acknowledged=frozenset({"pay_x"}))),
    "never final": ("I6 pay_c", lambda truth: _with(truth, "pay_c", _payment("created", "unknown"))),
    "charged and unknown to us": (
        "I6 pay_x",
        lambda truth: replace(truth, charges=[*truth.charges, Movement("pay_x", 1)]),
    ),
    "an illegal move": ("I7 pay_c", lambda truth: _with(truth, "pay_c", _payment("created", "refunded"))),
    "a state beside its history": (
        "I7 pay_a",
        lambda truth: _with(truth, "pay_a", _payment(*_POSTED, state="refunded")),
    ),
    "a write without a version": ("I7 pay_a", lambda truth: _with(truth, "pay_a", _payment(*_POSTED, version=1))),
    "an illegal posting": (
        "I7 pay_a",
        lambda truth: replace(truth, postings={"pay_a": _posting("requested", "refused", "posted")}),
    ),
    "a history rewritten": (
        "I7 pay_a",
        lambda truth: replace(truth, before={"pay_a": _payment("created", "awaiting_confirmation", version=2)}),
    ),
    "a payment removed": ("I7 pay_x", lambda truth: replace(truth, before={"pay_x": _payment("created")})),
    "a float": ("I10 pay_a", lambda truth: _with(truth, "pay_a", _payment(*_POSTED, kopecks=500.0))),
    "a truth for a boolean": (
        "I10 pay_c",
        lambda truth: _with(truth, "pay_c", _payment("created", "declined", kopecks=True)),
    ),
    "posted by our word alone": ("I2 pay_c", lambda truth: _with(truth, "pay_c", _payment(*_POSTED))),
    "handed to a person": (
        "I12 pay_a",
        lambda truth: _with(truth, "pay_a", _payment(*_POSTED, needs_person="AMOUNT_DIFFERS")),
    ),
}


def test_says_nothing_about_books_that_balance() -> None:
    assert violations(_honest()) == []


@pytest.mark.parametrize("lie", _LIES)
def test_names_the_invariant_and_the_payment(lie: str) -> None:
    beginning, told = _LIES[lie]

    complaints = violations(told(_honest()))

    assert [complaint for complaint in complaints if complaint.startswith(beginning)], complaints


def test_finds_a_kopeck_that_two_payments_hide_from_each_other() -> None:
    truth = replace(_honest(), credits=[Movement("pay_a", 499), Movement("pay_b", 1)])

    complaints = violations(truth)

    assert {"pay_a", "pay_b"} <= {word.rstrip(":") for complaint in complaints for word in complaint.split()}


@pytest.mark.parametrize("text", ["{'p': 'Snow 1'}", '{"cvc": "123"}', "csc=987"])
def test_finds_a_secret_and_does_not_repeat_it(text: str) -> None:
    canaries = Canaries()
    canaries.plant("a password", "Snow 1")

    complaints = list(canaries.found_in("a log", text))

    assert len(complaints) == 1
    assert "Snow 1" not in complaints[0]


def test_tells_a_claim_upon_a_claim_from_one_after_a_save() -> None:
    in_turn = [Write("pay_a", "one"), Write("pay_a", None), Write("pay_a", "two"), Write("pay_b", "one")]

    assert worked_on_twice(in_turn) == []
    assert worked_on_twice([*in_turn, Write("pay_b", "two")]) == ["pay_b: one, then two"]
