"""Reading ahead: pieces that grow with the load, memory that does not."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import pytest

from services.chassis.read_ahead import ReadAhead
from tests.support import eventually

_MUCH = 1_000_000


@dataclass(frozen=True)
class _Piece:
    size_bytes: int


def _piece(length: int = 10) -> _Piece:
    return _Piece(length)


def test_takes_what_has_come_and_ends_with_the_stream() -> None:
    ahead = ReadAhead(iter([_piece(), _piece(), _piece()]), most_bytes=_MUCH)
    eventually(lambda: not _is_reading())

    assert ahead.take(most=2, within_s=30) == [_piece(), _piece()]
    assert ahead.take(most=2, within_s=30) == [_piece()]
    assert ahead.take(most=2, within_s=30) is None


def test_returns_nothing_when_nothing_comes_in_time() -> None:
    release = threading.Event()

    def silent() -> Iterator[_Piece]:
        release.wait(10)
        yield _piece()

    ahead = ReadAhead(silent(), most_bytes=_MUCH)

    assert ahead.take(most=1, within_s=0.01) == []
    release.set()
    assert ahead.take(most=1, within_s=30) == [_piece()]


def test_reads_no_further_than_it_may_until_something_is_taken() -> None:
    read: list[int] = []

    def endless() -> Iterator[_Piece]:
        for number in range(1000):
            read.append(number)
            yield _piece(100)

    ahead = ReadAhead(endless(), most_bytes=250)
    taken: list[_Piece] = []

    def three_have_come() -> bool:
        taken.extend(ahead.take(most=3 - len(taken), within_s=30) or ())
        return len(taken) == 3

    eventually(lambda: len(read) == 3)
    eventually(three_have_come)
    eventually(lambda: len(read) == 6)
    ahead.stop()
    eventually(lambda: not _is_reading())
    assert len(read) == 6


def test_a_stream_that_is_cut_ends_with_what_had_come() -> None:
    def cut() -> Iterator[_Piece]:
        yield _piece()
        raise grpc.RpcError

    ahead = ReadAhead(cut(), most_bytes=_MUCH)

    assert ahead.take(most=5, within_s=30) == [_piece()]
    assert ahead.take(most=5, within_s=30) is None


def test_hands_on_what_nobody_foresaw() -> None:
    def broken() -> Iterator[_Piece]:
        yield _piece()
        raise KeyError("surprise")

    ahead = ReadAhead(broken(), most_bytes=_MUCH)

    assert ahead.take(most=5, within_s=30) == [_piece()]
    with pytest.raises(KeyError):
        ahead.take(most=5, within_s=30)


def _is_reading() -> bool:
    return any(thread.name == "read-ahead" for thread in threading.enumerate())
