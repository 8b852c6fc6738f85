"""What is not charged for now or for good: holds and their end, pauses, old mandates, the subscriber's own word."""

from datetime import timedelta

import pytest

from services.payments.domain.autopay_decision import Outcome, Reason, Word, decide
from services.payments.domain.autopay_occasion import OccasionNotHeld, OccasionState
from services.payments.domain.payment import PaymentKind, State
from tests.payments.autopay_scenes import at_threshold
from tests.payments.builders import A_MORNING, make_grounds, make_occasion, make_payment

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


def test_what_was_confirmed_does_not_lapse_as_unanswered_but_is_too_late_some_time() -> None:
    def confirmed_for(hours: int) -> tuple[Reason, ...]:
        now = A_MORNING + timedelta(hours=hours)
        return decide(
            make_grounds(automatic_charges_in_24_h=2, held_since=A_MORNING, word=Word.CONFIRM, now=now)
        ).reasons

    assert confirmed_for(72) == confirmed_for(144) == (Reason.DUE_BY_DATE,)
    assert confirmed_for(145) == (Reason.TOO_LATE,)


@pytest.mark.parametrize("word", [Word.CONFIRM, Word.SKIP])
def test_a_word_about_a_charge_whose_time_to_answer_is_over_is_refused(word: Word) -> None:
    occasion = make_occasion()
    occasion.decide(make_grounds(automatic_charges_in_24_h=2), now=A_MORNING)
    lapses_at = occasion.next_step_at
    assert lapses_at == A_MORNING + timedelta(days=3)

    with pytest.raises(OccasionNotHeld):
        occasion.confirm(now=lapses_at) if word is Word.CONFIRM else occasion.dismiss(now=lapses_at)

    assert occasion.word is None


def test_a_charge_that_was_confirmed_in_time_is_made_after_the_region_was_silent() -> None:
    world, rule = at_threshold()
    for _ in range(2):
        world.payments.save(
            make_payment(
                state=State.POSTED,
                billing_account_id=rule.billing_account_id,
                autopay_rule_id=rule.autopay_rule_id,
                kind=PaymentKind.SAVED_CARD,
                posted_at=A_MORNING,
            )
        )
    process = world.process()
    process.run(minutes=12)
    [held] = world.occasions.rows.all()
    assert held.next_step_at is not None
    world.clock.moment = held.next_step_at - timedelta(minutes=2)
    world.accounts.silent = True

    process.answer_held(subscriber_id=rule.subscriber_id, decision_id=held.decision_id, charge=True)
    process.run(minutes=3)
    world.accounts.silent = False
    process.run(minutes=20)

    [occasion] = world.occasions.rows.all()
    assert (occasion.state, len(world.acquirer.charges)) == (OccasionState.CHARGED, 1)
    assert occasion.record is not None and occasion.record.replays()


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
