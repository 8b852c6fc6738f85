"""`make seeded-bugs`: are the tests able to fail? Plants payment bugs one by one and shows which test catches each.

Copies the tree to a temporary folder, first runs all the tests of the list there unharmed (they must pass), then
plants each bug of `bugs.py` by an exact replacement of source text and runs the tests named beside it until one fails.
Ends with 1 when a bug is not caught, or when a bug's text is not in the code any more. Ten minutes or more
on two cores.

    python -m tests.seeded_bugs                    # all
    python -m tests.seeded_bugs float "under way"  # those with a word in their name
    python -m tests.seeded_bugs --seed 1234        # with the random order and examples of another run
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import randrange

from tests.seeded_bugs.bugs import BUGS, Bug
from tests.seeded_bugs.planting import copy_to, failing, planted, planted_text


def main() -> int:
    """Return the exit status."""
    arguments = _arguments()
    bugs = [bug for bug in BUGS if not arguments.words or any(word in bug.name for word in arguments.words)]
    print(f"{len(bugs)} bugs, --seed {arguments.seed}")
    with tempfile.TemporaryDirectory(prefix="kabinet-seeded-bugs-") as folder:
        tree = copy_to(Path(folder))
        for bug in bugs:
            planted_text(bug, tree=tree)  # before anything long is begun
        return _judge(bugs, tree=tree, seed=arguments.seed)


def _judge(bugs: Sequence[Bug], *, tree: Path, seed: int) -> int:
    for tests in sorted({bug.tests for bug in bugs}):
        failed = failing(tests, tree=tree, seed=seed)
        if failed:
            print(f"fails without any bug: {failed[0]}")
            return 1
    missed = 0
    for bug in bugs:
        began = time.monotonic()
        with planted(bug, tree=tree):
            caught_by = failing(bug.tests, tree=tree, seed=seed)
        missed += not caught_by
        told = caught_by[0] if caught_by else "NOT CAUGHT"
        print(f"{bug.name:<58} {told}  ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{len(bugs) - missed} of {len(bugs)} caught")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.seeded_bugs")
    parser.add_argument("words", nargs="*", help="plant only bugs with one of these words in their name")
    parser.add_argument("--seed", type=int, default=randrange(2**31))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
