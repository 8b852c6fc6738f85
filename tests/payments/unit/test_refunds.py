"""Giving money back: never more than was taken, each refund once, and the region's books put right by a person."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import DomainError
from services.chassis.money import Money
from services.payments.domain.acquirer import Absent, AcquirerRefund, Refused, Silence, Status
from services.payments.domain.backoff import standard_backoff
from services.payments.domain.crediting import credit
from services.payments.domain.evidence import Evidence, RefundOutcome
from services.payments.domain.payment import IllegalMove, Payment, PaymentKind, Problem, State
from services.payments.domain.payment_stages import stages_of
from services.payments.domain.payment_states import NEXT
from services.payments.domain.ports import Posting, PostingState
from services.payments.domain.refund import (
    RefundNotFound,
    RefundNotPossible,
    RefundReferenceReused,
    RefundState,
    RefundTooLarge,
)
from services.payments.domain.returning import (
    ask_refund,
    begin_refund,
    fail_refund,
    finish_refund,
    record_refund,
    record_reversal,
)
from services.payments.domain.settlement import settle_refund
from tests.payments.builders import A_MORNING, make_method, make_payment, make_request, rub
from tests.payments.fake_world import World

_NOW = A_MORNING + timedelta(hours=1)
_A_DAY = timedelta(days=1)
_A_DAY_LATER = A_MORNING + _A_DAY
_EVIDENCE = Evidence(about="refund", note="ledger line 7", recorded_by="op", recorded_at=_NOW)


def make_posted(kopecks: int = 45_000) -> Payment:
    payment = make_payment(kopecks=kopecks, state=State.CAPTURED, acquirer_payment_id="a")
    payment.post(posted_at=A_MORNING, service_restored_at=None, now=A_MORNING)
    return payment


def ask(payment: Payment, kopecks: int, reference: str) -> None:
    ask_refund(payment, Money(kopecks), reference=reference, reason="moved out", now=_NOW)


@given(st.lists(st.tuples(st.sampled_from(["ask", "finish", "fail", "reverse"]), st.integers(-5, 120)), max_size=30))
def test_all_refunds_together_never_exceed_what_was_taken(steps: list[tuple[str, int]]) -> None:
    payment = make_posted(kopecks=200)

    for index, (step, kopecks) in enumerate(steps):
        try:
            match step:
                case "ask":
                    ask(payment, kopecks, str(index))
                case "finish":
                    finish_refund(payment, acquirer_refund_id=f"r{index}", now=_NOW)
                case "fail":
                    fail_refund(payment, now=_NOW)
                case "reverse":
                    reverse_first(payment)
        except DomainError:
            continue

    counting = [refund.amount.amount_minor for refund in payment.refunds if refund.counts]
    assert sum(counting) <= 200
    assert payment.refundable.amount_minor == 200 - sum(counting) >= 0
    states = [reached.state for reached in payment.history]
    assert all(following in NEXT[state] for state, following in pairwise(states))
    assert (payment.pending_refund is not None) == (payment.state is State.RETURNING)
    assert len({refund.refund_id for refund in payment.refunds}) == len(payment.refunds)
    if payment.state is State.REFUNDED:
        assert payment.refunded.amount_minor == 200
        assert not any(refund.awaits_reversal for refund in payment.refunds)


def reverse_first(payment: Payment) -> None:
    refund = next((refund for refund in payment.refunds if refund.awaits_reversal), None)
    if refund is not None:
        record_reversal(payment, refund.refund_id, evidence=_EVIDENCE, now=_NOW)


def test_a_reference_has_one_refund() -> None:
    payment = make_posted()

    ask(payment, 100, "T-1")
    ask(payment, 100, "T-1")

    assert [refund.refund_id for refund in payment.refunds] == [f"{payment.payment_id}:refund:1"]
    with pytest.raises(RefundReferenceReused):
        ask(payment, 101, "T-1")


@pytest.mark.parametrize("kopecks", [0, -1, 45_001])
def test_refuses_a_sum_that_is_none_or_too_large_and_names_what_is_left(kopecks: int) -> None:
    payment = make_posted()

    with pytest.raises(RefundTooLarge) as caught:
        ask(payment, kopecks, "T-1")

    assert caught.value.metadata == {"left_minor": "45000"}
    assert (payment.state, payment.refunds) == (State.POSTED, [])


@pytest.mark.parametrize(
    "state", [State.CREATED, State.AWAITING_CONFIRMATION, State.UNKNOWN, State.CAPTURED, State.DECLINED]
)
def test_only_a_credited_payment_is_given_back_by_hand(state: State) -> None:
    with pytest.raises(RefundNotPossible):
        ask(make_payment(state=state), 45_000, "T-1")


def test_a_payment_that_accounts_will_never_post_goes_back_whole() -> None:
    payment = make_payment(state=State.CAPTURED, needs_person=Problem.POSTING_IMPOSSIBLE)
    with pytest.raises(RefundNotPossible):
        ask(payment, 44_999, "T-1")

    ask(payment, 45_000, "T-1")
    finish_refund(payment, acquirer_refund_id="r", now=_NOW)

    assert (payment.state, payment.needs_person) == (State.REFUNDED, None)


def test_after_a_refund_a_person_puts_the_regions_books_right() -> None:
    payment = make_posted()
    ask(payment, 20_000, "T-1")
    ask(payment, 25_000, "T-2")
    first, second = (refund.refund_id for refund in payment.refunds)

    finish_refund(payment, acquirer_refund_id="r1", now=_NOW)
    half = (payment.state, payment.needs_person)
    finish_refund(payment, acquirer_refund_id="r2", now=_NOW)
    due = (payment.state, payment.needs_person)
    record_reversal(payment, first, evidence=_EVIDENCE, now=_NOW)
    record_reversal(payment, first, evidence=_EVIDENCE, now=_NOW)
    still_due = payment.state
    record_reversal(payment, second, evidence=_EVIDENCE, now=_NOW)

    assert half == (State.RETURNING, None)
    assert due == (State.REVERSAL_DUE, Problem.REVERSAL_NEEDED)
    assert still_due is State.REVERSAL_DUE
    assert (payment.state, payment.needs_person) == (State.REFUNDED, None)
    assert payment.evidence == [_EVIDENCE, _EVIDENCE]
    assert [type(event).__name__ for event in payment.pending_events] == ["RefundSucceeded"] * 2


def test_the_rest_of_a_partly_refunded_payment_stays_credited() -> None:
    payment = make_posted()
    ask(payment, 20_000, "T-1")
    finish_refund(payment, acquirer_refund_id="r1", now=_NOW)

    record_reversal(payment, payment.refunds[0].refund_id, evidence=_EVIDENCE, now=_NOW)

    assert (payment.state, payment.refunded, payment.refundable) == (State.POSTED, rub(200), rub(250))
    assert [stage.stage for stage in stages_of(payment)] == ["created", "taken", "credited", "refunded"]


def test_what_the_acquirer_refuses_leaves_the_payment_credited_and_goes_to_a_person() -> None:
    payment = make_posted()
    ask(payment, 20_000, "T-1")

    settle_refund(payment, Refused("invalid_request"), now=_NOW, backoff=standard_backoff())

    assert (payment.state, payment.needs_person, payment.due_at) == (State.POSTED, Problem.REFUND_IMPOSSIBLE, None)
    assert (payment.refunds[0].state, payment.refundable) == (RefundState.FAILED, payment.amount)


def test_silence_decides_nothing_and_another_sum_goes_to_a_person() -> None:
    payment = make_posted()
    ask(payment, 20_000, "T-1")
    refund_id = payment.refunds[0].refund_id
    wrong = AcquirerRefund(acquirer_refund_id="r", refund_id=refund_id, status=Status.SUCCEEDED, amount=rub(1))

    for answer in (Silence(), wrong):
        settle_refund(payment, answer, now=_NOW, backoff=standard_backoff())
        assert payment.state is State.RETURNING

    assert payment.needs_person is Problem.AMOUNT_DIFFERS
    assert payment.due_at is not None


def test_there_is_nothing_to_reverse_in_a_refund_that_is_absent_or_on_its_way() -> None:
    payment = make_posted()
    ask(payment, 20_000, "T-1")

    for refund_id in ("none", payment.refunds[0].refund_id):
        with pytest.raises(RefundNotFound):
            record_reversal(payment, refund_id, evidence=_EVIDENCE, now=_NOW)


def test_a_posting_told_once_more_contradicts_nothing() -> None:
    payment = make_posted()
    ask(payment, 45_000, "T-1")
    finish_refund(payment, acquirer_refund_id="r1", now=_NOW)
    payment.needs_person = None

    credit(payment, Posting(state=PostingState.POSTED, posted_at=A_MORNING), now=_NOW)

    assert (payment.state, payment.needs_person) == (State.REVERSAL_DUE, None)


def make_lost_refund() -> Payment:
    """Return a payment whose refund was sent a day ago, and which the acquirer does not know."""
    payment = make_payment(state=State.CAPTURED, acquirer_payment_id="a", captured_at=A_MORNING)
    begin_refund(payment, refusal_reason="ACCOUNT_CLOSED", now=A_MORNING)
    payment.refunds[0].sent_at = A_MORNING
    settle_refund(payment, Absent(), now=_A_DAY_LATER, backoff=standard_backoff())
    return payment


def record(
    payment: Payment, outcome: RefundOutcome, *, acquirer_refund_id: str = "", later: timedelta = _A_DAY
) -> None:
    record_refund(
        payment,
        payment.refunds[0].refund_id,
        outcome,
        acquirer_refund_id=acquirer_refund_id,
        evidence=_EVIDENCE,
        now=A_MORNING + later,
    )


def test_a_lost_refund_that_a_person_found_made_ends_as_by_the_acquirers_answer() -> None:
    payment = make_lost_refund()

    record(payment, RefundOutcome.MADE, acquirer_refund_id="r")

    assert (payment.state, payment.needs_person, payment.evidence) == (State.REFUNDED, None, [_EVIDENCE])
    assert (payment.refunds[0].state, payment.refunds[0].acquirer_refund_id) == (RefundState.SUCCEEDED, "r")
    assert [type(event).__name__ for event in payment.pending_events] == ["PaymentRefunded"]
    with pytest.raises(IllegalMove):
        record(payment, RefundOutcome.MADE, acquirer_refund_id="r")


def test_a_lost_refund_that_was_not_made_is_requested_once_more_under_another_key() -> None:
    payment = make_lost_refund()

    record(payment, RefundOutcome.NOT_MADE)

    first, second = payment.refunds
    assert (payment.state, payment.needs_person, payment.due_at) == (State.REFUNDING, None, _A_DAY_LATER)
    assert first.state is RefundState.FAILED
    assert (second.refund_id, second.amount) == (f"{payment.payment_id}:refund:2", payment.amount)
    assert (second.sent_at, payment.pending_refund) == (None, second)
    with pytest.raises(IllegalMove):
        record(payment, RefundOutcome.NOT_MADE)


@pytest.mark.parametrize("outcome", list(RefundOutcome))
@pytest.mark.parametrize(("sent_at", "later"), [(None, timedelta(days=9)), (A_MORNING, _A_DAY - timedelta(seconds=1))])
def test_a_refund_that_may_still_be_sent_is_not_settled_by_hand(
    outcome: RefundOutcome, sent_at: datetime | None, later: timedelta
) -> None:
    payment = make_lost_refund()
    payment.refunds[0].sent_at = sent_at

    with pytest.raises(IllegalMove):
        record(payment, outcome, acquirer_refund_id="r", later=later)

    assert (payment.state, payment.evidence) == (State.REFUNDING, [])


def test_a_refund_that_was_made_is_not_recorded_without_its_id_at_the_acquirer() -> None:
    with pytest.raises(IllegalMove):
        record(make_lost_refund(), RefundOutcome.MADE)


def test_several_refunds_of_one_payment_go_through_one_after_the_other() -> None:
    request = make_request(kind=PaymentKind.SAVED_CARD, payment_method_id="pm_1", return_url="")
    world = World()
    world.methods.save(make_method(payment_method_id="pm_1", subscriber_id=request.subscriber_id))
    world.process().create_payment(request)
    world.process().run(minutes=1)
    [posted] = world.payments.rows.all()
    for reference in ("T-1", "T-2", "T-3"):
        world.process().refund_payment(
            payment_id=posted.payment_id, amount_minor=15_000, reference=reference, reason="moved out"
        )

    world.process().run(minutes=1)

    [returned] = world.payments.rows.all()
    assert (returned.state, returned.refunded) == (State.REVERSAL_DUE, rub(450))
    assert len(world.acquirer.refunds) == 3
