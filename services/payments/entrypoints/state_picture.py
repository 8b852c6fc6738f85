"""Draws `docs/payment-states.md` from the tables that the code runs by."""

import sys

from services.payments.domain.payment_states import MEANINGS, MOVES, State, Turn

_HEAD = """# What may become of a payment's money

Made from `services/payments/domain/payment_states.py` by `python -m services.payments.entrypoints.state_picture`. The
code takes its legal moves from the same table, and a test fails when this page is not what the table says. A payment is
always in exactly one of these states, and the arrows are all that can happen to it.

```mermaid
stateDiagram-v2
"""


def draw() -> str:
    """Return the page: a picture, the states and the moves in plain words."""
    return _HEAD + "".join(_picture()) + "```\n\n" + "".join(_states()) + "\n" + "".join(_moves())


def _picture() -> list[str]:
    begin = [f"    [*] --> {State.CREATED.value}\n"]
    moves = [f"    {move.source.value} --> {move.target.value}: {_drawable(move.because)}\n" for move in MOVES]
    ends = [f"    {state.value} --> [*]\n" for state, meaning in MEANINGS.items() if meaning.turn is Turn.NOBODY]
    return begin + moves + ends


def _states() -> list[str]:
    head = "## The states\n\n| state | what it means | where the money is | whose turn it is |\n|---|---|---|---|\n"
    rows = [
        f"| `{state.value}` | {meaning.words} | {meaning.money} | {meaning.turn.value} |\n"
        for state, meaning in MEANINGS.items()
    ]
    return [head, *rows]


def _moves() -> list[str]:
    head = "## The moves\n\n| from | to | when |\n|---|---|---|\n"
    return [head, *(f"| `{move.source.value}` | `{move.target.value}` | {move.because} |\n" for move in MOVES)]


def _drawable(text: str) -> str:
    """Mermaid ends a label at a semicolon."""
    return text.replace(";", ",")


if __name__ == "__main__":
    sys.stdout.write(draw())
