"""Who a subscriber is to a region: a word that says that it is the same person again, and nothing else."""

from services.accounts.domain.account_key import AccountKey
from services.chassis.pseudonyms import Pseudonyms


def claimant_of(key: AccountKey, /, *, subscriber_id: str, pseudonyms: Pseudonyms) -> str:
    """Return the word; it differs from account to account, so that a region cannot tell who has several."""
    return pseudonyms.of("claimant", str(key), subscriber_id)
