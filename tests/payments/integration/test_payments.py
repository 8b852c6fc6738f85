"""Payments over real gRPC, MongoDB, RabbitMQ and the sandbox acquirer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pika
import pytest
from kabinet.accounts.v1 import accounts_pb2
from kabinet.payments.v1 import payments_pb2 as pb
from pika.adapters.blocking_connection import BlockingChannel

from services.chassis.events import EventSchemas, decode
from services.chassis.grpc_client import RemoteError
from services.chassis.ids import new_id
from services.payments.domain.payment import Problem
from tests.payments.integration.conftest import PaymentsWorld
from tests.payments.integration.insisting import until_answered
from tests.payments.integration.sandbox_acquirer import A_CARD_FROM_ABROAD, A_MASTERCARD
from tests.support import eventually


@pytest.fixture
def outgoing(amqp_url: str, world: PaymentsWorld) -> Iterator[BlockingChannel]:
    """A queue named `heard` that gets every event of payments."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.exchange_declare("payments.events", exchange_type="topic", durable=True)
    channel.queue_declare("heard", exclusive=True)
    channel.queue_bind("heard", "payments.events", "#")
    yield channel
    connection.close()


def heard(channel: BlockingChannel, payment_id: str) -> list[str]:
    """Return the names of the events about a payment, each checked against its contract; they are taken off."""
    names: list[str] = []
    while True:
        method, _properties, body = channel.basic_get("heard", auto_ack=True)
        if method is None:
            return names
        envelope = decode(body)
        EventSchemas().check(envelope)
        if envelope.data["payment_id"] == payment_id:
            names.append(envelope.name)


def hear(channel: BlockingChannel, payment_id: str, *, count: int) -> list[str]:
    """Wait for so many events about a payment, and return their names."""
    names: list[str] = []

    def enough() -> bool:
        names.extend(heard(channel, payment_id))
        return len(names) >= count

    assert eventually(enough)
    return names


def stages(payment: pb.Payment) -> list[str]:
    """Return what a payment has come through, but for its receipt, which takes its own time."""
    return [stage.stage for stage in payment.stages if stage.HasField("reached_at") and stage.stage != "receipt"]


@pytest.mark.usefixtures("dispatcher")
def test_a_new_card_is_charged_posted_once_and_saved_then_pays_again(world: PaymentsWorld) -> None:
    payment = world.pay(kopecks=45_005, save_payment_method=True)
    assert payment.state == pb.PAYMENT_STATE_AWAITING_CONFIRMATION
    assert payment.confirmation_url.startswith("http")
    assert (payment.commission.amount_minor, payment.commission.currency) == (0, "RUB")

    world.acquirer.confirm(world.acquirer_id(payment.payment_id), card=A_MASTERCARD)
    world.notify(payment.payment_id)
    posted = world.reaches(payment.payment_id, pb.PAYMENT_STATE_POSTED)
    [card] = world.ask("ListPaymentMethods", pb.ListPaymentMethodsRequest()).payment_methods
    second = world.pay_saved(card.payment_method_id)

    assert stages(posted) == ["created", "taken", "credited"]
    assert posted.confirmation_url == ""
    assert world.acquirer.ledger(payment.payment_id) == [("charge", 45_005)]
    assert (card.brand, card.last4, card.expires) == ("mastercard", "4444", "2099-12")
    assert second.state == pb.PAYMENT_STATE_CAPTURED
    world.reaches(second.payment_id, pb.PAYMENT_STATE_POSTED)
    assert world.accounts.credited == {payment.payment_id: 45_005, second.payment_id: 45_000}
    assert set(world.accounts.actions) == {accounts_pb2.ACTION_PAY}


@pytest.mark.usefixtures("dispatcher")
def test_a_notification_told_20_times_announces_one_capture(world: PaymentsWorld, outgoing: BlockingChannel) -> None:
    payment = world.pay()
    world.acquirer.confirm(world.acquirer_id(payment.payment_id))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: world.notify(payment.payment_id), range(20)))
    world.reaches(payment.payment_id, pb.PAYMENT_STATE_POSTED)
    names = hear(outgoing, payment.payment_id, count=1)

    assert names + heard(outgoing, payment.payment_id) == ["payments.payment_captured.v1"]


