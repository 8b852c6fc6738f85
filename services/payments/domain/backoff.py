"""When an undecided thing is asked about again: a list of pauses, as data."""

from dataclasses import dataclass
from datetime import timedelta

_PAUSES_S = (5, 15, 60, 300, 3600, 86_400)
_REGISTRY_PAUSES_S = (60, 300, 900)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses before the first, second, ... question; the last one goes on for ever."""

    pauses: tuple[timedelta, ...]

    def pause(self, asked: int, /) -> timedelta:
        """Return the pause before the next question when `asked` questions were planned before it."""
        return self.pauses[min(asked, len(self.pauses) - 1)]


def standard_backoff(*, scale: float = 1.0) -> Backoff:
    """Return 5 s, 15 s, 1 min, 5 min, 1 h, then daily. `scale` shortens all of them, in suites of tests only."""
    return _backoff(_PAUSES_S, scale)


def registry_backoff(*, scale: float = 1.0) -> Backoff:
    """Return 1 min, 5 min, then every 15 min: a day whose registry could not be read is tried until it can be."""
    return _backoff(_REGISTRY_PAUSES_S, scale)


def _backoff(pauses_s: tuple[int, ...], scale: float) -> Backoff:
    return Backoff(tuple(timedelta(seconds=pause * scale) for pause in pauses_s))
