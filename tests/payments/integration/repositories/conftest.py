"""Repositories: each conformance test is run against the fake and MongoDB."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.clock import SystemClock
from services.payments.adapters.storage import storage_in
from tests.payments.fakes import (
    FakeBindings,
    FakeFreezes,
    FakeHistory,
    FakeIntents,
    FakeMethods,
    FakeOccasions,
    FakePayments,
    FakePayMonths,
    FakeReceipts,
    FakeRules,
)

Document = dict[str, Any]


@pytest.fixture(params=["fake", "mongo"])
def build(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """Return one repository by its name in Storage."""
    if request.param == "fake":
        payments = FakePayments()
        fakes = {
            "payments": payments,
            "methods": FakeMethods(),
            "intents": FakeIntents(),
            "receipts": FakeReceipts(),
            "bindings": FakeBindings(),
            "rules": FakeRules(),
            "occasions": FakeOccasions(),
            "months": FakePayMonths(),
            "history": FakeHistory(payments),
            "freezes": FakeFreezes(),
        }
        return lambda name: fakes[name]
    database: Database[Document] = request.getfixturevalue("database")
    storage = storage_in(database, clock=SystemClock())
    storage.ensure_indexes()
    return lambda name: getattr(storage, name)