def test_a_notification_about_nothing_is_taken_without_a_word(world: PaymentsWorld) -> None:
    request = pb.NoteAcquirerNotificationRequest(acquirer_payment_id="nobody's", event="payment.succeeded")

    assert world.remote.call(world.stub.NoteAcquirerNotification, request, cap_s=5) is not None


@pytest.mark.usefixtures("dispatcher")
def test_50_parallel_requests_with_one_id_are_one_payment_and_one_charge(world: PaymentsWorld) -> None:
    card = world.save_card()
    before = world.acquirer.position()

    def tap() -> str:
        return world.pay_saved(card.payment_method_id, request_id="one and the same").payment_id

    with ThreadPoolExecutor(50) as pool:
        [payment_id] = set(pool.map(lambda _: until_answered(tap), range(50)))

    world.reaches(payment_id, pb.PAYMENT_STATE_POSTED)
    assert world.acquirer.charges_after(before) == 1
    assert world.acquirer.ledger(payment_id) == [("charge", 45_000)]


@pytest.mark.usefixtures("dispatcher")
def test_a_lost_answer_is_unknown_and_settled_by_asking_with_one_charge(
    world: PaymentsWorld, subtests: pytest.Subtests
) -> None:
    card = world.save_card()

    for fault in ("timeout_before", "timeout_after", "error_500_before", "error_500_after", "reset", "reset_after"):
        with subtests.test(fault):
            world.acquirer.break_next("create_payment", fault)

            payment = world.pay_saved(card.payment_method_id)
            settled = world.reaches(payment.payment_id, pb.PAYMENT_STATE_POSTED)

            assert payment.state == pb.PAYMENT_STATE_UNKNOWN
            assert world.acquirer.armed() == []
            assert world.acquirer.ledger(payment.payment_id) == [("charge", 45_000)]
            assert stages(settled) == ["created", "taken", "credited"]


@pytest.mark.usefixtures("dispatcher")
def test_a_saved_card_ends_as_its_bank_decides(
    world: PaymentsWorld, outgoing: BlockingChannel, subtests: pytest.Subtests
) -> None:
    card = world.save_card()
    endings = {
        "pending_then_succeed:1": pb.PAYMENT_STATE_POSTED,
        "pending_then_cancel:1": pb.PAYMENT_STATE_DECLINED,
        "decline:insufficient_funds": pb.PAYMENT_STATE_DECLINED,
    }

    for fault, state in endings.items():
        with subtests.test(fault):
            world.acquirer.decide_next(fault)

            payment = world.reaches(world.pay_saved(card.payment_method_id).payment_id, state)

            charged = [("charge", 45_000)] if state == pb.PAYMENT_STATE_POSTED else []
            assert world.acquirer.ledger(payment.payment_id) == charged
            assert bool(payment.decline_reason) == (state == pb.PAYMENT_STATE_DECLINED)
            event = "captured" if charged else "declined"
            assert hear(outgoing, payment.payment_id, count=1) == [f"payments.payment_{event}.v1"]


@pytest.mark.usefixtures("dispatcher")
def test_a_posting_refused_for_good_is_refunded_once_and_announced(
    world: PaymentsWorld, outgoing: BlockingChannel
) -> None:
    card = world.save_card()
    world.accounts.refuses = "ACCOUNT_CLOSED"
    world.acquirer.break_next("create_refund", "reset_after")

    payment = world.reaches(world.pay_saved(card.payment_method_id).payment_id, pb.PAYMENT_STATE_REFUNDED)
    names = hear(outgoing, payment.payment_id, count=2)

    assert world.acquirer.ledger(payment.payment_id) == [("charge", 45_000), ("refund", 45_000)]
    assert names == ["payments.payment_captured.v1", "payments.payment_refunded.v1"]
    assert stages(payment) == ["created", "taken", "refunded"]


