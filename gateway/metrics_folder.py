"""The folder in which the workers of one gunicorn put their numbers together; must not import the metrics library."""

import shutil
from pathlib import Path


def open_metrics_folder(folder: Path, /) -> Path:
    """Make the folder and return it; remove those that gunicorns of before, by now ended, left beside it.

    A name ends in the process id of its gunicorn, so a new one begins to count at zero.
    """
    stem, _, own = folder.name.rpartition("-")
    for other in folder.parent.glob(f"{stem}-*"):
        number = other.name.rpartition("-")[2]
        if number.isdigit() and number != own and not Path("/proc", number).exists():
            shutil.rmtree(other, ignore_errors=True)  # another worker may be removing it too
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder
