"""What a decline of an automatic payment means for its occasion: a class, and when the sum may be asked for anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


class DeclineClass(Enum):
    """What stands behind a decline."""

    MONEY = "money"
    BANK_DOWN = "bank_down"
    CUSTOMER_MUST_ACT = "customer_must_act"
    DEAD_TOKEN = "dead_token"
    SUSPICION = "suspicion"
    WITHDRAWN = "withdrawn"
    OUTDATED = "outdated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """A decline of one try, with its class and when it was heard of."""

    reason: str
    decline_class: DeclineClass
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineTable:
    """The classes of the acquirer's words and of our own, and after a class's first decline the pauses to each retry.

    Whatever the table does not know is UNKNOWN: nothing is concluded from it, least of all another charge.
    """

    classes: Mapping[str, DeclineClass]
    retries: Mapping[DeclineClass, tuple[timedelta, ...]]

    def class_of(self, reason: str, /) -> DeclineClass:
        """Return the class of an acquirer's word or of ours."""
        return self.classes.get(reason, DeclineClass.UNKNOWN)

    def next_try_at(self, declines: tuple[Decline, ...], /) -> datetime | None:
        """Return when to decide anew after the last of the declines; None when that was the last try."""
        last = declines[-1]
        alike = [decline for decline in declines if decline.decline_class is last.decline_class]
        pauses = self.retries.get(last.decline_class, ())
        if len(alike) > len(pauses):
            return None
        return max(alike[0].at + pauses[len(alike) - 1], last.at)
