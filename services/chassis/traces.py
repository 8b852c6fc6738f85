"""Where an error happened, without what it said: the text of an unforeseen error may hold personal data."""

import traceback
from pathlib import Path

_DEEPEST = 12


def trace_of(error: BaseException, /) -> list[str]:
    """Return the innermost frames, such as `save_versioned (mongo.py:64)`, fit for any log."""
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
    return [f"{frame.name} ({Path(frame.filename).name}:{frame.lineno})" for frame in frames]
