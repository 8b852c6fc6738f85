"""Planting a bug in a copy of the tree, running the tests that should catch it, and healing the copy."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.seeded_bugs.bugs import Bug

ROOT = Path(__file__).parents[2]
_LONGEST_S = 600
_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".run", ".hypothesis", ".*_cache", "__pycache__", "*.log")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)


class TextNotFound(Exception):
    """A bug's text does not stand exactly once in its file: the code has moved on, and bugs.py has to follow."""


def copy_to(folder: Path) -> Path:
    """Copy what is tested, not what it runs with, and return where it is."""
    return Path(shutil.copytree(ROOT, folder / "kabinet", ignore=_NOT_COPIED))


def planted_text(bug: Bug, *, tree: Path) -> str:
    """Return the bug's file as it is with the bug. Raises TextNotFound."""
    source = (tree / bug.file).read_text()
    if source.count(bug.text) != 1:
        raise TextNotFound(f"{bug.name}: found {source.count(bug.text)} times in {bug.file}: {bug.text!r}")
    return source.replace(bug.text, bug.wrong)


@contextmanager
def planted(bug: Bug, *, tree: Path) -> Iterator[None]:
    """Have the bug in the copy for a while."""
    file = tree / bug.file
    wrong, right = planted_text(bug, tree=tree), file.read_text()
    file.write_text(wrong)
    try:
        yield
    finally:
        file.write_text(right)


def failing(tests: Sequence[str], *, tree: Path, seed: int) -> list[str]:
    """Run tests in the copy and return which failed, the first one only. An AssertionError when they cannot be run."""
    command = [sys.executable, "-m", "pytest", *tests, "-q", "-x", "-p", "tests.seeded_bugs.no_shrinking"]
    ran = subprocess.run(
        [*command, "-p", "randomly", f"--randomly-seed={seed}"],
        cwd=tree,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )
    assert ran.returncode in {0, 1}, ran.stdout[-2000:] + ran.stderr[-2000:]
    return _FAILED.findall(ran.stdout)
