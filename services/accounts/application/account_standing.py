"""How links stand among the claims of others, and what that leaves of the rights that their proofs give."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.ports import BillingAccountRepository
from services.accounts.domain.proof_ladder import Action, Rung
from services.accounts.domain.standing import Standing, can_be_frozen, check_standing, is_frozen, standing_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStanding:
    """Reads claims when they are asked for, in one query for all links, and keeps nothing."""

    accounts: BillingAccountRepository

    def of(self, links: Sequence[BillingAccount], /) -> Mapping[str, Standing]:
        """Return how each link stands, by its id."""
        claims = self.accounts.claims_to([link.key for link in links if link.rung is not Rung.PAY])
        return {
            link.billing_account_id: standing_of(link, owner_since=None, claims=claims.get(link.key, ()))
            for link in links
        }

    def doubted(self, links: Sequence[BillingAccount], /) -> Collection[str]:
        """Return the ids of the links whose owner's right to the account is in question."""
        return {link_id for link_id, standing in self.of(links).items() if standing is not Standing.CLEAR}

    def check(self, link: BillingAccount, action: Action, /) -> None:
        """Raise `AccountDisputed` when the action is frozen now."""
        if can_be_frozen(action):
            check_standing(action, self.of([link])[link.billing_account_id])

    def authorize(self, link: BillingAccount, action: Action, /) -> None:
        """Raise `ActionNotAllowed` when the proof does not reach that far, `AccountDisputed` when it is frozen now."""
        link.authorize(action)
        self.check(link, action)

    def allowing(self, links: Sequence[BillingAccount], action: Action, /) -> Sequence[BillingAccount]:
        """Return the links with which the action is allowed now."""
        reaching = [link for link in links if link.allows(action)]
        if not can_be_frozen(action):
            return reaching
        standings = self.of(reaching)
        return [link for link in reaching if not is_frozen(action, standings[link.billing_account_id])]
