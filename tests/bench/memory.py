"""Memory of the suite's own processes, as the kernel counts it: proportional set size, so that what is shared counts
once."""

from collections.abc import Mapping
from pathlib import Path


def megabytes_of(pids: Mapping[str, int], /) -> dict[str, float]:
    """Return the memory of each named process with all of its children, in MiB."""
    children = _children()
    return {name: sum(_pss_kib(pid) for pid in _family(pid, children)) / 1024 for name, pid in pids.items() if pid}


def _family(pid: int, children: Mapping[int, list[int]]) -> list[int]:
    return [pid, *(member for child in children.get(pid, []) for member in _family(child, children))]


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        found.setdefault(parent, []).append(int(status.parent.name))
    return found


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
