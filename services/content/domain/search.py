"""What is looked for: words in any form. How forms are told to be of one word, a `Lexicon` knows."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.errors import DomainError, Kind

LONGEST_QUERY = 200

Terms = frozenset[str]
"""One word as the terms it may stand for: «стали» is «сталь» and «стать»."""


class QueryTooLong(DomainError):
    """Nobody types that much to find a film."""

    reason = "QUERY_TOO_LONG"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where in a list something stands: best first, then by title, then by id."""

    score: int
    title_key: str
    key: str


def check_length(query: str, /) -> None:
    """Raise `QueryTooLong` beyond 200 characters."""
    if len(query) > LONGEST_QUERY:
        raise QueryTooLong("The query is too long.", longest=str(LONGEST_QUERY))


Words = Sequence[Terms]
