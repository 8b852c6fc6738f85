"""Binding of cards on a sum of zero: the shop opens it, the payer types the card and the 3-D Secure code."""

import sqlite3
import time
from datetime import datetime
from typing import Any

from sandbox.acquirer import records, webhook_queue
from sandbox.acquirer.binding import Binding, BindingStatus
from sandbox.acquirer.card_form import WRONG_CODE, CardForm, card_of
from sandbox.acquirer.cards import look_up
from sandbox.acquirer.faults import Family, take
from sandbox.acquirer.payment import TIME_TO_CONFIRM, new_object_id
from sandbox.acquirer.request_bodies import CreatePaymentMethod
from sandbox.acquirer.wire import render_binding
from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database


class Binder:
    """The shop's and the payer's side of a binding."""

    def __init__(self, *, database: Database, clock: Clock, shop_id: str, public_url: str) -> None:
        self._database = database
        self._clock = clock
        self._shop_id = shop_id
        self._public_url = public_url

    def create(self, connection: sqlite3.Connection, order: CreatePaymentMethod, /, *, now: datetime) -> dict[str, Any]:
        """Open a binding, inside the caller's transaction."""
        binding = Binding(
            payment_method_id=new_object_id(now=now),
            created_at=now,
            expires_at=now + TIME_TO_CONFIRM,
            return_url=order.checked_return_url(),
            metadata=order.metadata,
        )
        records.save_binding(connection, binding)
        return self.render(binding)

    def render(self, binding: Binding, /) -> dict[str, Any]:
        """Return the binding as the API shows it."""
        return render_binding(binding, shop_id=self._shop_id, public_url=self._public_url)

    def find(self, payment_method_id: str, /) -> Binding | None:
        """Return the binding of a page, or nothing."""
        return records.find_binding(self._database.read(), payment_method_id)

    def submit_card(self, payment_method_id: str, form: CardForm, /) -> Binding:
        """Bind the typed card. Raises CardRefused. A card with 3-D Secure waits for its code."""
        form = form.checked(now=self._clock.now())
        test_card = look_up(form.number)
        with self._database.write() as connection:
            binding = records.get_binding(connection, payment_method_id)
            if binding.awaits_payer():
                binding.card, binding.outcome = card_of(form), test_card.outcome
                if not test_card.three_d_secure:
                    self._settle(connection, binding, test_card.outcome)
                records.save_binding(connection, binding)
        return binding

    def enter_code(self, payment_method_id: str, code: str, /) -> Binding:
        """Answer the 3-D Secure question, as for a payment."""
        with self._database.write() as connection:
            binding = records.get_binding(connection, payment_method_id)
            if binding.status is BindingStatus.PENDING and binding.outcome is not None:
                self._settle(connection, binding, "3d_secure_failed" if code == WRONG_CODE else binding.outcome)
                records.save_binding(connection, binding)
        return binding

    def lapse(self, *, now: datetime) -> bool:
        """End what was not confirmed in time; say whether there was anything."""
        lapsed = records.bindings_to_lapse(self._database.read(), now=now)
        for payment_method_id in lapsed:
            with self._database.write() as connection:
                binding = records.get_binding(connection, payment_method_id)
                binding.settle("expired_on_confirmation")
                records.save_binding(connection, binding)
        return bool(lapsed)

    def _settle(self, connection: sqlite3.Connection, binding: Binding, outcome: str) -> None:
        fault = take(connection, family=Family.OUTCOME, operation="decide", metadata=binding.metadata)
        binding.settle(fault.argument if fault and fault.name == "decline" else outcome)
        if binding.status is BindingStatus.ACTIVE and binding.card is not None:
            records.save_method(connection, binding.payment_method_id, binding.card)
            webhook_queue.enqueue(
                connection,
                event="payment_method.active",
                subject=self.render(binding),
                metadata=binding.metadata,
                wall_time=time.time(),
            )
