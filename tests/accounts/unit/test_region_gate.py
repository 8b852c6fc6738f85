"""The gate before a region."""

import threading
from collections.abc import Callable

import pytest

from services.accounts.adapters.region_gate import GateRules, RegionGate
from services.accounts.domain.errors import RegionUnavailable
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError

_RULES = GateRules(failures=2, pause_s=3.0, calls=2)


class Watch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _fails(kind: Kind, *, watch: Watch | None = None, after_s: float = 1.0) -> Callable[[], str]:
    def call() -> str:
        if watch is not None:
            watch.now += after_s
        raise RemoteError(kind=kind, reason="X", message="x", metadata={})

    return call


def _gate(watch: Watch) -> RegionGate:
    return RegionGate("54", rules=_RULES, monotonic=watch)


def _break(gate: RegionGate) -> None:
    for _ in range(2):
        with pytest.raises(RemoteError):
            gate.pass_through(_fails(Kind.UNAVAILABLE))


def test_leaves_a_region_alone_that_failed_twice_in_a_row() -> None:
    watch = Watch()
    gate = _gate(watch)
    _break(gate)

    called: list[str] = []
    with pytest.raises(RegionUnavailable):
        gate.pass_through(lambda: called.append("x"))

    assert (called, gate.answers) == ([], False)


def test_tries_again_after_the_pause_and_believes_the_outcome() -> None:
    watch = Watch()
    gate = _gate(watch)
    _break(gate)
    watch.now += 3.0

    with pytest.raises(RemoteError):
        gate.pass_through(_fails(Kind.UNAVAILABLE))
    with pytest.raises(RegionUnavailable):
        gate.pass_through(lambda: "x")
    watch.now += 3.0

    assert gate.pass_through(lambda: "x") == "x"
    assert gate.pass_through(lambda: "y") == "y"
    assert gate.answers


def test_leaves_it_alone_for_longer_each_time_up_to_the_longest_pause() -> None:
    watch = Watch()
    gate = _gate(watch)
    _break(gate)

    pauses = []
    for _ in range(6):
        pause = gate.opens_in_s()
        assert pause is not None
        pauses.append(pause)
        watch.now += pause
        with pytest.raises(RemoteError):
            gate.pass_through(_fails(Kind.UNAVAILABLE))

    assert pauses == [0.25, 0.5, 1.0, 2.0, 3.0, 3.0]


def test_says_beforehand_how_many_calls_it_takes() -> None:
    watch = Watch()
    gate = _gate(watch)
    assert gate.room(5) == 5

    _break(gate)
    assert gate.room(5) == 0
    watch.now += 0.25
    assert (gate.room(5), gate.opens_in_s()) == (1, None)

    def trying() -> None:
        assert gate.room(5) == 0
        assert gate.opens_in_s() is None

    gate.pass_through(trying)
    assert gate.room(5) == 5


def test_a_region_that_keeps_a_caller_waiting_does_not_answer_for_as_long_as_it_does() -> None:
    watch = Watch()
    gate = _gate(watch)

    def slow() -> bool:
        assert gate.answers
        watch.now += 0.5
        return gate.answers

    assert gate.pass_through(slow) is False
    assert gate.answers


def test_lets_one_call_through_to_try() -> None:
    watch = Watch()
    gate = _gate(watch)
    _break(gate)
    watch.now += 3.0

    def trying() -> str:
        with pytest.raises(RegionUnavailable):
            gate.pass_through(lambda: "second")
        return "first"

    assert gate.pass_through(trying) == "first"


@pytest.mark.parametrize("kind", [Kind.NOT_FOUND, Kind.FAILED_PRECONDITION, Kind.INTERNAL, Kind.INVALID])
def test_a_refusal_is_an_answer(kind: Kind) -> None:
    gate = _gate(Watch())
    for _ in range(5):
        with pytest.raises(RemoteError):
            gate.pass_through(_fails(kind))

    assert gate.answers


def test_a_caller_in_a_hurry_does_not_make_the_region_look_dead() -> None:
    watch = Watch()
    gate = _gate(watch)
    for _ in range(5):
        with pytest.raises(RemoteError):
            gate.pass_through(_fails(Kind.DEADLINE_EXCEEDED, watch=watch, after_s=0.1))
    assert gate.answers

    for _ in range(2):
        with pytest.raises(RemoteError):
            gate.pass_through(_fails(Kind.DEADLINE_EXCEEDED, watch=watch, after_s=0.6))
    assert not gate.answers


def test_one_good_answer_forgets_the_failure_before_it() -> None:
    gate = _gate(Watch())
    for _ in range(3):
        with pytest.raises(RemoteError):
            gate.pass_through(_fails(Kind.UNAVAILABLE))
        gate.pass_through(lambda: "x")

    assert gate.answers


def test_a_third_caller_is_told_at_once_while_two_wait() -> None:
    gate = _gate(Watch())
    inside, leave = threading.Barrier(3), threading.Event()

    def hang() -> None:
        inside.wait(60)
        leave.wait(60)

    threads = [threading.Thread(target=gate.pass_through, args=(hang,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait(60)
    try:
        with pytest.raises(RegionUnavailable):
            gate.pass_through(lambda: "x")
    finally:
        leave.set()
        for thread in threads:
            thread.join(60)

    assert gate.pass_through(lambda: "x") == "x"
