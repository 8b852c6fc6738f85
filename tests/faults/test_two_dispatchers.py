"""Two dispatchers at once share the work and do none of it twice."""

import json
from collections import Counter
from collections.abc import Sequence

from tests.faults.claims import ClaimLog, worked_on_twice
from tests.faults.processes import second
from tests.faults.stage import Stage
from tests.support import eventually

_ONCE_EACH = ("payments.payment_captured.v1", "accounts.payment_posted.v1")


def test_two_dispatchers_share_fifty_payments_and_do_no_work_twice(stage: Stage) -> None:
    with second(stage.suite, "payments", "dispatcher") as other:
        pids = {str(stage.suite.pid("payments")), str(other.pid)}
        _wait_until_it_works(stage, other.pid)
        known = len(stage.queues.heard())
        claims = ClaimLog(stage.books.payments)

        payment_ids = stage.insist_on_all(stage.orders(25, saved_card=True))
        manual_ids = stage.insist_on_all(stage.orders(25, saved_card=False))
        for payment_id in manual_ids:
            stage.confirm(payment_id)

        stage.settle([*payment_ids, *manual_ids])
        eventually(lambda: not stage.books.unpublished(), timeout_s=20)
        writes = claims.seen()
        claims.close()

    assert worked_on_twice(writes) == []
    assert {write.claimed_by.rpartition(":")[2] for write in writes if write.claimed_by} == pids
    once = {(name, payment_id): 1 for name in _ONCE_EACH for payment_id in [*payment_ids, *manual_ids]}
    assert _announced(stage.queues.heard()[known:]) == once


def _wait_until_it_works(stage: Stage, pid: int) -> None:
    """Wait until the newcomer has claimed a payment."""
    claims = ClaimLog(stage.books.payments)
    payment_ids: list[str] = []

    def has_claimed() -> bool:
        payment_ids.append(stage.insist(stage.order(saved_card=False)))
        stage.confirm(payment_ids[-1])
        stage.settle(payment_ids[-1:])
        return any((write.claimed_by or "").endswith(f":{pid}") for write in claims.seen())

    eventually(has_claimed, timeout_s=30)
    claims.close()


def _announced(bodies: Sequence[bytes]) -> Counter[tuple[str, str]]:
    """Count events; one that was published again, because its confirm came late, has the same id."""
    events = {event["message_id"]: event for event in map(json.loads, bodies) if event["name"] in _ONCE_EACH}
    return Counter((event["name"], event["aggregate_id"]) for event in events.values())
