"""Reading a caller's stream while the last piece of it is still being worked on, and no further ahead than memory
allows."""

from collections import deque
from collections.abc import Iterator, Sequence
from threading import Condition, Thread
from typing import Generic, Protocol, TypeVar

import grpc


class Sized(Protocol):
    """Something that takes room while it waits."""

    @property
    def size_bytes(self) -> int: ...


M = TypeVar("M", bound=Sized)


class ReadAhead(Generic[M]):
    """The pieces of one stream, read by a thread of its own; what is done to them on the way is done there too.

    Whoever takes gets all that has come meanwhile: pieces are small while there is little to do and large under load,
    without a timer. Nothing more is read while `most_bytes` wait, so that a caller who sends faster than can be stored
    is slowed down by gRPC's own flow control.
    """

    def __init__(self, pieces: Iterator[M], *, most_bytes: int) -> None:
        self._pieces = pieces
        self._most_bytes = most_bytes
        self._waiting: deque[M] = deque()
        self._bytes = 0
        self._has_ended = False
        self._problem: Exception | None = None
        self._changed = Condition()
        Thread(target=self._read, name="read-ahead", daemon=True).start()

    def take(self, *, most: int, within_s: float) -> Sequence[M] | None:
        """Return what has come, at most `most` pieces; nothing when nothing came in time, None when the stream has
        ended. A stream that was cut has ended too."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._has_ended, timeout=within_s)
            if self._problem is not None and not self._waiting:
                raise self._problem
            if self._has_ended and not self._waiting:
                return None
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._bytes -= sum(piece.size_bytes for piece in taken)
            self._changed.notify_all()
            return taken

    def stop(self) -> None:
        """Read no more; the thread ends with the call."""
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def _read(self) -> None:
        problem: Exception | None = None
        try:
            for piece in self._pieces:
                if not self._keep(piece):
                    break
        except grpc.RpcError:
            pass  # cut by the caller or on the way; what has come is whole
        except Exception as error:  # the thread's boundary: whoever takes has to know
            problem = error
        with self._changed:
            self._problem, self._has_ended = problem, True
            self._changed.notify_all()

    def _keep(self, piece: M) -> bool:
        """Keep a piece when there is room for more; say whether to go on."""
        with self._changed:
            self._waiting.append(piece)
            self._bytes += piece.size_bytes
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._bytes < self._most_bytes or self._has_ended)
            return not self._has_ended
