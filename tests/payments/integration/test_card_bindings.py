"""Keeping a card without a payment, over real gRPC, MongoDB and the sandbox acquirer."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from kabinet.payments.v1 import payments_pb2 as pb

from services.chassis.grpc_client import RemoteError
from services.chassis.ids import new_id
from tests.payments.builders import RETURN_URL
from tests.payments.integration.conftest import PaymentsWorld
from tests.payments.integration.insisting import until_answered
from tests.payments.integration.sandbox_acquirer import A_CARD, A_CARD_FROM_ABROAD
from tests.support import eventually


def bind(world: PaymentsWorld, request_id: str = "") -> pb.PaymentMethod:
    request = pb.CreatePaymentMethodRequest(request_id=request_id or new_id("req"), return_url=RETURN_URL)
    method: pb.PaymentMethod = world.ask("CreatePaymentMethod", request).payment_method
    return method


def method_of(world: PaymentsWorld, payment_method_id: str) -> pb.PaymentMethod:
    request = pb.GetPaymentMethodRequest(payment_method_id=payment_method_id)
    method: pb.PaymentMethod = world.ask("GetPaymentMethod", request).payment_method
    return method


def token_of(world: PaymentsWorld, payment_method_id: str) -> str:
    """Return the acquirer's id of a card that is being bound, once it is known."""

    def known() -> str:
        binding = world.parts.storage.bindings.get(payment_method_id)
        assert binding is not None
        return binding.acquirer_method_id

    return eventually(known)


def typed(world: PaymentsWorld, payment_method_id: str, *, card: str = A_CARD) -> pb.PaymentMethod:
    """Type a card on the page, tell the notification, and wait until it is decided."""
    token = token_of(world, payment_method_id)
    world.acquirer.confirm_binding(token, card=card)
    hint = pb.NoteAcquirerNotificationRequest(acquirer_payment_id=token, event="payment_method.active")
    world.remote.call(world.stub.NoteAcquirerNotification, hint, cap_s=8)

    def decided() -> pb.PaymentMethod:
        method = method_of(world, payment_method_id)
        assert method.state in {pb.PAYMENT_METHOD_STATE_ACTIVE, pb.PAYMENT_METHOD_STATE_REFUSED}
        return method

    return eventually(decided)


@pytest.mark.usefixtures("dispatcher")
def test_a_bound_card_costs_nothing_and_pays_later(world: PaymentsWorld) -> None:
    before = world.acquirer.position()

    pending = bind(world)
    active = typed(world, pending.payment_method_id)
    costs = world.acquirer.charges_after(before)
    payment = world.pay_saved(pending.payment_method_id)

    assert pending.state == pb.PAYMENT_METHOD_STATE_PENDING and pending.confirmation_url.startswith("http")
    assert (active.brand, active.last4, active.issuer_country) == ("mir", "2987", "RU")
    assert costs == 0
    world.reaches(payment.payment_id, pb.PAYMENT_STATE_POSTED)
    kept = world.parts.database["card_bindings"].find_one({"_id": pending.payment_method_id})
    assert kept is not None and (kept["acquirer_method_id"], kept["card"]) == (None, None)


@pytest.mark.usefixtures("dispatcher")
def test_a_card_from_abroad_is_refused(world: PaymentsWorld) -> None:
    refused = typed(world, bind(world).payment_method_id, card=A_CARD_FROM_ABROAD)

    assert (refused.state, refused.refusal_reason) == (pb.PAYMENT_METHOD_STATE_REFUSED, "card_not_accepted")
    assert world.ask("ListPaymentMethods", pb.ListPaymentMethodsRequest()).payment_methods == []
    with pytest.raises(RemoteError) as caught:
        world.pay_saved(refused.payment_method_id)
    assert caught.value.reason == "PAYMENT_METHOD_NOT_FOUND"


@pytest.mark.usefixtures("dispatcher")
def test_a_lost_answer_is_settled_by_asking(world: PaymentsWorld, subtests: pytest.Subtests) -> None:
    for fault in ("error_500_before", "error_500_after", "reset", "reset_after"):
        with subtests.test(fault):
            world.acquirer.break_next("create_payment_method", fault)

            unknown = bind(world)
            active = typed(world, unknown.payment_method_id)

            assert unknown.state == pb.PAYMENT_METHOD_STATE_UNKNOWN
            assert active.state == pb.PAYMENT_METHOD_STATE_ACTIVE
            assert world.acquirer.armed() == []


def test_20_parallel_requests_with_one_id_are_one_binding(world: PaymentsWorld) -> None:
    def tap() -> str:
        return bind(world, "one and the same").payment_method_id

    with ThreadPoolExecutor(20) as pool:
        bound = list(pool.map(lambda _: until_answered(tap), range(20)))

    assert len(set(bound)) == 1
    assert world.parts.database["card_bindings"].count_documents({}) == 1


@pytest.mark.usefixtures("dispatcher")
def test_a_removed_card_is_gone_whether_bound_or_not(world: PaymentsWorld) -> None:
    active = typed(world, bind(world).payment_method_id)
    pending = bind(world)
    token = token_of(world, pending.payment_method_id)

    for method in (active, pending):
        world.ask("RemovePaymentMethod", pb.RemovePaymentMethodRequest(payment_method_id=method.payment_method_id))
    world.acquirer.confirm_binding(token)

    for method in (active, pending):
        with pytest.raises(RemoteError) as caught:
            method_of(world, method.payment_method_id)
        assert caught.value.reason == "PAYMENT_METHOD_NOT_FOUND"
    assert world.ask("ListPaymentMethods", pb.ListPaymentMethodsRequest()).payment_methods == []
