"""A claim to an account: what the claims of several subscribers are compared by."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """That a subscriber takes an account for their own, by a proof that shows more than what is on it.

    `confirmed_at` is when they last gave a code that the region had sent to the owner's contact, once they had claimed.
    """

    billing_account_id: str
    claimed_at: datetime
    confirmed_at: datetime | None

    @property
    def last_word_at(self) -> datetime:
        """When the claimant last said anything that counts."""
        return self.claimed_at if self.confirmed_at is None else max(self.claimed_at, self.confirmed_at)
