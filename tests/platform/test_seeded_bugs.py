"""The seeded bugs keep up with the code: each can still be planted, and the tests that catch it are still there."""

import ast

import pytest

from tests.seeded_bugs.bugs import BUGS, Bug
from tests.seeded_bugs.planting import ROOT, planted_text

each_bug = pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)


@each_bug
def test_a_bug_can_be_planted_and_leaves_a_program(bug: Bug) -> None:
    wrong = planted_text(bug, tree=ROOT)

    assert wrong != (ROOT / bug.file).read_text()
    ast.parse(wrong)


@each_bug
def test_the_tests_that_catch_a_bug_exist(bug: Bug) -> None:
    named = [name for name in bug.tests if name.endswith(".py")]

    assert named
    for name in named:
        assert (ROOT / name).exists(), name
