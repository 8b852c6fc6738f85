"""The safe consumer on a real broker: what a handler does wrong costs nobody else, and nothing is lost."""

import json
import signal
from collections.abc import Callable

import pytest

from tests.chassis.laboratory import Laboratory
from tests.support.polling import eventually


def test_a_handler_that_returns_has_handled_its_message_once(laboratory: Laboratory) -> None:
    laboratory.start_worker()

    for number in range(50):
        laboratory.send(number)

    eventually(lambda: len(laboratory.effects()) == 50)
    assert laboratory.effects() == list(range(50))
    assert laboratory.database["calls"].count_documents({}) == 50
    assert laboratory.depth(laboratory.inbox) == 0


def test_a_handler_that_raises_climbs_the_ladder_and_ends_among_the_dead_letters(laboratory: Laboratory) -> None:
    laboratory.start_worker()

    laboratory.send(1, "fail")
    laboratory.send(2)

    [letter] = eventually(laboratory.dead_letters)
    assert laboratory.calls(1) == 3  # at once, after the first step, after the second
    assert json.loads(letter.body)["data"] == {"number": 1, "behaviour": "fail"}
    assert letter.headers["x-attempts"] == 3
    assert letter.headers["x-error"] == "RuntimeError"
    assert letter.headers["x-first-failed-at"] < letter.headers["x-failed-at"]
    eventually(lambda: laboratory.effects() == [2])


def test_what_an_error_said_is_neither_in_the_dead_letter_nor_in_the_log(laboratory: Laboratory) -> None:
    laboratory.start_worker()

    laboratory.send(1, "fail")

    [letter] = eventually(laboratory.dead_letters)
    assert "secret@example.org" not in str(letter.headers)
    assert "RuntimeError" in laboratory.log
    assert "secret@example.org" not in laboratory.log


def test_a_handler_that_recovers_is_called_until_then_and_leaves_one_effect(laboratory: Laboratory) -> None:
    laboratory.start_worker()

    laboratory.send(1, "fail_twice")

    eventually(lambda: laboratory.effects() == [1])
    assert laboratory.calls(1) == 3
    assert laboratory.dead_letters() == []


def test_a_permanent_error_is_not_tried_again(laboratory: Laboratory) -> None:
    laboratory.start_worker()

    laboratory.send(1, "refuse")

    [letter] = eventually(laboratory.dead_letters)
    assert laboratory.calls(1) == 1
    assert letter.headers["x-error"] == "PermanentError"
    assert letter.headers["x-attempts"] == 1


def test_a_known_event_without_a_handler_here_waits_for_a_replica_of_another_release(laboratory: Laboratory) -> None:
    laboratory.start_worker()

    laboratory.send_raw(laboratory.body(1, name=f"{laboratory.publisher}.thing_without_handler.v1"))

    [letter] = eventually(laboratory.dead_letters)
    assert letter.headers["x-error"] == "NotHandledHere"
    assert letter.headers["x-attempts"] == 3


def _with_data(laboratory: Laboratory, data: str) -> bytes:
    return laboratory.body(1).replace(b'{"number":1,"behaviour":"work"}', data.encode())


_POISON: dict[str, tuple[str, Callable[[Laboratory], bytes]]] = {
    "bad_json": ("Undecodable", lambda _: b'{"message_id": '),
    "not_utf8": ("Undecodable", lambda _: b"\xff\xfe\x00{}"),
    "empty": ("Undecodable", lambda _: b""),
    "an_array": ("Undecodable", lambda _: b"[]"),
    "no_data": ("Undecodable", lambda lab: _with_data(lab, "null")),
    "2_to_the_63": ("Undecodable", lambda lab: _with_data(lab, '{"number":9223372036854775808,"behaviour":"work"}')),
    "a_float": ("Undecodable", lambda lab: _with_data(lab, '{"number":1.5,"behaviour":"work"}')),
    "not_a_number": ("Undecodable", lambda lab: _with_data(lab, '{"number":NaN,"behaviour":"work"}')),
    "a_huge_number": ("Undecodable", lambda lab: _with_data(lab, '{"number":' + "9" * 10_000 + "}")),
    "deep_nesting": ("Undecodable", lambda lab: _with_data(lab, '{"number":' * 200 + "1" + "}" * 200)),
    "very_deep_nesting": ("Undecodable", lambda _: b"[" * 400_000),
    "10_mb": ("Undecodable", lambda lab: _with_data(lab, '{"number":1,"behaviour":"' + "x" * 10_000_000 + '"}')),
    "wrong_type": ("SchemaViolation", lambda lab: _with_data(lab, '{"number":"1","behaviour":"work"}')),
    "missing_field": ("SchemaViolation", lambda lab: _with_data(lab, '{"number":1}')),
    "unknown_version": ("UnknownEvent", lambda lab: lab.body(1, name=f"{lab.publisher}.thing_happened.v9")),
    "unknown_event": ("UnknownEvent", lambda lab: lab.body(1, name="nobody.knows_this.v1")),
}


