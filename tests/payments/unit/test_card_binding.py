"""Keeping a card without a payment: its state table, and what each answer makes of it."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.acquirer import BindingAnswer, Busy, Refused, SavedCard, Silence
from services.payments.domain.backoff import standard_backoff
from services.payments.domain.card_binding import (
    _NEXT,
    BindingState,
    CardBinding,
    IllegalBindingMove,
    settle_binding,
)
from services.payments.domain.offer import PaymentKindDisabled
from services.payments.domain.payment_method import PaymentMethod, PaymentMethodNotFound
from services.payments.domain.request import RequestIdReused
from tests.payments.builders import A_MORNING, RETURN_URL, make_binding
from tests.payments.fake_world import AN_OFFER, Process, World

_NOW = A_MORNING + timedelta(minutes=1)
_CARD = SavedCard(acquirer_method_id="t", brand="visa", last4="1111", expires="2099-12")
_MOVES: dict[str, Callable[[CardBinding], None]] = {
    "await": lambda binding: binding.await_confirmation(url="http://acquirer/bind", now=_NOW),
    "lose": lambda binding: binding.lose_track(now=_NOW),
    "bind": lambda binding: binding.bind(_CARD, now=_NOW),
    "refuse": lambda binding: binding.refuse("not_confirmed", now=_NOW),
    "call_off": lambda binding: binding.call_off(now=_NOW),
}


def opened(process: Process, request_id: str = "one") -> CardBinding:
    return process.bind_card(request_id=request_id, subscriber_id="sub_1", return_url=RETURN_URL)


def usable(world: World) -> list[str]:
    return [method.payment_method_id for method in world.methods.usable_of(subscriber_id="sub_1")]


@given(st.lists(st.sampled_from(sorted(_MOVES)), max_size=8))
def test_only_moves_of_the_table_happen_and_the_history_only_grows(names: list[str]) -> None:
    binding = make_binding()

    for name in names:
        before = list(binding.history)
        try:
            _MOVES[name](binding)
        except IllegalBindingMove:
            assert binding.history == before
        assert binding.history[: len(before)] == before

    states = [step.state for step in binding.history]
    assert all(following in _NEXT[state] for state, following in pairwise(states))


@pytest.mark.parametrize("answer", [Refused("invalid_request"), Busy(), Silence()])
def test_nothing_but_a_told_binding_decides_an_unknown_one(answer: BindingAnswer) -> None:
    binding = make_binding(state=BindingState.UNKNOWN)

    settle_binding(binding, answer, policy=AN_OFFER.card_policy, now=_NOW, backoff=standard_backoff())

    assert binding.state is BindingState.UNKNOWN
    assert binding.due_at == _NOW + timedelta(seconds=5)


@pytest.mark.parametrize("state", [BindingState.UNKNOWN, BindingState.AWAITING_CONFIRMATION])
def test_what_nobody_confirms_is_given_up_after_a_day(state: BindingState) -> None:
    binding = make_binding(state=state)

    binding.try_again(now=A_MORNING + timedelta(hours=24), backoff=standard_backoff())

    assert (binding.state, binding.due_at) == (BindingState.REFUSED, None)
    assert binding.refusal_reason == "expired_on_confirmation"


def test_a_card_is_usable_only_after_the_acquirer_says_that_it_keeps_it() -> None:
    world = World()
    binding = opened(world.process())
    before = usable(world)

    world.binder.confirm(binding.payment_method_id)
    world.process().run(minutes=1)

    assert (binding.state, binding.confirmation_url) == (BindingState.AWAITING_CONFIRMATION, "http://acquirer/bind")
    assert (before, usable(world)) == ([], [binding.payment_method_id])
    shown = world.process().get_method(subscriber_id="sub_1", payment_method_id=binding.payment_method_id)
    assert isinstance(shown, PaymentMethod)


def test_a_card_outside_the_policy_is_refused_and_its_token_forgotten() -> None:
    world = World()
    binding = opened(world.process())

    world.binder.confirm(binding.payment_method_id, country="US")
    world.process().run(minutes=1)

    [refused] = world.bindings.rows.all()
    assert (refused.state, refused.refusal_reason) == (BindingState.REFUSED, "card_not_accepted")
    assert (refused.acquirer_method_id, refused.card, usable(world)) == ("", None, [])


def test_a_lost_answer_is_unknown_and_settled_by_asking_with_one_binding() -> None:
    world = World()
    world.binder.script.append(lambda answer: Silence())

    binding = opened(world.process())
    world.process().run(minutes=1)

    assert binding.state is BindingState.UNKNOWN
    assert world.bindings.rows.all()[0].state is BindingState.AWAITING_CONFIRMATION
    assert len(world.binder.by_key) == 1


def test_the_same_request_is_the_same_binding_and_another_content_is_refused() -> None:
    world = World()

    first, again = opened(world.process()), opened(world.process())

    assert first.payment_method_id == again.payment_method_id
    with pytest.raises(RequestIdReused):
        world.process().bind_card(request_id="one", subscriber_id="sub_1", return_url=f"{RETURN_URL}/2")


def test_a_binding_called_off_never_becomes_a_card() -> None:
    world = World()
    binding = opened(world.process())

    world.process().remove_method(subscriber_id="sub_1", payment_method_id=binding.payment_method_id)
    world.process().remove_method(subscriber_id="sub_1", payment_method_id=binding.payment_method_id)
    world.binder.confirm(binding.payment_method_id)
    world.process().run(minutes=30)

    assert usable(world) == []
    with pytest.raises(PaymentMethodNotFound):
        world.process().get_method(subscriber_id="sub_1", payment_method_id=binding.payment_method_id)


def test_a_card_removed_between_its_binding_and_its_writing_down_is_gone() -> None:
    world = World()
    binding = make_binding(subscriber_id="sub_1")
    binding.bind(_CARD, now=world.clock.now())
    world.bindings.save(binding)

    world.process().remove_method(subscriber_id="sub_1", payment_method_id=binding.payment_method_id)
    world.process().run(minutes=1)

    assert usable(world) == []
    kept = world.methods.get(binding.payment_method_id)
    assert kept is not None and kept.acquirer_method_id == ""


def test_a_foreign_binding_looks_absent() -> None:
    world = World()
    binding = opened(world.process())

    for act in (world.process().get_method, world.process().remove_method):
        with pytest.raises(PaymentMethodNotFound):
            act(subscriber_id="sub_2", payment_method_id=binding.payment_method_id)

    assert world.bindings.rows.all()[0].state is BindingState.AWAITING_CONFIRMATION


def test_refuses_where_saved_cards_are_off() -> None:
    world = World()
    process = world.process()

    with pytest.raises(PaymentKindDisabled):
        type(process.bind_card)(
            bindings=world.bindings,
            binding=process.bind_card.binding,
            offer=type(AN_OFFER)(kinds=(), card_policy=AN_OFFER.card_policy, largest_payment=AN_OFFER.largest_payment),
            return_prefixes=("http://localhost:18080",),
            clock=world.clock,
            charge_timeout_s=4,
            charge_grace=timedelta(seconds=12),
        )(request_id="one", subscriber_id="sub_1", return_url=RETURN_URL)

    assert world.binder.by_key == {}


def test_no_token_shows_in_a_repr() -> None:
    binding = make_binding(
        acquirer_method_id="secret-token",
        card=SavedCard(acquirer_method_id="secret-token", brand="mir", last4="2987", expires="2099-12"),
    )

    assert "secret-token" not in repr(binding)
