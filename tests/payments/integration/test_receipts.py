"""Receipts against the sandbox acquirer's cash register, and the sum as one number wherever it is shown."""

from typing import Any

import pytest
from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.money import Money
from services.payments.adapters.yookassa_receipts import YookassaFiscalRegister
from services.payments.bootstrap import build_grpc, build_operations
from services.payments.bootstrap_parts import Parts
from services.payments.domain.acquirer import Absent, Refused, Silence
from services.payments.domain.fiscal import AcquirerReceipt, MovedMoney, ReceiptOrder, ReceiptStatus
from services.payments.domain.payment import PaymentKind, State
from services.payments.domain.receipt import Receipt, ReceiptProblem, ReceiptState
from tests.payments.builders import make_request
from tests.payments.fake_world import TERMS
from tests.payments.integration.conftest import PaymentsWorld
from tests.support import eventually


def captured(world: PaymentsWorld, **fields: Any) -> str:
    payment = world.pay(**fields)
    world.acquirer.confirm(world.acquirer_id(payment.payment_id))
    world.notify(payment.payment_id)
    world.reaches(payment.payment_id, pb.PAYMENT_STATE_POSTED)
    return payment.payment_id


def receipt_in(world: PaymentsWorld, receipt_id: str, state: ReceiptState) -> Receipt:
    """Wait until a receipt is in a state."""

    def there() -> Receipt:
        receipt = world.parts.storage.receipts.get(receipt_id)
        assert receipt is not None and receipt.state is state, receipt
        return receipt

    return eventually(there, timeout_s=20)


@pytest.mark.usefixtures("dispatcher")
def test_the_sum_is_one_number_on_our_page_at_the_acquirer_in_the_receipt_and_in_the_region(
    world: PaymentsWorld,
) -> None:
    payment_id = captured(world, kopecks=45_005)
    receipt = receipt_in(world, f"{payment_id}:receipt", ReceiptState.REGISTERED)

    shown = world.payment(payment_id)
    [(kind, at_acquirer)] = world.acquirer.ledger(payment_id)
    [registered] = world.acquirer.receipts(payment_id)
    in_receipt = [line["amount"]["value"] for line in (*registered["items"], *registered["settlements"])]
    assert (kind, in_receipt) == ("charge", ["450.05", "450.05"])
    assert {
        shown.amount.amount_minor,
        at_acquirer,
        receipt.amount.amount_minor,
        world.accounts.credited[payment_id],
    } == {45_005}
    assert (shown.commission.amount_minor, shown.commission.currency) == (0, "RUB")
    assert receipt.commission == Money(0)


@pytest.mark.usefixtures("dispatcher")
def test_a_receipt_is_registered_sent_to_the_payer_and_shown_with_its_time(world: PaymentsWorld) -> None:
    payment_id = captured(world)
    receipt_in(world, f"{payment_id}:receipt", ReceiptState.REGISTERED)

    [registered] = world.acquirer.receipts(payment_id)
    stages = [stage.stage for stage in world.payment(payment_id).stages if stage.HasField("reached_at")]
    assert (registered["status"], registered["type"], registered["sent_to"]) == ("succeeded", "payment", "email")
    [line] = registered["items"]
    assert (line["vat_code"], line["payment_subject"], line["payment_mode"]) == (12, "payment", "advance")
    assert stages == ["created", "taken", "receipt", "credited"]
    kept = world.parts.database["receipts"].find_one({"_id": f"{payment_id}:receipt"})
    assert "@" not in str(kept)


@pytest.mark.usefixtures("dispatcher")
def test_a_lost_answer_leads_to_one_receipt(world: PaymentsWorld, subtests: pytest.Subtests) -> None:
    for fault in ("error_500_before", "error_500_after", "reset_after"):
        with subtests.test(fault):
            world.acquirer.break_next("create_receipt", fault)

            payment_id = captured(world)
            receipt_in(world, f"{payment_id}:receipt", ReceiptState.REGISTERED)

            assert len(world.acquirer.receipts(payment_id)) == 1
            assert world.acquirer.armed() == []


