"""The aggregate of a number that an account had: it goes on naming the account, under the number that it has now."""

from dataclasses import dataclass
from datetime import datetime

from services.accounts.domain.account_key import AccountKey


@dataclass(slots=True, kw_only=True)
class AccountAlias:
    """One per old number, of its last change. `moved` when everything that hung on the old number hangs on the new
    one; `ended_at` when the region gave the old number to another account. It stays afterwards, so that the record of
    an old change, which may come again, does nothing a second time."""

    old: AccountKey
    new: AccountKey
    changed_at: datetime
    moved: bool = False
    ended_at: datetime | None = None
    version: int = 0

    @property
    def holds(self) -> bool:
        """Say whether the old number still names the account."""
        return self.ended_at is None

    def is_about(self, *, new: AccountKey, changed_at: datetime) -> bool:
        """Say whether it is of that change; while it holds, whatever moment a repeated record names."""
        return self.new == new and (self.holds or self.changed_at == changed_at)

    def point_to(self, new: AccountKey, /, *, changed_at: datetime) -> None:
        """Begin another change of the same number."""
        self.new, self.changed_at, self.moved, self.ended_at = new, changed_at, False, None

    def end(self, *, at: datetime) -> bool:
        """Let the number name another account; say whether that is news. One that was changed later stands."""
        if not self.holds or self.changed_at >= at:
            return False
        self.ended_at = at
        return True
