"""Decision records as documents: whatever was ever written replays to the same decision."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bson import decode, encode
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.money import Money
from services.payments.adapters.autopay_records import record_from_document, record_to_document
from services.payments.domain.autopay_amount import Caps, Debt, Filled, FixedSum, UpToTarget
from services.payments.domain.autopay_decision import Grounds, Outcome, Reason, Word, decide
from services.payments.domain.autopay_occasion import DecisionRecord
from services.payments.domain.autopay_trigger import DayOfMonth, FirstOfMonth, Threshold
from tests.payments.builders import A_MORNING, LIMITS, MOSCOW, make_grounds, rub

sums = st.integers(-5_000_00, 5_000_00).map(Money)
positive = st.integers(1, 3_000_00).map(Money)
moments = st.integers(-96, 96).map(lambda hours: A_MORNING + timedelta(hours=hours))
any_grounds = st.builds(
    Grounds,
    trigger=st.one_of(st.just(FirstOfMonth()), st.integers(1, 31).map(DayOfMonth), sums.map(Threshold)),
    amount=st.one_of(positive.map(FixedSum), st.just(Debt()), sums.map(UpToTarget)),
    caps=st.builds(Caps, per_charge=st.none() | positive, per_day=st.none() | positive, per_month=st.none() | positive),
    rule_version=st.integers(1, 2),
    rule_is_active=st.booleans(),
    paused_until=st.none() | moments,
    occasion_rule_version=st.integers(1, 2),
    time_zone=st.just(MOSCOW),
    due_at=moments,
    account_is_linked=st.booleans(),
    account_refusal=st.none() | st.sampled_from([Reason.ACCOUNT_DISPUTED, Reason.GRANT_FROZEN]),
    monthly_pay_limit=st.none() | positive,
    paid_this_month=positive,
    old_mandate_active=st.booleans(),
    payment_method_id=st.just("pm_1"),
    card_is_usable=st.booleans(),
    balance=sums,
    balance_as_of=moments,
    under_way=positive,
    paid_by_hand=positive,
    automatic_charges_in_24_h=st.integers(0, 3),
    filled=st.builds(Filled, today=positive, this_month=positive),
    word=st.none() | st.sampled_from(Word),
    held_since=st.none() | moments,
    held_elsewhere=st.booleans(),
    region_frozen=st.booleans(),
    limits=st.sampled_from([LIMITS, replace(LIMITS, word_outlasts_hold=False)]),
    now=moments,
)


def through_storage(document: dict[str, Any]) -> DecisionRecord:
    """Return the record as it comes back from MongoDB's own encoding, times aware."""
    return record_from_document(decode(encode(document), CodecOptions(tz_aware=True)))


@given(any_grounds)
def test_a_record_survives_storage_and_replays(grounds: Grounds) -> None:
    record = DecisionRecord(grounds=grounds, decision=decide(grounds))

    stored = through_storage(record_to_document(record))

    assert stored == record
    assert stored.replays()


def test_a_record_whose_decision_was_altered_does_not_replay() -> None:
    document = record_to_document(_a_record())

    document["amount"] = rub(501).as_mapping()

    assert not through_storage(document).replays()


_OF_BEFORE = {  # as the first release wrote it, for a date and for a threshold
    "amount": {"amount_minor": 50_000, "currency": "RUB"},
    "rule_version": 1,
    "rule_is_active": True,
    "occasion_rule_version": 1,
    "due_at": A_MORNING,
    "account_is_linked": True,
    "card_is_usable": True,
    "balance": None,
    "balance_as_of": None,
    "under_way": {"amount_minor": 0, "currency": "RUB"},
    "automatic_charges_in_24_h": 0,
    "now": A_MORNING,
}
_AT_100 = {
    "trigger": {"kind": "threshold", "minimum_balance": {"amount_minor": 10_000, "currency": "RUB"}},
    "balance": {"amount_minor": 9_000, "currency": "RUB"},
    "balance_as_of": A_MORNING,
}


@pytest.mark.parametrize(
    ("fields", "outcome", "reasons"),
    [
        ({"trigger": {"kind": "day_of_month", "day": 31}}, "charge", ["DUE_BY_DATE"]),
        (_AT_100, "charge", ["BALANCE_AT_THRESHOLD"]),
        (_AT_100 | {"under_way": {"amount_minor": 9_000, "currency": "RUB"}}, "skip", ["MONEY_UNDER_WAY"]),
        (_AT_100 | {"automatic_charges_in_24_h": 2}, "skip", ["TOO_MANY_AUTOMATIC_CHARGES"]),
        (_AT_100 | {"rule_is_active": False, "card_is_usable": False}, "skip", ["RULE_STOPPED", "CARD_REMOVED"]),
        (
            {"trigger": {"kind": "first_of_month"}, "now": A_MORNING + timedelta(days=4)},
            "skip",
            ["TOO_LATE"],
        ),
    ],
)
def test_a_record_of_the_first_release_replays(fields: dict[str, Any], outcome: str, reasons: list[str]) -> None:
    document = {
        "grounds": _OF_BEFORE | fields,
        "outcome": outcome,
        "reasons": reasons,
        "amount": _OF_BEFORE["amount"] if outcome == "charge" else None,
    }

    record = through_storage(document)

    assert record.replays()
    assert record.decision.outcome is Outcome(outcome)
    assert record.decision.reasons == tuple(Reason(reason) for reason in reasons)


def test_a_record_of_before_a_word_outlasted_its_hold_replays() -> None:
    limits = {
        "charges_in_a_day": 2,
        "holds_beyond": True,
        "hold_lapses_after_s": 259_200,
        "charged_late_at_most_s": 259_200,
        "paid_by_hand_within_s": 86_400,
    }
    confirmed = {"word": "confirm", "held_since": A_MORNING - timedelta(days=30), "limits": limits}
    document = {"grounds": _OF_BEFORE | _AT_100 | confirmed, "outcome": "skip", "reasons": ["HOLD_LAPSED"]}

    record = through_storage(document | {"amount": None})

    assert record.replays()


def _a_record() -> DecisionRecord:
    grounds = make_grounds()
    return DecisionRecord(grounds=grounds, decision=decide(grounds))
