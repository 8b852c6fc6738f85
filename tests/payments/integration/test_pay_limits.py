"""The monthly limit of a relative on real MongoDB, gRPC and sandbox acquirer: payments that meet never exceed it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.errors import Kind
from services.chassis.grpc_client import RemoteError
from tests.payments.integration.conftest import PaymentsWorld
from tests.payments.integration.insisting import until_answered


def _outcome(world: PaymentsWorld, *, kopecks: int, request_id: str) -> str:
    """Pay; return "paid" or the reason of the refusal."""

    def pay() -> str:
        world.pay(kopecks=kopecks, request_id=request_id)
        return "paid"

    return until_answered(pay)


def test_50_payments_at_once_use_the_limit_up_and_never_exceed_it(world: PaymentsWorld) -> None:
    world.accounts.monthly_pay_limit_minor = 1_000_00

    with ThreadPoolExecutor(50) as pool:
        outcomes = Counter(
            pool.map(lambda number: _outcome(world, kopecks=90_00, request_id=f"payment-{number}"), range(50))
        )

    assert outcomes == {"paid": 11, "MONTHLY_PAY_LIMIT_EXCEEDED": 39}
    payments = world.ask("ListPayments", pb.ListPaymentsRequest(page_size=100)).payments
    assert sum(payment.amount.amount_minor for payment in payments) == 990_00


def test_50_taps_of_one_payment_count_once(world: PaymentsWorld) -> None:
    world.accounts.monthly_pay_limit_minor = 1_000_00

    with ThreadPoolExecutor(50) as pool:
        outcomes = set(pool.map(lambda _: _outcome(world, kopecks=600_00, request_id="one and the same"), range(50)))

    assert outcomes == {"paid"}
    assert _outcome(world, kopecks=400_01, request_id="another") == "MONTHLY_PAY_LIMIT_EXCEEDED"
    assert _outcome(world, kopecks=400_00, request_id="a third") == "paid"


def test_a_refusal_says_what_is_allowed_spent_and_left(world: PaymentsWorld) -> None:
    world.accounts.monthly_pay_limit_minor = 1_000_00
    world.pay(kopecks=450_50)

    with pytest.raises(RemoteError) as refused:
        world.pay(kopecks=549_51)

    assert (refused.value.kind, refused.value.reason) == (Kind.FAILED_PRECONDITION, "MONTHLY_PAY_LIMIT_EXCEEDED")
    assert {name: refused.value.metadata[f"{name}_roubles"] for name in ("limit", "spent", "left")} == {
        "limit": "1000",
        "spent": "450.50",
        "left": "549.50",
    }
