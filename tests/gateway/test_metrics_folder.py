"""Where the workers' numbers are put together."""

import os
from pathlib import Path

from gateway.metrics_folder import open_metrics_folder

_NO_PROCESS = 2**22 + 1  # beyond the largest process id that Linux gives


def test_keeps_the_folders_of_those_that_live_and_removes_the_others(tmp_path: Path) -> None:
    for name in (f"metrics-{_NO_PROCESS}", f"metrics-{os.getpid()}", "metrics-notes", "other-1"):
        (tmp_path / name).mkdir()

    folder = open_metrics_folder(tmp_path / "metrics-1")

    assert folder.is_dir()
    kept = {entry.name for entry in tmp_path.iterdir()}
    assert kept == {"metrics-1", f"metrics-{os.getpid()}", "metrics-notes", "other-1"}
