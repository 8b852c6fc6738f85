"""The operator's commands as processes of their own, on a real MongoDB."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.payments.domain.acquirer import AcquirerPayment, ChargeOrder
from services.payments.domain.payment import Payment, Problem, State
from services.payments.domain.refund import Refund, RefundState
from tests.payments.builders import make_payment, rub
from tests.payments.integration.conftest import PaymentsWorld


def run(world: PaymentsWorld, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Return exit status, printed lines and complaint."""
    done = subprocess.run(
        [sys.executable, "-m", "services.payments", *arguments],
        env={**os.environ, **world.environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def saved(world: PaymentsWorld, **fields: Any) -> Payment:
    payment = make_payment(created_at=world.parts.clock.now() - timedelta(hours=30), **fields)
    world.parts.storage.payments.save(payment)
    return payment


def test_the_queue_tells_what_waits_for_a_person_and_what_to_do(world: PaymentsWorld) -> None:
    saved(world, state=State.POSTED)
    unknown = saved(world, state=State.UNKNOWN, needs_person=Problem.OUTCOME_UNKNOWN)

    status, [line], _ = run(world, "queue")

    assert status == 0
    assert (line["payment_id"], line["problem"]) == (unknown.payment_id, "OUTCOME_UNKNOWN")
    assert "record-outcome" in line["what_to_do"]


@pytest.mark.parametrize(("outcome", "state"), [("taken", State.CAPTURED), ("not_taken", State.DECLINED)])
def test_an_unknown_outcome_is_settled_by_evidence_and_by_no_charge(
    world: PaymentsWorld, outcome: str, state: State
) -> None:
    unknown = saved(world, state=State.UNKNOWN, needs_person=Problem.OUTCOME_UNKNOWN, acquirer_payment_id="a")
    arguments = ("record-outcome", "--payment", unknown.payment_id, "--outcome", outcome, "--by", "op")
    before = world.acquirer.position()

    status, [line], _ = run(world, *arguments, "--evidence", "registry of 27 November, line 5")
    again, _, complaint = run(world, *arguments, "--evidence", "once more")

    assert (status, line["state"], line["problem"]) == (0, state.value, None)
    assert line["evidence"][0]["note"] == "registry of 27 November, line 5"
    assert (again, "PAYMENT_MOVE_ILLEGAL" in complaint) == (1, True)
    assert world.acquirer.position() == before


def test_what_was_taken_is_looked_up_at_the_acquirer_before_its_id_is_kept(world: PaymentsWorld) -> None:
    unknown = saved(world, state=State.UNKNOWN, needs_person=Problem.OUTCOME_UNKNOWN)
    arguments = ("record-outcome", "--payment", unknown.payment_id, "--outcome", "taken", "--by", "op")
    evidence = ("--evidence", "letter of 27 November")
    order = ChargeOrder(
        payment_id=unknown.payment_id,
        idempotence_key=unknown.charge_key,
        amount=unknown.amount,
        kind=unknown.kind,
        return_url=unknown.return_url,
        save_payment_method=False,
        acquirer_method_id="",
    )
    opened = world.parts.acquirer.charge(order, timeout_s=30)
    assert isinstance(opened, AcquirerPayment)
    named = ("--acquirer-payment", opened.acquirer_payment_id)

    unnamed, _, complaint = run(world, *arguments, *evidence)
    unpaid, _, _ = run(world, *arguments, *evidence, *named)
    absent, _, _ = run(world, *arguments, *evidence, "--acquirer-payment", "nobody's")
    world.acquirer.confirm(opened.acquirer_payment_id)
    status, [line], _ = run(world, *arguments, *evidence, *named)

    assert (unnamed, unpaid, absent, status) == (1, 1, 1, 0)
    assert "acquirer_payment" in complaint
    assert (line["state"], line["acquirer_payment_id"]) == ("captured", opened.acquirer_payment_id)


def test_the_queue_tells_of_a_dispute_and_of_the_books_behind_it(world: PaymentsWorld, tmp_path: Path) -> None:
    saved(world, state=State.REVERSAL_DUE, needs_person=Problem.REVERSAL_NEEDED, acquirer_payment_id="a")
    registry = tmp_path / "chargebacks.csv"
    registry.write_text(
        "chargeback_id,payment_id,amount,currency,reason,received_at\n"
        "cb-1,a,450.00,RUB,not_recognised,2026-11-27T10:00:00+03:00\n"
    )
    run(world, "import-chargebacks", "--registry", str(registry))

    _, [line], _ = run(world, "queue")
    _, [closed], _ = run(world, "close", "--payment", line["payment_id"], "--evidence", "answered", "--by", "op")

    assert (line["problem"], closed["problem"]) == ("CHARGEBACK", "REVERSAL_NEEDED")
    assert [further["problem"] for further in line["further_problems"]] == ["REVERSAL_NEEDED"]
    assert "record-reversal" in line["further_problems"][0]["what_to_do"]
    assert closed["further_problems"] == []


def test_asking_again_only_makes_it_due(world: PaymentsWorld) -> None:
    unknown = saved(world, state=State.UNKNOWN, due_at=world.parts.clock.now() + timedelta(hours=20))

    run(world, "ask-again", "--payment", unknown.payment_id)

    found = world.parts.storage.payments.get(unknown.payment_id)
    assert found is not None and found.state is State.UNKNOWN
    assert found.due_at is not None and found.due_at <= world.parts.clock.now()


def test_a_problem_is_closed_with_a_note_but_not_one_of_books(world: PaymentsWorld) -> None:
    contradicted = saved(world, state=State.POSTED, needs_person=Problem.POSTING_CONTRADICTED)
    due = saved(world, state=State.REVERSAL_DUE, needs_person=Problem.REVERSAL_NEEDED)
    note = ("--evidence", "ticket 5", "--by", "op")

    closed, [line], _ = run(world, "close", "--payment", contradicted.payment_id, *note)
    refused, _, _ = run(world, "close", "--payment", due.payment_id, *note)

    assert (closed, line["problem"], line["evidence"][0]["about"]) == (0, None, "POSTING_CONTRADICTED")
    assert refused == 1


def test_a_refund_is_requested_once_per_reference(world: PaymentsWorld) -> None:
    payment = saved(world, state=State.POSTED, posted_at=world.parts.clock.now())
    arguments = ("refund", "--payment", payment.payment_id, "--reference", "T-1", "--reason", "moved out")

    first, _, _ = run(world, *arguments, "--amount-minor", "100")
    again, [line], _ = run(world, *arguments, "--amount-minor", "100")
    other, _, complaint = run(world, *arguments, "--amount-minor", "200")
    absent, _, _ = run(world, "show", "--payment", "pay_none")

    assert (first, again, other, absent) == (0, 0, 1, 1)
    assert [refund["reference"] for refund in line["refunds"]] == ["T-1"]
    assert complaint.startswith("REFUND_REFERENCE_REUSED")


@pytest.mark.parametrize(
    ("outcome", "state", "refunds"),
    [
        (("made", "--acquirer-refund", "r"), State.REFUNDED, [RefundState.SUCCEEDED]),
        (("not-made",), State.REFUNDING, [RefundState.FAILED, RefundState.REQUESTED]),
    ],
)
def test_a_refund_that_is_unknown_for_a_day_is_settled_by_evidence(
    world: PaymentsWorld, outcome: tuple[str, ...], state: State, refunds: list[RefundState]
) -> None:
    sent_at = world.parts.clock.now() - timedelta(hours=25)
    refund = Refund(
        refund_id=f"refund-{state.value}",
        amount=rub(450),
        reference="posting-refused",
        reason="ACCOUNT_CLOSED",
        requested_at=sent_at,
        sent_at=sent_at,
    )
    payment = saved(world, state=State.REFUNDING, needs_person=Problem.REFUND_IMPOSSIBLE, refunds=[refund])
    arguments = ("record-refund", "--payment", payment.payment_id, "--refund", refund.refund_id, "--by", "op")

    status, [line], _ = run(world, *arguments, "--evidence", "letter 5", "--outcome", *outcome)
    again, _, complaint = run(world, *arguments, "--evidence", "letter 5", "--outcome", *outcome)

    found = world.parts.storage.payments.get(payment.payment_id)
    receipt = world.parts.storage.receipts.get(f"{refund.refund_id}:receipt")
    assert (status, line["state"], line["problem"]) == (0, state.value, None)
    assert (again, "PAYMENT_MOVE_ILLEGAL" in complaint) == (1, True)
    assert found is not None and [refund.state for refund in found.refunds] == refunds
    assert (receipt is not None) == (state is State.REFUNDED)


def test_chargebacks_are_recorded_once_and_post_nothing_back(world: PaymentsWorld, tmp_path: Path) -> None:
    disputed = saved(world, state=State.POSTED, acquirer_payment_id="2f0c1b5e-000f")
    registry = tmp_path / "chargebacks.csv"
    registry.write_text(
        "chargeback_id,payment_id,amount,currency,reason,received_at\n"
        "cb-1,2f0c1b5e-000f,450.00,RUB,not_recognised,2026-11-27T10:00:00+03:00\n"
        "cb-2,nobody's,1.00,RUB,not_recognised,2026-11-27T10:00:00+03:00\n"
    )

    status, lines, _ = run(world, "import-chargebacks", "--registry", str(registry))
    run(world, "import-chargebacks", "--registry", str(registry))

    found = world.parts.storage.payments.get(disputed.payment_id)
    assert status == 0
    assert [line["payment_id"] for line in lines] == [disputed.payment_id, None]
    assert found is not None
    assert (found.state, found.needs_person) == (State.POSTED, Problem.CHARGEBACK)
    assert [(item.chargeback_id, item.amount.amount_minor) for item in found.chargebacks] == [("cb-1", 45_000)]


def test_the_acquirers_own_registry_can_be_read(world: PaymentsWorld, tmp_path: Path) -> None:
    payment = world.pay()
    acquirer_id = world.acquirer_id(payment.payment_id)
    world.acquirer.confirm(acquirer_id)
    registry = tmp_path / "chargebacks.csv"
    world.acquirer.http.post("/control/chargebacks", json={"payment_id": acquirer_id})
    registry.write_text(world.acquirer.http.get("/control/chargebacks.csv").text)

    _, lines, _ = run(world, "import-chargebacks", "--registry", str(registry))

    assert payment.payment_id in [line["payment_id"] for line in lines]


@pytest.mark.parametrize("line", ["cb-1,x,450,RUB,r,2026-11-27T10:00:00Z", "cb-1,x,450.00,RUB,r,yesterday", ",x"])
def test_a_registry_that_cannot_be_read_records_nothing(world: PaymentsWorld, tmp_path: Path, line: str) -> None:
    disputed = saved(world, state=State.POSTED, acquirer_payment_id="a")
    registry = tmp_path / "chargebacks.csv"
    good = "cb-0,a,450.00,RUB,r,2026-11-27T10:00:00Z"
    registry.write_text(f"chargeback_id,payment_id,amount,currency,reason,received_at\n{good}\n{line}\n")

    status, _, complaint = run(world, "import-chargebacks", "--registry", str(registry))

    found = world.parts.storage.payments.get(disputed.payment_id)
    assert (status, "line 3" in complaint) == (1, True)
    assert found is not None and found.chargebacks == []
