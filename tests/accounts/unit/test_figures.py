"""The two grades of figures."""

import ast
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.accounts.domain import figures
from services.accounts.domain.errors import RegionAnswerInvalid, RegionUnavailable
from services.accounts.domain.figures import DisplayFigure, FigureKind, Freshness, Known, decision_grade, display_grade
from services.chassis.money import Money
from tests.accounts.builders import A_MORNING

_SERVICE = Path(figures.__file__).parents[1]
_QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("age", "freshness"),
    [
        (timedelta(0), Freshness.FRESH),
        (_QUARTER, Freshness.FRESH),
        (_QUARTER + timedelta(milliseconds=1), Freshness.STALE),
        (-figures.CLOCK_TOLERANCE, Freshness.FRESH),
        (-figures.CLOCK_TOLERANCE - timedelta(milliseconds=1), Freshness.STALE),
        (-timedelta(hours=23), Freshness.STALE),
    ],
)
def test_a_shown_figure_says_how_far_it_can_be_trusted(age: timedelta, freshness: Freshness) -> None:
    known = Known(Money(100), A_MORNING - age)

    figure = display_grade(known, kind=FigureKind.BALANCE, region="54", now=A_MORNING, fresh_for=_QUARTER)

    assert (figure.value, figure.as_of, figure.freshness) == (Money(100), A_MORNING - age, freshness)


def test_a_figure_that_was_never_told_has_neither_value_nor_time() -> None:
    figure: DisplayFigure[Money] = display_grade(
        None, kind=FigureKind.BALANCE, region="54", now=A_MORNING, fresh_for=_QUARTER
    )

    assert (figure.value, figure.as_of, figure.freshness) == (None, None, Freshness.UNKNOWN)


def _decide(as_of: datetime) -> Money:
    return decision_grade(
        Known(Money(100), as_of), region="54", asked_at=A_MORNING, now=A_MORNING, fresh_for=_QUARTER
    ).value


def test_decides_on_what_the_books_show_now() -> None:
    assert _decide(A_MORNING) == Money(100)


def test_decides_on_nothing_when_the_books_stopped_before() -> None:
    with pytest.raises(RegionUnavailable):
        _decide(A_MORNING - _QUARTER - timedelta(milliseconds=1))


def test_decides_on_nothing_that_is_from_the_future() -> None:
    with pytest.raises(RegionAnswerInvalid):
        _decide(A_MORNING + timedelta(minutes=6))


def test_nothing_but_decision_grade_makes_a_figure_to_decide_on() -> None:
    makers = {
        path.relative_to(_SERVICE).as_posix()
        for path in _SERVICE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id in {"DecisionFigure", "DecisionBalance"}
    }

    assert makers == {"domain/figures.py"}
