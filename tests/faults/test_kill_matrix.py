"""At each point of a payment's life a process is ended, by SIGKILL and by SIGTERM, with two payments by hand and two
automatic ones at that very point: afterwards each is charged once and credited once."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.faults.batch import AUTOMATIC, MANUAL, Batch
from tests.faults.kill_matrix import POINTS, Point
from tests.faults.stage import Stage

pytestmark = pytest.mark.long
SIGNALS = ("KILL", "TERM")
CELLS = [
    pytest.param(point, signal_name, kind, id=f"{point.name.replace(' ', '-')}-{signal_name}-{kind}")
    for point in POINTS
    for signal_name in SIGNALS
    for kind in (MANUAL, AUTOMATIC)
    if kind == MANUAL or point.automatic
]


class Crashes:
    """The ends that have been made: one for the payments of both kinds, whose tests look at their own each."""

    def __init__(self, stage: Stage) -> None:
        """None was made yet."""
        self._stage = stage
        self._batches: dict[tuple[str, str], Batch] = {}
        self._payment_ids: dict[tuple[str, str], dict[str, list[str]]] = {}

    def payment_ids(self, point: Point, signal_name: str, kind: str) -> list[str]:
        """Return the payments of a kind that were at a point when a process ended there; all are final.

        Both ends of a point are made before either is looked at: one recovers while the other is brought about.
        """
        for name in SIGNALS:
            if (point.name, name) not in self._batches:
                self._batches[point.name, name] = self._end(point, name)
        made = (point.name, signal_name)
        if made not in self._payment_ids:
            self._payment_ids[made] = self._settled(self._batches[made])
        return self._payment_ids[made][kind]

    def _settled(self, batch: Batch) -> dict[str, list[str]]:
        payment_ids = batch.insist()
        self._stage.settle([payment_id for of_kind in payment_ids.values() for payment_id in of_kind], timeout_s=60)
        batch.stop_rules()
        return payment_ids

    def _end(self, point: Point, signal_name: str) -> Batch:
        stage = self._stage
        stage.recover()
        random = Random(f"{stage.seed} {point.name} {signal_name}")
        batch = Batch(stage, random=random, automatic=point.automatic, saved_card=point.saved_card)
        with point.held(stage, batch):
            point.wait_until_there(stage, batch)
            with stage.frozen(point.victim):  # what is read now is how it stood when the process ended
                assert not batch.strays(point.shows), batch.strays(point.shows)
                ended = stage.end(point.victim, signal_name)
            if signal_name == "KILL":
                stage.wait_until_gone(ended)  # nothing is let go before
        stage.wait_until_gone(ended)
        return batch


@pytest.fixture(scope="module")
def crashes(cast: Stage, books: None) -> Iterator[Crashes]:
    """All that are made in one run share a suite."""
    yield Crashes(cast)


def test_the_table_has_every_point() -> None:
    assert {point.name.split()[0] for point in POINTS} == {f"K{number}" for number in range(1, 17)}


@pytest.mark.parametrize(("point", "signal_name", "kind"), CELLS)
def test_an_end_at_this_point_loses_nothing_and_doubles_nothing(
    stage: Stage, crashes: Crashes, point: Point, signal_name: str, kind: str
) -> None:
    payment_ids = crashes.payment_ids(point, signal_name, kind)

    assert len(set(payment_ids)) == 2
    assert {stage.state(payment_id) for payment_id in payment_ids} == {"posted"}
    assert [stage.charges(payment_id) for payment_id in payment_ids] == [1, 1]
    assert [len(stage.credited(payment_id)) for payment_id in payment_ids] == [1, 1]
