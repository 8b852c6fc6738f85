"""What happens in a region because time passes: tariff changes take effect, orders move on, promises fall overdue."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database
from sandbox.region import promised_payments, service_orders, tariffs
from sandbox.region.rules import Rules
from sandbox.region.values import render_time

_TICK_S = 0.5
_DUE = {
    "tariff_changes": "SELECT * FROM tariff_changes WHERE due_at <= ? ORDER BY due_at",
    "service_orders": "SELECT * FROM service_orders WHERE due_at <= ? ORDER BY due_at",
    "promised_payments": "SELECT * FROM promised_payments WHERE state = 'open' AND due_at <= ? ORDER BY due_at",
}


class Calendar:
    """Does what is due by the region's clock: on a thread of its own, and before every answer that depends on it, so
    that nobody sees a state that the date has overtaken."""

    def __init__(self, *, database: Database, rules: Rules, clock: Clock, on_news: Callable[[], None]) -> None:
        self._database = database
        self._rules = rules
        self._clock = clock
        self._on_news = on_news
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="calendar", daemon=True)

    def start(self) -> None:
        """Begin to look at the clock."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way."""
        self._stopping.set()
        self._thread.join()

    def catch_up(self) -> None:
        """Do all that is due now, as one transaction; reading finds out whether there is anything."""
        now = render_time(self._clock.now())
        if any(self._database.read().execute(due, (now,)).fetchone() for due in _DUE.values()):
            self._settle()
            self._on_news()

    def _settle(self) -> None:
        now = self._clock.now()
        with self._database.write() as connection:
            found = {name: connection.execute(due, (render_time(now),)).fetchall() for name, due in _DUE.items()}
            for row in found["promised_payments"]:
                with _whole_or_not_at_all(connection):
                    promised_payments.fall_overdue(connection, row, now=now)
            for row in found["tariff_changes"]:
                with _whole_or_not_at_all(connection):
                    tariffs.take_effect(connection, self._rules, row, now=now)
            for row in found["service_orders"]:
                with _whole_or_not_at_all(connection):
                    service_orders.take_step(connection, self._rules, row, now=now)

    def _run(self) -> None:
        while not self._stopping.wait(_TICK_S):
            try:
                self.catch_up()
            except Exception:
                json_log.failure("calendar")  # the next tick tries again; the thread must not end in silence


@contextmanager
def _whole_or_not_at_all(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a step; one that fails leaves nothing, is tried again at the next tick, and holds nobody else up."""
    connection.execute("SAVEPOINT step")
    try:
        yield
    except Exception:
        connection.execute("ROLLBACK TO step")
        json_log.failure("calendar step")
    connection.execute("RELEASE step")
