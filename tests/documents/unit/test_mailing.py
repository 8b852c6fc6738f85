"""At most one mail: what moves a mailing may make, whatever happens in whatever order."""

from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.documents.domain.mailing import IllegalMove, Mailing, MailingState
from tests.documents.builders import A_MORNING, make_mailing, make_recipient

FINAL = {MailingState.SENT, MailingState.UNCERTAIN, MailingState.GIVEN_UP, MailingState.CANCELLED}


def test_has_one_id_per_bill_revision_and_address() -> None:
    same = {make_mailing(email=email).mailing_id for email in ("maria@example.com", "Maria@example.com") * 2}
    others = {make_mailing(email="b@example.com").mailing_id, make_mailing(customer_bill_id="bill_2").mailing_id}

    assert len(same) == 1
    assert len(same | others) == 3


def test_keeps_the_address_out_of_its_id() -> None:
    assert "maria" not in make_mailing().mailing_id


def test_announces_the_mail_once_for_each_recipient() -> None:
    mailing = make_mailing()
    mailing.begin(recipients=(make_recipient("1"), make_recipient("2")), now=A_MORNING)

    mailing.sent(now=A_MORNING)

    assert [event.billing_account_id for event in mailing.pending_events] == ["acc_" + "1" * 32, "acc_" + "2" * 32]


def test_is_not_sent_again_when_the_answer_was_lost() -> None:
    mailing = make_mailing()
    mailing.begin(recipients=mailing.recipients, now=A_MORNING)
    mailing.lose_track()

    with pytest.raises(IllegalMove):
        mailing.begin(recipients=mailing.recipients, now=A_MORNING)
    assert mailing.due_at is None


def test_is_looked_at_again_when_the_sender_never_came_back() -> None:
    mailing = make_mailing()

    mailing.begin(recipients=mailing.recipients, now=A_MORNING)

    assert mailing.due_at == A_MORNING + timedelta(minutes=5)


def test_is_given_up_24_hours_after_the_first_try() -> None:
    mailing = make_mailing()
    now = first = A_MORNING + timedelta(days=3)  # until then accounts was down, which is no try
    while mailing.state is MailingState.DUE:
        mailing.deferred(now=now)
        now = mailing.due_at or now

    assert mailing.state is MailingState.GIVEN_UP
    assert timedelta(hours=22) < now - first <= timedelta(hours=24)


class AnyOrder(RuleBasedStateMachine):
    """Whatever is tried: the body leaves again only after a certain refusal, and what is final stays."""

    def __init__(self) -> None:
        super().__init__()
        self.mailing: Mailing = make_mailing()
        self.now: datetime = A_MORNING
        self.bodies_unaccounted = 0

    @rule(
        move=st.sampled_from(["begin", "sent", "refused", "deferred", "lose_track", "cancel"]),
        minutes=st.integers(0, 90),
    )
    def try_move(self, move: str, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        before = self.mailing.state
        try:
            self._do(move)
        except IllegalMove:
            assert self.mailing.state is before
            return
        if move == "begin":
            self.bodies_unaccounted += 1
        if move in {"deferred", "refused"} and before is MailingState.SENDING:
            self.bodies_unaccounted -= 1

    @precondition(lambda self: self.mailing.state in FINAL)
    @rule()
    def begin_after_the_end(self) -> None:
        with pytest.raises(IllegalMove):
            self.mailing.begin(recipients=(), now=self.now)

    @invariant()
    def at_most_one_mail(self) -> None:
        assert self.bodies_unaccounted <= 1

    @invariant()
    def undecided_means_due(self) -> None:
        undecided = self.mailing.state in {MailingState.DUE, MailingState.SENDING, MailingState.REFUSED}
        assert undecided == (self.mailing.due_at is not None)

    def _do(self, move: str) -> None:
        match move:
            case "begin":
                self.mailing.begin(recipients=self.mailing.recipients, now=self.now)
            case "sent":
                self.mailing.sent(now=self.now)
            case "refused":
                self.mailing.refused(now=self.now)
            case "deferred":
                self.mailing.deferred(now=self.now)
            case "lose_track":
                self.mailing.lose_track()
            case "cancel":
                self.mailing.cancel()


TestAnyOrder = AnyOrder.TestCase
