"""What happens to payments as time passes: put-off outcomes are told, unconfirmed and uncaptured payments lapse."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

from sandbox.acquirer import idempotence, records
from sandbox.acquirer.binder import Binder
from sandbox.acquirer.books import Books
from sandbox.acquirer.cash_register import CashRegister
from sandbox.acquirer.payment import Payment
from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database

_POLL_S = 0.1
_FORGET_EVERY_S = 600.0


class Housekeeping:
    """A thread that looks for what is due; `on_change` is called after a round that changed something."""

    def __init__(
        self,
        *,
        database: Database,
        books: Books,
        binder: Binder,
        cash_register: CashRegister,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        self._database = database
        self._binder = binder
        self._cash_register = cash_register
        self._books = books
        self._clock = clock
        self._on_change = on_change
        self._stopped = threading.Event()
        self._forgotten_at = 0.0
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the present round."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(_POLL_S):
            try:
                self._round()
            except Exception:  # process boundary: the thread must outlive a bad moment of the database
                json_log.failure("housekeeping round failed")

    def _round(self) -> None:
        now, wall_time = self._clock.now(), time.time()
        self._cash_register.register_due(now=now)
        resolved = records.payments_to_resolve(self._database.read(), wall_time=wall_time)
        lapsed = records.payments_to_lapse(self._database.read(), now=now)
        for payment_id in resolved:
            self._change(payment_id, _resolve, now)
        for payment_id in lapsed:
            self._change(payment_id, _lapse, now)
        if self._binder.lapse(now=now) or resolved or lapsed:
            self._on_change()
        if wall_time - self._forgotten_at > _FORGET_EVERY_S:
            self._forgotten_at = wall_time
            with self._database.write() as connection:
                idempotence.forget_old(connection, now=now)

    def _change(self, payment_id: str, change: Callable[[Payment, datetime], None], now: datetime) -> None:
        """Read again inside the transaction: a request may have been faster."""
        with self._database.write() as connection:
            payment = records.get_payment(connection, payment_id)
            was = payment.status
            change(payment, now)
            self._books.record(connection, payment, was=was, now=now)


def _resolve(payment: Payment, now: datetime) -> None:
    if payment.suspense is not None and payment.suspense.kind == "processing":
        payment.settle(payment.suspense.outcome, now=now)


def _lapse(payment: Payment, now: datetime) -> None:
    processing = payment.suspense is not None and payment.suspense.kind == "processing"
    if payment.expires_at is not None and payment.expires_at <= now and not processing:
        payment.lapse()
