"""What an owner lets a relative do with an account: the terms, and the grant that a relative's link stands on (F08)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.tariff_change import beginning_of
from services.chassis.errors import DomainError, FieldInvalid, Kind
from services.chassis.money import RUB, Money

# Offered as a proof by every connected region, though no region is asked: it is the owner who vouches.
GRANT_CODE = "grant_code"

_LONGEST = timedelta(days=10 * 366)


class GrantState(Enum):
    """What a grant is worth now. It is worked out at every reading and kept nowhere."""

    UNREAD = "unread"
    OFFERED = "offered"
    ACTIVE = "active"
    FROZEN = "frozen"
    ENDED = "ended"


class GrantEnd(Enum):
    """Who or what ended a grant."""

    OWNER = "owner"
    RELATIVE = "relative"
    DATE = "date"
    OWNER_UNLINKED = "owner_unlinked"
    NOT_ACCEPTED = "not_accepted"


class GrantNotFound(DomainError):
    """There is no such grant on this account, or it is another subscriber's: alike."""

    reason = "GRANT_NOT_FOUND"
    kind = Kind.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such grant.")


class OnlyOwnerGrants(DomainError):
    """Somebody else's account is not theirs to lend: grants do not cascade."""

    reason = "ONLY_OWNER_GRANTS"
    kind = Kind.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__("Only whoever linked the account as their own grants anything on it.")


class GrantFrozen(DomainError):
    """Whether the owner still is the owner is in question: until that is settled the grant allows nothing."""

    reason = "GRANT_FROZEN"
    kind = Kind.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__("The owner's right to the account is being checked; the grant allows nothing meanwhile.")


class GrantCodeSpent(DomainError):
    """The code was right once: it has been used, has run out, or was withdrawn. Only whoever has it learns that."""

    reason = "GRANT_CODE_SPENT"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self) -> None:
        super().__init__("This code is no longer good.")


class LinkedOtherwise(DomainError):
    """The subscriber has linked the account on another basis: one link stands on one basis, or nobody could say what
    ends it."""

    reason = "BILLING_ACCOUNT_LINKED_OTHERWISE"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self) -> None:
        super().__init__("The account is linked in another way; unlink it first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTerms:
    """What is granted: actions, how much may be paid in a month of the region's calendar, and the last day, inclusive.

    They never change: a change is a new grant, which both sides have to want.
    """

    actions: tuple[Action, ...]
    monthly_pay_limit: Money | None
    ends_on: date | None

    @classmethod
    def of(cls, actions: Sequence[Action], /, *, monthly_pay_limit: Money | None, ends_on: date | None) -> "GrantTerms":
        """Return the terms, the actions in the order of the contract. Raises `FieldInvalid`."""
        if not actions:
            raise FieldInvalid(field="actions", rule="required")
        if monthly_pay_limit is not None:
            _check_limit(monthly_pay_limit, actions)
        return cls(
            actions=tuple(action for action in Action if action in actions),
            monthly_pay_limit=monthly_pay_limit,
            ends_on=ends_on,
        )

    def check_last_day(self, *, time_zone: str, now: datetime) -> None:
        """Raise `FieldInvalid` for a day that is over in the region, or so far ahead that it can only be a slip."""
        if self.ends_on is None:
            return
        today = now.astimezone(ZoneInfo(time_zone)).date()
        if not today <= self.ends_on <= today + _LONGEST:
            raise FieldInvalid(field="ends_on", rule="out_of_range")

    def over_at(self, *, time_zone: str) -> datetime | None:
        """Return the moment at which the day after the last one begins in the region, None without a last day."""
        return beginning_of(self.ends_on + timedelta(days=1), time_zone=time_zone) if self.ends_on else None

    def are_over(self, *, time_zone: str, now: datetime) -> bool:
        """Say whether the last day has passed in the region."""
        over_at = self.over_at(time_zone=time_zone)
        return over_at is not None and now >= over_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The basis of a relative's link: what was granted, and by which link of whom; it lasts no longer than that one."""

    grant_id: str
    grantor_billing_account_id: str
    grantor_subscriber_id: str
    terms: GrantTerms
    accepted_at: datetime


def _check_limit(limit: Money, actions: Sequence[Action]) -> None:
    if Action.PAY not in actions:
        raise FieldInvalid(field="monthly_pay_limit", rule="needs_pay")
    if limit.currency != RUB or not limit.is_positive:
        raise FieldInvalid(field="monthly_pay_limit", rule="out_of_range")
