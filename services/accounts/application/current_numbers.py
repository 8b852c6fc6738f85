"""Find accounts by numbers that they had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.ports import AliasRepository, BillingAccountRepository

# No account changes its number that often; a circle, which no region should tell, ends here too.
LONGEST_CHAIN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentNumbers:
    """Follows aliases to their end: one query when there are none."""

    aliases: AliasRepository

    def of(self, key: AccountKey, /) -> AccountKey:
        """Return the account under the number that it has now."""
        return self.of_each([key])[key]

    def of_each(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, AccountKey]:
        """Return each of the accounts under the number that it has now."""
        current = {key: key for key in keys}
        for _ in range(LONGEST_CHAIN):
            steps = self.aliases.holding(list(set(current.values())))
            if not steps:
                break
            current = {key: steps.get(reached, reached) for key, reached in current.items()}
        return current


def number_now(accounts: BillingAccountRepository, billing_account_id: str, /, *, known: AccountKey) -> AccountKey:
    """Return what a link's account is called now, for whatever is sent on the link's behalf after it was made.

    By the link, not by the old number: that may be another account's by now.
    """
    account = accounts.get(billing_account_id)
    return known if account is None else account.key