@pytest.mark.usefixtures("dispatcher")
def test_a_cancelled_receipt_waits_for_a_person_who_has_it_sent_anew(world: PaymentsWorld) -> None:
    world.acquirer.decide_next("receipt_cancel")
    operations = build_operations(world.parts)

    payment_id = captured(world)
    failed = receipt_in(world, f"{payment_id}:receipt", ReceiptState.FAILED)
    [waiting] = operations.receipts_by_hand.queue()
    operations.receipts_by_hand.retry(waiting.receipt_id)
    receipt_in(world, f"{payment_id}:receipt", ReceiptState.REGISTERED)

    assert (failed.problem, waiting.receipt_id) == (ReceiptProblem.CANCELED, failed.receipt_id)
    assert [receipt["status"] for receipt in world.acquirer.receipts(payment_id)] == ["canceled", "succeeded"]
    assert world.payment(payment_id).state == pb.PAYMENT_STATE_POSTED


@pytest.mark.usefixtures("dispatcher")
def test_refunds_have_receipts_of_their_own_over_their_sums(world: PaymentsWorld) -> None:
    payment_id = captured(world)
    receipt_in(world, f"{payment_id}:receipt", ReceiptState.REGISTERED)
    build_operations(world.parts).refund_payment(
        payment_id=payment_id, amount_minor=10_005, reference="T-1", reason="moved out"
    )

    receipt_in(world, f"{payment_id}:refund:1:receipt", ReceiptState.REGISTERED)

    of_payment, of_refund = world.acquirer.receipts(payment_id)
    assert (of_payment["type"], of_refund["type"]) == ("payment", "refund")
    assert of_refund["settlements"][0]["amount"]["value"] == "100.05"


def test_the_adapter_understands_each_answer(world: PaymentsWorld) -> None:
    register = YookassaFiscalRegister(world.parts.yookassa)
    payment = world.pay()
    acquirer_id = world.acquirer_id(payment.payment_id)
    money = MovedMoney(acquirer_payment_id=acquirer_id, acquirer_refund_id="")
    order = ReceiptOrder(
        idempotence_key="one", money=money, amount=Money(45_000), terms=TERMS, email="payer@example.test"
    )

    before = register.register(order, timeout_s=4)
    world.acquirer.confirm(acquirer_id)
    absent = register.find_receipt(money, timeout_s=4)
    made, again = (register.register(order, timeout_s=4) for _ in range(2))
    assert isinstance(made, AcquirerReceipt)

    def done() -> AcquirerReceipt:
        answer = register.get_receipt(made.acquirer_receipt_id, timeout_s=4)
        assert isinstance(answer, AcquirerReceipt) and answer.status is ReceiptStatus.SUCCEEDED
        return answer

    registered = eventually(done)
    assert (before, absent) == (Refused("invalid_request"), Absent())
    assert (made.status, made.amount) == (ReceiptStatus.PENDING, Money(45_000))
    assert again == made
    assert registered == register.find_receipt(money, timeout_s=4)
    assert registered.registered_at is not None
    assert register.get_receipt("rt-none", timeout_s=4) == Silence()
    assert "payer@" not in repr(order)


def test_in_2014_webmoney_pays_and_no_receipt_is_awaited(world: PaymentsWorld) -> None:
    parts = Parts(world.parts.settings.model_copy(update={"profile": "ru-2014"}))
    try:
        payment = build_grpc(parts).create_payment(make_request(kind=PaymentKind.WEBMONEY))
        world.acquirer.answer(payment.acquirer_payment_id)

        parts.charging.ask(payment, timeout_s=4)
    finally:
        parts.close()

    assert (payment.state, payment.receipt_expected) == (State.CAPTURED, False)
    assert world.acquirer.ledger(payment.payment_id) == [("charge", 45_000)]
    assert world.parts.database["receipts"].count_documents({}) == 0
