"""The table of money states: complete, drawn as it is, and the only one that the code knows."""

from pathlib import Path

from services.payments.domain.payment_states import FINAL, MEANINGS, MOVES, NEXT, State, Turn
from services.payments.domain.problem import IN_WORDS, Problem
from services.payments.entrypoints.state_picture import draw

_PAGE = Path(__file__).parents[3] / "docs" / "payment-states.md"


def test_the_page_is_what_the_table_says() -> None:
    assert _PAGE.read_text() == draw(), "python -m services.payments.entrypoints.state_picture > docs/payment-states.md"


def test_every_state_has_its_words_and_every_move_stands_once() -> None:
    assert set(MEANINGS) == set(State)
    assert len({(move.source, move.target) for move in MOVES}) == len(MOVES)
    assert {target for targets in NEXT.values() for target in targets} | {State.CREATED} == set(State)


def test_where_nobody_has_to_do_anything_nothing_leads_on_by_itself() -> None:
    leads_on = {move.source for move in MOVES if move.source in FINAL}

    assert {state for state in State if MEANINGS[state].turn is Turn.NOBODY} == FINAL
    assert leads_on == {State.POSTED}, "by an operator's word alone"


def test_no_money_comes_back_from_where_it_never_was() -> None:
    before_refunds = {move.source for move in MOVES if move.target in {State.REFUNDING, State.RETURNING}}

    assert before_refunds == {State.CAPTURED, State.POSTED, State.REVERSAL_DUE}


def test_every_problem_has_words_for_whoever_has_to_solve_it() -> None:
    assert set(IN_WORDS) == set(Problem)