@pytest.mark.usefixtures("dispatcher")
def test_another_sum_at_the_acquirer_goes_to_a_person(world: PaymentsWorld) -> None:
    payment = world.pay()
    collection = world.parts.database["payments"]
    collection.update_one({"_id": payment.payment_id}, {"$set": {"amount.amount_minor": 1}, "$inc": {"version": 1}})

    world.acquirer.confirm(world.acquirer_id(payment.payment_id))
    world.notify(payment.payment_id)

    def flagged() -> bool:
        found = world.parts.storage.payments.get(payment.payment_id)
        return found is not None and found.needs_person is Problem.AMOUNT_DIFFERS

    assert eventually(flagged)
    assert world.payment(payment.payment_id).state == pb.PAYMENT_STATE_AWAITING_CONFIRMATION


def test_an_abandoned_charge_is_taken_over_by_a_dispatcher(world: PaymentsWorld, start_dispatcher: object) -> None:
    world.acquirer.break_next("create_payment", "timeout_after")
    payment = world.pay()
    collection = world.parts.database["payments"]
    # as if the process had died before it could save that it does not know
    state = {"state": "created", "history": [{"state": "created", "at": world.parts.clock.now()}]}
    collection.update_one({"_id": payment.payment_id}, {"$set": state, "$inc": {"version": 1}})

    assert callable(start_dispatcher)
    start_dispatcher()

    world.reaches(payment.payment_id, pb.PAYMENT_STATE_AWAITING_CONFIRMATION)


def test_refuses_what_is_foreign_exactly_as_what_is_absent(world: PaymentsWorld) -> None:
    stranger, payment = "sub_" + "2" * 32, world.pay()
    world.accounts.foreign.add("acc_foreign")

    def refusal(method: str, request: object, subscriber: str = "") -> tuple[str, str]:
        with pytest.raises(RemoteError) as caught:
            world.ask(method, request, subscriber=subscriber)
        return caught.value.reason, str(caught.value)

    foreign = refusal("GetPayment", pb.GetPaymentRequest(payment_id=payment.payment_id), stranger)
    absent = refusal("GetPayment", pb.GetPaymentRequest(payment_id="pay_none"), stranger)

    assert foreign == absent == ("PAYMENT_NOT_FOUND", "There is no such payment.")
    assert world.ask("ListPayments", pb.ListPaymentsRequest(), subscriber=stranger).payments == []
    with pytest.raises(RemoteError) as caught:
        world.pay(billing_account_id="acc_foreign")
    assert caught.value.reason == "BILLING_ACCOUNT_NOT_FOUND"


def test_lists_the_payments_page_by_page_newest_first(world: PaymentsWorld) -> None:
    made = [world.pay(billing_account_id=f"acc_{number % 2}").payment_id for number in range(5)]

    first = world.ask("ListPayments", pb.ListPaymentsRequest(page_size=3))
    rest = world.ask("ListPayments", pb.ListPaymentsRequest(page_size=3, page_token=first.next_page_token))
    of_one = world.ask("ListPayments", pb.ListPaymentsRequest(billing_account_id="acc_1"))

    listed = [payment.payment_id for payment in [*first.payments, *rest.payments]]
    assert listed == made[::-1]
    assert rest.next_page_token == ""
    assert [payment.payment_id for payment in of_one.payments] == [made[3], made[1]]
    with pytest.raises(RemoteError, match="page token"):
        world.ask("ListPayments", pb.ListPaymentsRequest(page_token="WyJ4Il0"))


def test_shows_the_ways_to_pay_with_the_reason_of_one_that_is_off(world: PaymentsWorld) -> None:
    answer = world.ask("ListPaymentKinds", pb.ListPaymentKindsRequest())

    kinds = {status.kind: (status.enabled, status.disabled_reason) for status in answer.kinds}
    assert kinds[pb.PAYMENT_KIND_NEW_CARD] == (True, "")
    assert kinds[pb.PAYMENT_KIND_WEBMONEY] == (False, "WITHDRAWN_BY_OPERATOR")
    assert "Мир" in answer.card_brands


