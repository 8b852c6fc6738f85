"""What a grant is worth now: the one place that says so, from the grantor's link and the calendar."""

from datetime import datetime
from typing import TypeGuard

from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.grant import Grant, GrantEnd, GrantState
from services.accounts.domain.proof_ladder import Action


def state_of(
    grant: Grant, /, *, grantor: BillingAccount | None, undisputed: bool, time_zone: str, now: datetime
) -> GrantState:
    """Return what an accepted grant is worth.

    `undisputed` says that nobody questions that the grantor's account is still theirs; see `Doubts`. An owner who made
    it a relative's has ended it: that link never becomes the owner's again.
    """
    if not _is_owners_still(grantor) or grant.terms.are_over(time_zone=time_zone, now=now):
        return GrantState.ENDED
    return GrantState.ACTIVE if undisputed and grantor.allows(Action.MANAGE) else GrantState.FROZEN


def ended_by(grant: Grant, /, *, grantor: BillingAccount | None, time_zone: str, now: datetime) -> GrantEnd:
    """Return what has ended a grant that is over, though neither side ended it by itself."""
    if grant.terms.are_over(time_zone=time_zone, now=now):
        return GrantEnd.DATE
    return GrantEnd.OWNER if grantor is not None and grantor.is_linked else GrantEnd.OWNER_UNLINKED


def _is_owners_still(grantor: BillingAccount | None) -> TypeGuard[BillingAccount]:
    return grantor is not None and grantor.is_linked and grantor.is_owners
