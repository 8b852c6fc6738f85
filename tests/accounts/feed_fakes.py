"""The ports of the feed on dictionaries, held to the same conformance tests as the real ones."""

from collections.abc import Mapping, Sequence

from services.accounts.application.settle_number import MoveLinks, SettleNumber
from services.accounts.domain.account_alias import AccountAlias
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.feed_journal import FeedJournal, FeedRejection
from services.accounts.domain.ports import AliasRepository, BillingAccountRepository, SnapshotRepository
from services.chassis.clock import Clock
from tests.accounts.fakes import Shelf


class FakeAliases:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def get(self, old: AccountKey, /) -> AccountAlias | None:
        alias: AccountAlias | None = self.shelf.take(str(old))
        return alias

    def holding(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, AccountKey]:
        aliases = [alias for alias in map(self.get, keys) if alias is not None]
        return {alias.old: alias.new for alias in aliases if alias.holds}

    def save(self, alias: AccountAlias, /) -> None:
        self.shelf.put(str(alias.old), alias)


def a_settle_number(
    accounts: BillingAccountRepository, aliases: AliasRepository, snapshots: SnapshotRepository, clock: Clock
) -> SettleNumber:
    """Return the use case on those repositories."""
    move = MoveLinks(accounts=accounts, clock=clock)
    return SettleNumber(accounts=accounts, aliases=aliases, snapshots=snapshots, move=move, clock=clock)


class FakeWishNumbers:
    """Notes what was moved."""

    def __init__(self) -> None:
        self.moved: list[tuple[AccountKey, AccountKey]] = []

    def move(self, old: AccountKey, new: AccountKey, /) -> None:
        self.moved.append((old, new))


class FakeFeedJournals:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def get(self, region: str, /) -> FeedJournal:
        journal: FeedJournal = self.shelf.take(region) or FeedJournal(region=region)
        return journal

    def save(self, journal: FeedJournal, /) -> None:
        self.shelf.put(journal.region, journal)


class FakeFeedRejections:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, int], FeedRejection] = {}

    def keep(self, rejections: Sequence[FeedRejection], /) -> None:
        for rejection in rejections:
            self.kept.setdefault((rejection.region, rejection.journal_id, rejection.position), rejection)
