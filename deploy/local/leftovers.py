"""Processes of a suite that outlived its supervisor, as after a kill of the whole terminal: found and ended.

Every process of a suite carries the path of its run folder in its environment; that is how it is told from any other.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from deploy.local.waiting import TookTooLong, wait_until

MARK = "KABINET_RUN_DIR"


def end_leftovers(run_dir: Path) -> bool:
    """End what is left of the suite in `run_dir`; False when nothing was. SIGKILL for what does not mind SIGTERM."""
    found = list(_leftovers(run_dir))
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in _leftovers(run_dir):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        with contextlib.suppress(TookTooLong):
            wait_until(lambda: not list(_leftovers(run_dir)), what="leftovers end", timeout_s=20)
    return bool(found)


def _leftovers(run_dir: Path) -> Iterator[int]:
    mark = os.fsencode(f"{MARK}={run_dir}")
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and mark in _environment(entry):
            yield int(entry.name)


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's, or it ended just now
        return []