@pytest.mark.usefixtures("dispatcher")
def test_a_removed_card_is_gone_for_good(world: PaymentsWorld) -> None:
    card = world.save_card()
    request = pb.RemovePaymentMethodRequest(payment_method_id=card.payment_method_id)

    world.ask("RemovePaymentMethod", request)
    world.ask("RemovePaymentMethod", request)

    assert world.ask("ListPaymentMethods", pb.ListPaymentMethodsRequest()).payment_methods == []
    kept = world.parts.database["payment_methods"].find_one({"_id": card.payment_method_id})
    assert kept is not None and kept["acquirer_method_id"] == ""
    with pytest.raises(RemoteError) as caught:
        world.pay_saved(card.payment_method_id)
    assert caught.value.reason == "PAYMENT_METHOD_NOT_FOUND"
    with pytest.raises(RemoteError) as foreign:
        world.ask("RemovePaymentMethod", request, subscriber="sub_" + "2" * 32)
    assert foreign.value.reason == "PAYMENT_METHOD_NOT_FOUND"


@pytest.mark.usefixtures("dispatcher")
def test_sbp_leads_to_the_acquirers_page_and_is_posted_once(world: PaymentsWorld) -> None:
    payment = world.pay(kind=pb.PAYMENT_KIND_SBP)

    world.acquirer.answer(world.acquirer_id(payment.payment_id))
    world.notify(payment.payment_id)
    posted = world.reaches(payment.payment_id, pb.PAYMENT_STATE_POSTED)

    assert (payment.state, payment.confirmation_url[:4]) == (pb.PAYMENT_STATE_AWAITING_CONFIRMATION, "http")
    assert posted.kind == pb.PAYMENT_KIND_SBP
    assert world.acquirer.ledger(payment.payment_id) == [("charge", 45_000)]
    assert world.accounts.credited == {payment.payment_id: 45_000}


@pytest.mark.usefixtures("dispatcher")
def test_a_card_from_abroad_pays_once_and_is_not_kept(world: PaymentsWorld) -> None:
    payment = world.pay(save_payment_method=True)

    world.acquirer.confirm(world.acquirer_id(payment.payment_id), card=A_CARD_FROM_ABROAD)
    world.notify(payment.payment_id)
    posted = world.reaches(payment.payment_id, pb.PAYMENT_STATE_POSTED)

    assert posted.card_not_kept_reason == "CARD_NOT_ACCEPTED"
    assert world.ask("ListPaymentMethods", pb.ListPaymentMethodsRequest()).payment_methods == []
    assert world.parts.database["payment_methods"].count_documents({}) == 0


def test_of_two_different_keys_at_once_one_goes_through_unasked(world: PaymentsWorld) -> None:
    def try_to_pay(_: int) -> str:
        request_id = new_id("req")
        return until_answered(lambda: world.pay(confirm_repeat=False, request_id=request_id).payment_id)

    for _ in range(3):
        world.parts.database["payments"].delete_many({})
        world.parts.database["payment_intents"].delete_many({})
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(try_to_pay, range(16)))

        assert answers.count("SIMILAR_PAYMENT") == 15
        assert world.parts.database["payments"].count_documents({}) == 1


def test_the_same_again_within_three_minutes_is_asked_about_and_then_paid(world: PaymentsWorld) -> None:
    first = world.pay(confirm_repeat=False)

    with pytest.raises(RemoteError) as caught:
        world.pay(confirm_repeat=False, request_id="the second")
    confirmed = world.pay(request_id="the second")
    repeated = world.pay(confirm_repeat=False, request_id="the second")

    assert caught.value.reason == "SIMILAR_PAYMENT"
    assert int(caught.value.metadata["seconds_ago"]) >= 0
    assert first.payment_id != confirmed.payment_id == repeated.payment_id


def test_the_first_answer_comes_again_and_another_content_is_refused(world: PaymentsWorld) -> None:
    first = world.pay(request_id="one and the same")

    again = world.pay(request_id="one and the same")
    with pytest.raises(RemoteError) as caught:
        world.pay(request_id="one and the same", kopecks=45_001)

    assert again == first
    assert caught.value.reason == "REQUEST_ID_REUSED"
