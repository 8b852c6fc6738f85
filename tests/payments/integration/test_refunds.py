"""Refunds by an operator's word on real MongoDB and the sandbox acquirer, whose ledger is the truth."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.money import Money
from services.payments.bootstrap import Operations, build_operations
from services.payments.domain.payment import Problem, State
from services.payments.domain.refund import RefundState, RefundTooLarge
from tests.payments.integration.conftest import PaymentsWorld
from tests.support import eventually


@pytest.fixture
def operations(world: PaymentsWorld) -> Operations:
    return build_operations(world.parts)


def posted(world: PaymentsWorld, *, kopecks: int = 45_000) -> str:
    payment = world.pay(kopecks=kopecks)
    world.acquirer.confirm(world.acquirer_id(payment.payment_id))
    world.notify(payment.payment_id)
    world.reaches(payment.payment_id, pb.PAYMENT_STATE_POSTED)
    return payment.payment_id


def given_back(world: PaymentsWorld, payment_id: str) -> int:
    return sum(kopecks for kind, kopecks in world.acquirer.ledger(payment_id) if kind == "refund")


@pytest.mark.usefixtures("dispatcher")
def test_50_parallel_partial_refunds_never_exceed_the_payment(world: PaymentsWorld, operations: Operations) -> None:
    payment_id = posted(world, kopecks=10_000)

    def refund(number: int) -> bool:
        try:
            operations.refund_payment(
                payment_id=payment_id, amount_minor=333, reference=f"T-{number}", reason="moved out"
            )
        except RefundTooLarge:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        taken = sum(pool.map(refund, range(50)))
    world.reaches(payment_id, pb.PAYMENT_STATE_REVERSAL_DUE, timeout_s=60)

    assert taken == 10_000 // 333 == 30
    assert given_back(world, payment_id) == 30 * 333 == world.payment(payment_id).refunded.amount_minor
    [charge, *refunds] = world.acquirer.ledger(payment_id)
    assert (charge, len(refunds)) == (("charge", 10_000), 30)


@pytest.mark.usefixtures("dispatcher")
def test_a_refund_whose_answer_is_lost_is_settled_by_asking(
    world: PaymentsWorld, operations: Operations, subtests: pytest.Subtests
) -> None:
    payment_id = posted(world)

    for number, fault in enumerate(("timeout_after", "error_500_before", "error_500_after", "reset_after"), start=1):
        with subtests.test(fault):
            world.acquirer.break_next("create_refund", fault)

            operations.refund_payment(payment_id=payment_id, amount_minor=100, reference=fault, reason="moved out")
            world.reaches(payment_id, pb.PAYMENT_STATE_REVERSAL_DUE)

            assert given_back(world, payment_id) == number * 100
            assert world.acquirer.armed() == []


@pytest.mark.usefixtures("dispatcher")
def test_the_whole_way_back_ends_when_the_regions_books_are_put_right(
    world: PaymentsWorld, operations: Operations
) -> None:
    payment_id = posted(world)
    operations.refund_payment(payment_id=payment_id, amount_minor=45_000, reference="T-1", reason="moved out")
    world.reaches(payment_id, pb.PAYMENT_STATE_REVERSAL_DUE)

    [waiting] = operations.by_hand.queue()
    operations.by_hand.record_reversal(payment_id, f"{payment_id}:refund:1", note="ledger 7", recorded_by="op")

    assert (waiting.payment_id, waiting.needs_person) == (payment_id, Problem.REVERSAL_NEEDED)
    assert operations.by_hand.queue() == []
    refunded = world.payment(payment_id)
    assert refunded.state == pb.PAYMENT_STATE_REFUNDED
    assert [stage.stage for stage in refunded.stages][-1] == "refunded"


@pytest.mark.usefixtures("dispatcher")
def test_more_than_the_acquirer_has_left_is_refused_and_goes_to_a_person(
    world: PaymentsWorld, operations: Operations
) -> None:
    payment_id = posted(world)
    operations.refund_payment(payment_id=payment_id, amount_minor=30_000, reference="T-1", reason="moved out")
    world.reaches(payment_id, pb.PAYMENT_STATE_REVERSAL_DUE)
    # as if somebody had given the rest back in the acquirer's own cabinet
    world.parts.acquirer.refund(
        refund_id="elsewhere", acquirer_payment_id=world.acquirer_id(payment_id), amount=Money(15_000), timeout_s=4
    )

    operations.refund_payment(payment_id=payment_id, amount_minor=15_000, reference="T-2", reason="moved out")

    def refused() -> bool:
        payment = operations.by_hand.payment(payment_id)
        return payment.refunds[1].state is RefundState.FAILED

    assert eventually(refused)
    payment = operations.by_hand.payment(payment_id)
    assert payment.state is State.REVERSAL_DUE
    assert payment.problems == [Problem.REFUND_IMPOSSIBLE, Problem.REVERSAL_NEEDED]
    assert given_back(world, payment_id) == 45_000
