"""Figures from regions in two grades that cannot be mixed: what is shown may be stale, what is decided on may not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Generic, TypeVar

from services.accounts.domain.errors import RegionAnswerInvalid, RegionUnavailable
from services.chassis.money import Money

T = TypeVar("T")

# How far a region's clock may be ahead of ours. A moment beyond it is no moment but a mistake, and believing it would
# make every later figure look older than it. What is remembered from beyond it is of before our clock was set back: how
# old it is nobody can tell.
CLOCK_TOLERANCE = timedelta(minutes=5)


class FigureKind(Enum):
    """What a figure is about."""

    BALANCE = "balance"
    TARIFF_PLAN = "tariff_plan"
    SERVICES = "services"
    CHARGES = "charges"
    PAYMENTS = "payments"


class Freshness(Enum):
    """How far a shown figure can be trusted now."""

    FRESH = "fresh"
    STALE = "stale"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A figure as a region once told it: the form in which it is remembered, of no grade yet."""

    value: T
    as_of: datetime


@dataclass(frozen=True, slots=True)
class DisplayFigure(Generic[T]):
    """A figure to look at. No money action accepts one: they take a `DecisionFigure`, and the types say so."""

    value: T | None
    kind: FigureKind
    as_of: datetime | None
    region: str
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class DecisionFigure(Generic[T]):
    """A figure that money may be decided on; made by `decision_grade` from an answer of this very call, and by nothing
    else."""

    value: T
    as_of: datetime


DecisionBalance = DecisionFigure[Money]


def display_grade(
    known: Known[T] | None, /, *, kind: FigureKind, region: str, now: datetime, fresh_for: timedelta
) -> DisplayFigure[T]:
    """Return what may be shown of a remembered figure, with how far it can be trusted at `now`."""
    if known is None:
        return DisplayFigure(value=None, kind=kind, as_of=None, region=region, freshness=Freshness.UNKNOWN)
    is_fresh = -CLOCK_TOLERANCE <= now - known.as_of <= fresh_for
    freshness = Freshness.FRESH if is_fresh else Freshness.STALE
    return DisplayFigure(value=known.value, kind=kind, as_of=known.as_of, region=region, freshness=freshness)


def decision_grade(
    answered: Known[T], /, *, region: str, asked_at: datetime, now: datetime, fresh_for: timedelta
) -> DecisionFigure[T]:
    """Return an answer of the region as a figure to decide on.

    `asked_at` is when this call asked. Raises `RegionAnswerInvalid` for a moment in the future and `RegionUnavailable`
    when the region answered from books that had stopped before (a replica that fell behind, say): an answer that is old
    is no answer to a question of now.
    """
    check_moment(answered.as_of, region=region, now=now)
    if asked_at - answered.as_of > fresh_for:
        raise RegionUnavailable(region=region)
    return DecisionFigure(value=answered.value, as_of=answered.as_of)


def check_moment(as_of: datetime, /, *, region: str, now: datetime) -> None:
    """Raise `RegionAnswerInvalid` when a figure claims to be from the future."""
    if as_of - now > CLOCK_TOLERANCE:
        raise RegionAnswerInvalid(region=region, problem="as_of is in the future")
