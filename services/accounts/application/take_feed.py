"""Take in what a region pushes by itself in batches: balances or bills, without positions."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.observe_balances import ObserveBalances
from services.accounts.application.store_bills import StoreBills
from services.accounts.domain.feed import BalanceRecord, FeedRecordInvalid
from services.accounts.domain.ports import RegionalBillRepository, SnapshotRepository
from services.accounts.domain.regional_bill import BillContent, BillRevisionReused, RegionalBill, RegionalBillNotFound
from services.chassis.clock import Clock

LARGEST_BALANCE_BATCH = 1000
LARGEST_BILL_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBalances:
    """Remembers balances; news of accounts that nobody has linked are remembered too, and kept out of sight."""

    observe: ObserveBalances
    clock: Clock

    def __call__(self, records: Sequence[BalanceRecord], /) -> int:
        """Return how many records are stored: all of them.

        Raises `FeedRecordInvalid` for the whole batch before anything is stored. A repeated batch changes nothing.
        """
        check_batch(len(records), largest=LARGEST_BALANCE_BATCH)
        now = self.clock.now()
        for position, record in enumerate(records):
            record.check(position=position, now=now)
        self.observe(records)
        return len(records)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBills:
    """Stores bills and announces them. The first content under an account, number and revision stays."""

    store: StoreBills

    def __call__(self, contents: Sequence[BillContent], /) -> int:
        """Return how many bills are stored: all of them.

        Raises `FeedRecordInvalid` and `BillDoesNotAddUp` for the whole batch before anything is stored, and
        `BillRevisionReused` for the first bill that differs from a known one, with all that do not differ stored.
        """
        check_batch(len(contents), largest=LARGEST_BILL_BATCH)
        for position, content in enumerate(contents):
            content.check(position=position)
        differing = self.store(contents)
        if differing:
            raise BillRevisionReused(position=differing[0])
        return len(contents)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRegionalBill:
    """Returns a stored bill, and by which other numbers its account is or was known."""

    bills: RegionalBillRepository
    snapshots: SnapshotRepository
    current: CurrentNumbers

    def __call__(self, *, regional_bill_id: str) -> tuple[RegionalBill, Sequence[str]]:
        """Raises `RegionalBillNotFound`."""
        bill = self.bills.get(regional_bill_id)
        if bill is None:
            raise RegionalBillNotFound
        key = bill.content.key
        now = self.current.of(key)
        numbers = (now.number, *self.snapshots.pasts([now])[now].former_numbers())
        return bill, [number for number in numbers if number != key.number]


def check_batch(size: int, /, *, largest: int) -> None:
    """Raise `FeedRecordInvalid` for a batch that is too large to be answered in time."""
    if size > largest:
        raise FeedRecordInvalid(position=largest, rule=f"a batch has at most {largest} records")
