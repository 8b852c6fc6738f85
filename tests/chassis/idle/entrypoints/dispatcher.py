"""Threads that wait, as those of a real dispatcher mostly do."""

import threading
from dataclasses import dataclass

_THREADS = 32
_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Idling:
    """The threads, until they are stopped."""

    stopping: threading.Event

    def stop(self, *, grace_s: float) -> None:
        """End them."""
        self.stopping.set()
        print("stopped", flush=True)


def start() -> Idling:
    """Start them."""
    idling = Idling(threading.Event())
    for _ in range(_THREADS):
        threading.Thread(target=_idle, args=(idling.stopping,), daemon=True).start()
    print("started", flush=True)
    return idling


def _idle(stopping: threading.Event) -> None:
    while not stopping.wait(_PAUSE_S):
        pass
