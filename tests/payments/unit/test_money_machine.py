"""Anything in any order, fifty thousand steps of it: payments, rules, silence, kills, clocks; money survives it all.

A run follows from the seed that heads its output: `pytest -p randomly --randomly-seed=1234 <this file>` replays it.
"""

from random import Random
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from tests.payments.money_checks import Watch, complaints_at_rest
from tests.payments.money_machine import MoneyMachine

_STEPS = 50_000
_PARTS = 6  # each well below what pytest allows a test, on a busy machine too
_STEPS_EACH = 100
_RUNS = 120  # of a part; hypothesis ends some of them early

_ids = Random()


class CheckedMoneyMachine(MoneyMachine):
    """Counts its steps and holds the invariants against each."""

    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        _ids.seed(0)
        super().__init__()
        self._watch = Watch(self.world)

    @invariant()
    def nothing_is_wrong_already(self) -> None:
        type(self).steps += 1
        complaints = self._watch.complaints()
        assert not complaints, "\n".join(complaints)

    def teardown(self) -> None:
        complaints = complaints_at_rest(self.world, acknowledged=self.acknowledged)
        assert not complaints, "\n".join(complaints)


@pytest.fixture(autouse=True)
def ids_that_follow_from_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule's hour of the day follows from its id: without this a run could not be replayed."""
    monkeypatch.setattr("services.chassis.ids.uuid4", lambda: UUID(int=_ids.getrandbits(128)))


@pytest.mark.parametrize("part", range(_PARTS))
def test_money_survives_fifty_thousand_steps_of_anything(part: int, request: pytest.FixtureRequest) -> None:
    machine = seed(f"{request.config.getoption('randomly_seed')}-{part}")(CheckedMoneyMachine)
    before = CheckedMoneyMachine.steps

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=_RUNS,
            stateful_step_count=_STEPS_EACH,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert CheckedMoneyMachine.steps - before >= _STEPS / _PARTS