def test_poison_is_dead_lettered_at_once_and_its_neighbours_and_the_worker_live_on(laboratory: Laboratory) -> None:
    worker = laboratory.start_worker()
    pid = worker.pid

    for number, (_, make_body) in enumerate(_POISON.values()):
        laboratory.send(100 + number)
        laboratory.send_raw(make_body(laboratory))

    eventually(lambda: len(laboratory.dead_letters()) == len(_POISON))
    letters = laboratory.dead_letters()
    assert sorted(letter.headers["x-error"] for letter in letters) == sorted(error for error, _ in _POISON.values())
    assert {letter.headers["x-attempts"] for letter in letters} == {1}
    eventually(lambda: laboratory.effects() == [100 + number for number in range(len(_POISON))])
    assert worker.is_running()
    assert {call["pid"] for call in laboratory.database["calls"].find()} == {pid}


@pytest.mark.parametrize(
    "properties",
    [
        {"headers": {"x-attempts": "many", "x-first-failed-at": 7}},
        {"headers": {"x-attempts": -3, "compression": "application/x-gzip"}},
        {"content_type": "application/x-python-serialize", "content_encoding": "binary"},
        {"content_type": "text/plain", "content_encoding": "no-such-encoding"},
    ],
    ids=["attempts", "compression", "pickle", "encoding"],
)
def test_foreign_headers_and_properties_cannot_stop_the_worker(
    laboratory: Laboratory, properties: dict[str, object]
) -> None:
    worker = laboratory.start_worker()
    pid = worker.pid

    laboratory.send_raw(b"not an envelope", **properties)
    laboratory.send(2)

    [letter] = eventually(laboratory.dead_letters)
    eventually(lambda: laboratory.effects() == [2])
    assert letter.headers["x-error"] == "Undecodable"
    assert worker.is_running()
    assert worker.pid == pid


def test_a_message_that_kills_its_process_ends_among_the_dead_letters(laboratory: Laboratory) -> None:
    laboratory.ladder_s = "0.2"
    worker = laboratory.start_worker()
    laboratory.send(1, "die")
    laboratory.send(2)

    def restarted_until_it_is_dead() -> bool:
        if not worker.is_running():
            worker.stop()
            worker.start()
        return bool(laboratory.dead_letters())

    eventually(restarted_until_it_is_dead, timeout_s=60, every_s=0.1)
    eventually(lambda: laboratory.effects() == [2])
    [letter] = laboratory.dead_letters()
    assert letter.headers["x-error"] == "RedeliveredTooOften"


def test_the_same_message_twice_has_one_effect(laboratory: Laboratory) -> None:
    worker = laboratory.start_worker()

    laboratory.send(1, message_id="evt_same")
    laboratory.send(1, message_id="evt_same")

    eventually(lambda: laboratory.calls(1) == 2)
    worker.stop()  # which lets both end
    assert laboratory.effects() == [1]
    assert laboratory.depth(laboratory.inbox) == 0


def test_sigterm_lets_the_message_under_way_end_and_leaves_the_rest_in_the_queue(laboratory: Laboratory) -> None:
    worker = laboratory.start_worker()
    laboratory.send(1, "wait")
    eventually(lambda: laboratory.calls(1) == 1)

    worker.signal(signal.SIGTERM)
    laboratory.database["releases"].insert_one({})
    eventually(lambda: not worker.is_running())

    assert laboratory.effects() == [1]
    assert laboratory.depth(laboratory.inbox) == 0
    laboratory.send(2)
    laboratory.start_worker()
    eventually(lambda: laboratory.effects() == [1, 2])
    assert laboratory.calls(1) == 1


def test_a_timer_that_raises_ticks_on(laboratory: Laboratory) -> None:
    worker = laboratory.start_worker()

    eventually(lambda: laboratory.database["ticks"].count_documents({}) >= 3)

    assert worker.is_running()
