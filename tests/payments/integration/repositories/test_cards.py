"""Saved cards, and cards that are being bound."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.errors import VersionConflict
from services.payments.domain.acquirer import SavedCard
from services.payments.domain.card_binding import BindingState
from services.payments.domain.ports import (
    AlreadySaved,
    CardBindingRepository,
    PaymentMethodRepository,
)
from tests.payments.builders import (
    A_MORNING,
    make_binding,
    make_method,
)

_LATER = A_MORNING + timedelta(minutes=1)


class TestPaymentMethodRepository:
    def test_keeps_cards_and_lists_those_not_removed(self, build: Callable[[str], Any]) -> None:
        methods: PaymentMethodRepository = build("methods")
        old = make_method(subscriber_id="sub_1")
        new = make_method(subscriber_id="sub_1", saved_at=_LATER)
        removed = make_method(subscriber_id="sub_1")
        for method in (old, new, removed, make_method(subscriber_id="sub_2")):
            methods.save(method)

        removed.remove(now=_LATER)
        methods.save(removed)

        assert methods.usable_of(subscriber_id="sub_1") == [new, old]
        assert methods.get(removed.payment_method_id) == removed
        with pytest.raises(AlreadySaved):
            methods.save(make_method(payment_method_id=old.payment_method_id))
        with pytest.raises(VersionConflict):
            methods.save(replace(old, version=7))


class TestCardBindingRepository:
    @pytest.fixture
    def bindings(self, build: Callable[[str], Any]) -> CardBindingRepository:
        repository: CardBindingRepository = build("bindings")
        return repository

    def test_returns_what_was_saved(self, bindings: CardBindingRepository) -> None:
        card = SavedCard(acquirer_method_id="t", brand="mir", last4="2987", expires="2099-12", issuer_country="RU")
        binding = make_binding(state=BindingState.BOUND, acquirer_method_id="t", card=card, due_at=_LATER, asked=2)

        bindings.save(binding)

        assert bindings.get(binding.payment_method_id) == binding
        found = bindings.by_request(subscriber_id=binding.subscriber_id, request_id=binding.request_id)
        assert found == binding

    def test_a_request_has_one_binding_and_a_lost_race_is_a_conflict(self, bindings: CardBindingRepository) -> None:
        first = make_binding()
        bindings.save(first)
        second = make_binding(subscriber_id=first.subscriber_id, request_id=first.request_id)
        stale = replace(first)

        with pytest.raises(AlreadySaved):
            bindings.save(second)
        bindings.save(first)
        with pytest.raises(VersionConflict):
            bindings.save(stale)

    def test_a_hint_makes_an_open_binding_due_and_nothing_else(self, bindings: CardBindingRepository) -> None:
        waiting = make_binding(
            state=BindingState.AWAITING_CONFIRMATION, acquirer_method_id="open", due_at=_LATER + timedelta(hours=1)
        )
        ended = make_binding(state=BindingState.REFUSED, acquirer_method_id="ended")
        for binding in (waiting, ended):
            bindings.save(binding)

        for acquirer_method_id in ("open", "ended", "nobody's"):
            bindings.hurry(acquirer_method_id=acquirer_method_id, now=_LATER)

        hurried, left = (bindings.get(binding.payment_method_id) for binding in (waiting, ended))
        assert hurried is not None and (hurried.due_at, hurried.version) == (_LATER, 2)
        assert left is not None and (left.due_at, left.version) == (None, 1)
