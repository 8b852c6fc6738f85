"""`make crash-matrix`: the kill matrix several times over, as a table; each time a suite and a seed of its own.

Ends with 1 when a cell failed. Five minutes for each time on two cores.

    python -m tests.faults.crash_matrix                    # all cells, five times
    python -m tests.faults.crash_matrix --times 1 K5 K12   # those with one of these words in their name
    python -m tests.faults.crash_matrix --seed 1234        # beginning with the seed of another run
"""

import argparse
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET  # nosec B405  # the file is pytest's own
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import randrange

_TESTS = "tests/faults/test_kill_matrix.py"
_TEST = "test_an_end_at_this_point_loses_nothing_and_doubles_nothing"
_FELL = {"failure", "error"}

Results = Mapping[str, bool]
"""Whether each cell held, by its name: the point, the signal and the kind of payment."""


def main() -> int:
    """Return the exit status."""
    arguments = _arguments()
    seeds = [arguments.seed + number for number in range(arguments.times)]
    runs: dict[int, Results] = {}
    for seed in seeds:
        print(f"--seed {seed}", flush=True)
        runs[seed] = _run(seed, words=arguments.words)
    print("\n".join(_table(runs)))
    return 0 if runs and all(results and all(results.values()) for results in runs.values()) else 1


def _run(seed: int, *, words: Sequence[str]) -> Results:
    with tempfile.TemporaryDirectory(prefix="kabinet-crash-matrix-") as folder:
        report = Path(folder) / "report.xml"
        command = [*_pytest(seed, " or ".join(words) or _TEST), "--quiet", f"--junitxml={report}"]
        subprocess.run(command, check=False)
        return dict(_results(ET.parse(report)))  # nosec B314


def _results(report: "ET.ElementTree[ET.Element]") -> Iterator[tuple[str, bool]]:
    for case in report.iter("testcase"):
        name = case.get("name", "")
        if name.startswith(f"{_TEST}["):
            yield name.removeprefix(f"{_TEST}[").removesuffix("]"), not _FELL & {child.tag for child in case}


def _pytest(seed: int, words: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "pytest",
        _TESTS,
        "-p",
        "randomly",
        f"--randomly-seed={seed}",
        "-m",
        "long",
        "-k",
        words,
    ]


def _table(runs: Mapping[int, Results]) -> Iterator[str]:
    """Yield a line for each cell, and below it the commands that replay those that fell."""
    yield f"\n{'point, signal, payment':<64} {'times':>5} {'held':>5}"
    fallen: list[tuple[int, str]] = []
    for cell in _cells(runs):
        outcomes = {seed: results[cell] for seed, results in runs.items() if cell in results}
        fallen += [(seed, cell) for seed, held in outcomes.items() if not held]
        yield f"{cell:<64} {len(outcomes):>5} {sum(outcomes.values()):>5}"
    count = sum(map(len, runs.values()))
    yield f"{count - len(fallen)} of {count} held, seeds {', '.join(map(str, runs))}; one is replayed by"
    for seed, cell in fallen or [(next(iter(runs)), "<point>-<signal>-<payment>")]:
        yield "  " + " ".join(_pytest(seed, f"'{cell}'"))


def _cells(runs: Mapping[int, Results]) -> list[str]:
    """Return the names of all cells, by the number of their point."""
    names = {name for results in runs.values() for name in results}
    return sorted(names, key=lambda name: (int(name.split("-")[0].removeprefix("K")), name))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.crash_matrix")
    parser.add_argument("words", nargs="*", help="only cells with one of these words in their name")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seed", type=int, default=randrange(2**31))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
