"""The threads of a dispatcher: run a step while it finds something, then wait; what it does, others know."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from services.chassis.traces import trace_of

_log = structlog.get_logger(__name__)
_BACKOFF_FIRST_S = 0.2
_BACKOFF_MAX_S = 5.0


Wake = Callable[[datetime | None], None]
"""Told that there may be something to do: then, or now."""


class Waker(Protocol):
    """Whoever can say that there may be something to do: `services.chassis.changes.ChangeStreamWaker`."""

    def subscribe(self, field: str, wake: Wake, /, *, collection: str | None = None) -> None:
        """Call `wake` whenever the field of a document was written, of one collection or of any."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Due(Protocol):
    """Whoever knows when the next work is due: `services.chassis.work.DueWork`."""

    @property
    def collection_name(self) -> str:
        """Whose documents the work hangs on."""
        ...

    def next_waits_s(self) -> Sequence[float]:
        """Return how long the next two pieces of work have to wait, 0 for one that is due, the earlier first; fewer
        when no more wait."""
        ...

    def seconds_until(self, due_at: datetime, /) -> float:
        """Return how long what is due then has to wait, 0 when it is due."""
        ...


class DispatcherLoop:
    """One or more threads that repeat one step.

    `step` does at most one piece of work and says whether it found any. While it does, it is repeated at once; then the
    thread sleeps until woken, until something is `due`, or for `idle_s`, whichever comes first: waking is for speed,
    `idle_s` is what is relied upon. It is woken by work of the collection of `due`, or by what is written to the field
    `wakes_on` anywhere. A step that raises is logged and repeated with growing pauses; it never ends the thread.

    With a `due` it looks there before each step: one read says whether there is work, whether there is more, and how
    long to sleep, and most of those who are woken find none.

    With `concurrency > 1` each wake-up rouses one thread, and each thread that sees more work than its own, or found
    some where nobody can tell, rouses one more: as many as there is work for, without all of them asking the database
    for one item. When it is time to look, one of them does.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], bool],
        *,
        waker: Waker | None = None,
        due: Due | None = None,
        wakes_on: str = "",
        idle_s: float = 1.0,
        concurrency: int = 1,
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        self._name = name
        self._step = step
        self._idle_s = idle_s
        self._due = due
        self._on_stop = on_stop
        self._stopping = threading.Event()
        self._awake = threading.Condition()
        self._calls = 0
        self._look_at = float("inf")
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(concurrency)
        ]
        if waker is not None and due is not None:
            waker.subscribe("work", self.wake, collection=due.collection_name)
        if waker is not None and wakes_on:
            waker.subscribe(wakes_on, self.wake)

    @property
    def name(self) -> str:
        return self._name

    @property
    def is_alive(self) -> bool:
        """Say whether every thread runs; False is a bug or a stop, and reason enough to restart the process."""
        return all(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wake(self, due_at: datetime | None = None, /) -> None:
        """Rouse one sleeping thread; if all are busy, the next one that would sleep looks again first.

        Not for what is due later than after `idle_s`: each thread looks before that, and sleeps exactly until then.
        """
        if due_at is not None and self._due is not None and self._due.seconds_until(due_at) > self._idle_s:
            return
        with self._awake:
            self._calls = min(self._calls + 1, len(self._threads))
            self._awake.notify()

    def ask_to_stop(self) -> None:
        """Let every thread end after the step it is in."""
        self._stopping.set()
        with self._awake:
            self._awake.notify_all()

    def join(self, timeout_s: float, /) -> bool:
        """Wait for the threads' end; False when a step still runs after `timeout_s`."""
        until = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        ended = not any(thread.is_alive() for thread in self._threads)
        if ended and self._on_stop is not None:
            _guarded(self._name, self._on_stop)
        return ended

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                found, pause_s = self._turn()
                failures = 0
            except Exception as error:  # the boundary of a thread: whatever a step does wrong, the next one is tried
                failures += 1
                found, pause_s = False, _backoff_s(failures)
                _log_failure(self._name, failures, error)
            if failures:
                self._stopping.wait(pause_s)
            elif not found:
                self._sleep(pause_s)

    def _turn(self) -> tuple[bool, float]:
        """Return whether there was work, and how long to sleep if there was none."""
        if self._due is None:
            found = self._step()
            if found:
                self._rouse_another()
            return found, self._idle_s
        mine, *others = self._due.next_waits_s() or [self._idle_s]
        if mine > 0.0:
            return False, min(self._idle_s, mine)
        self._leave(others)
        return self._step(), 0.0  # nothing found: somebody else was quicker, and there may be more

    def _sleep(self, seconds: float) -> None:
        """Sleep until called, or until it is time for somebody to look: one of the threads, whichever is first."""
        with self._awake:
            self._look_at = min(self._look_at, time.monotonic() + seconds)
            while not (self._calls or self._stopping.is_set()):
                left_s = self._look_at - time.monotonic()
                if left_s <= 0:
                    self._look_at = time.monotonic() + self._idle_s  # the next one's, however long this one is busy
                    return
                self._awake.wait(left_s)
            self._calls = max(0, self._calls - 1)

    def _leave(self, waits: Sequence[float]) -> None:
        """Leave to others what this thread does not come to: rouse one for what is due, have one look when it is."""
        if 0.0 in waits:
            self._rouse_another()
        elif waits:
            with self._awake:
                self._look_at = min(self._look_at, time.monotonic() + min(waits))
                self._awake.notify()

    def _rouse_another(self) -> None:
        if len(self._threads) > 1:
            self.wake()


class Dispatcher:
    """All loops of a service's dispatcher role, started and stopped together."""

    def __init__(self, loops: Sequence[DispatcherLoop], *, waker: Waker | None = None) -> None:
        self._loops = loops
        self._waker = waker

    @property
    def is_alive(self) -> bool:
        """Say whether every loop runs."""
        return all(loop.is_alive for loop in self._loops)

    def start(self) -> None:
        if self._waker is not None:
            self._waker.start()
        for loop in self._loops:
            loop.start()

    def stop(self, *, grace_s: float = 10.0) -> bool:
        """End after the steps under way; False when one outlasts `grace_s`, and whose lease will run out."""
        until = time.monotonic() + grace_s
        for loop in self._loops:
            loop.ask_to_stop()
        if self._waker is not None:
            self._waker.stop()
        late = [loop.name for loop in self._loops if not loop.join(max(0.0, until - time.monotonic()))]
        if late:
            _log.warning("loops_still_busy", loops=late)
        return not late


def _backoff_s(failures: int) -> float:
    """Grow to a few seconds; spread, so that replicas do not come back in step."""
    return float(min(_BACKOFF_MAX_S, _BACKOFF_FIRST_S * 2 ** min(failures - 1, 10)) * random.uniform(0.5, 1.0))


def _guarded(name: str, action: Callable[[], None]) -> None:
    try:
        action()
    except Exception as error:  # the process is on its way out: what cannot be tidied expires by itself
        _log.warning("loop_not_tidied", loop=name, error=type(error).__name__)


def _log_failure(name: str, failures: int, error: Exception) -> None:
    """Log the trace of the first failure of a row only: an outage of minutes shall not fill the log."""
    trace = trace_of(error) if failures == 1 else []
    _log.error("step_failed", loop=name, failures=failures, error=type(error).__name__, trace=trace)
