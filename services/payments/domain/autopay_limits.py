"""The limits that hold for every rule, whatever its terms: data, kept with each decision that they shaped."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits that one decision is subject to."""

    charges_in_a_day: int
    """Automatic charges within 24 h on an account after which the next one is held and the subscriber asked."""
    holds_beyond: bool
    """False in records of before there were holds: what was beyond was skipped."""
    hold_lapses_after: timedelta
    word_outlasts_hold: bool
    """False in records of before it was so: what the subscriber had confirmed lapsed like what nobody had answered."""
    charged_late_at_most: timedelta
    """A date that was missed by more is not made up for."""
    paid_by_hand_within: timedelta
    """How long before its date a payment by hand of at least the sum takes the place of a fixed charge."""


LIMITS_BEFORE_HOLDS = Limits(
    charges_in_a_day=2,
    holds_beyond=False,
    hold_lapses_after=timedelta(0),
    word_outlasts_hold=False,
    charged_late_at_most=timedelta(days=3),
    paid_by_hand_within=timedelta(0),
)
