"""What is not charged for now or for good: holds and their end, pauses, old mandates, the subscriber's own word."""

from datetime import timedelta

from services.payments.domain.autopay_decision import Outcome, Reason, Word, decide
from tests.payments.builders import A_MORNING, make_grounds

_LATER = A_MORNING + timedelta(hours=5)


def test_a_third_charge_within_a_day_is_held_with_its_sum() -> None:
    decision = decide(make_grounds(automatic_charges_in_24_h=2))

    assert decision.outcome is Outcome.HOLD
    assert decision.reasons == (Reason.DUE_BY_DATE, Reason.TOO_MANY_AUTOMATIC_CHARGES)
    assert decision.amount is not None


def test_the_subscribers_word_lifts_the_hold_on_their_account_but_no_freeze_of_a_region() -> None:
    confirmed = {"automatic_charges_in_24_h": 2, "word": Word.CONFIRM, "held_since": A_MORNING}

    assert decide(make_grounds(**confirmed)).outcome is Outcome.CHARGE
    assert decide(make_grounds(**confirmed, region_frozen=True)).reasons[-1] is Reason.REGION_FROZEN


def test_what_is_confirmed_is_decided_anew_like_everything_else() -> None:
    decision = decide(make_grounds(word=Word.CONFIRM, held_since=A_MORNING, card_is_usable=False))

    assert (decision.outcome, decision.reasons) == (Outcome.SKIP, (Reason.CARD_REMOVED,))


def test_nothing_is_held_that_would_not_be_charged() -> None:
    assert decide(make_grounds(automatic_charges_in_24_h=2, rule_is_active=False)).outcome is Outcome.SKIP


def test_a_hold_lapses() -> None:
    def held_for(days: int) -> Outcome:
        return decide(
            make_grounds(automatic_charges_in_24_h=2, held_since=A_MORNING, now=A_MORNING + timedelta(days=days))
        ).outcome

    assert (held_for(2), held_for(3)) == (Outcome.HOLD, Outcome.SKIP)


def test_nothing_is_charged_while_another_charge_of_the_account_is_held() -> None:
    assert decide(make_grounds(held_elsewhere=True)).reasons == (Reason.HELD_CHARGE_WAITS,)


def test_nothing_is_charged_while_the_region_may_still_debit_by_an_old_mandate() -> None:
    assert decide(make_grounds(old_mandate_active=True)).reasons == (Reason.OLD_MANDATE_ACTIVE,)


def test_nothing_is_charged_within_a_pause() -> None:
    assert decide(make_grounds(paused_until=_LATER)).reasons == (Reason.RULE_PAUSED,)
    assert decide(make_grounds(paused_until=A_MORNING)).outcome is Outcome.CHARGE


def test_the_subscriber_may_leave_one_charge_out() -> None:
    assert decide(make_grounds(word=Word.SKIP)).reasons == (Reason.SKIPPED_BY_SUBSCRIBER,)


def test_a_record_keeps_everything_that_stood_in_the_way() -> None:
    decision = decide(make_grounds(old_mandate_active=True, card_is_usable=False, rule_version=2))

    assert decision.reasons == (Reason.RULE_CHANGED, Reason.CARD_REMOVED, Reason.OLD_MANDATE_ACTIVE)
