"""What a grant is worth now: the one place that says so, from the grantor's link and the calendar."""

from datetime import datetime

from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.grant import Grant, GrantEnd, GrantState
from services.accounts.domain.proof_ladder import Action


def state_of(
    grant: Grant, /, *, grantor: BillingAccount | None, undisputed: bool, time_zone: str, now: datetime
) -> GrantState:
    """Return what an accepted grant is worth.

    `undisputed` says that nobody questions that the grantor's account is still theirs; see `Doubts`.
    """
    if grantor is None or not grantor.is_linked or grant.terms.are_over(time_zone=time_zone, now=now):
        return GrantState.ENDED
    return GrantState.ACTIVE if undisputed and may_grant(grantor) else GrantState.FROZEN


def ended_by(grant: Grant, /, *, time_zone: str, now: datetime) -> GrantEnd:
    """Return what has ended a grant that neither side did."""
    return GrantEnd.DATE if grant.terms.are_over(time_zone=time_zone, now=now) else GrantEnd.OWNER_UNLINKED


def may_grant(account: BillingAccount, /) -> bool:
    """Say whether the link is one that grants can be given by, and hold while it is."""
    return account.is_owners and account.allows(Action.MANAGE)
