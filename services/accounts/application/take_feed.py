"""Take in what a region sends by itself: balances and bills, each batch in its order."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.application.observe_account import ObserveAccount
from services.accounts.domain.feed import BalanceRecord, FeedRecordInvalid
from services.accounts.domain.ports import RegionalBillRepository
from services.accounts.domain.regional_bill import BillContent, BillRevisionReused, RegionalBill, RegionalBillNotFound
from services.chassis.clock import Clock
from services.chassis.deadline import DeadlineTooShort, timeout_s
from services.chassis.errors import VersionConflict

LARGEST_BALANCE_BATCH = 1000
LARGEST_BILL_BATCH = 100
_RESERVE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBalances:
    """Remembers balances; news of accounts that nobody has linked are remembered too, and kept out of sight."""

    observe: ObserveAccount
    clock: Clock

    def __call__(self, records: Sequence[BalanceRecord], /) -> int:
        """Return how many records from the first on are stored; fewer than came when the call's time ran out.

        Raises `FeedRecordInvalid` for the whole batch before anything is stored. A repeated batch changes nothing.
        """
        check_batch(len(records), largest=LARGEST_BALANCE_BATCH)
        now = self.clock.now()
        for position, record in enumerate(records):
            record.check(position=position, now=now)
        for position, record in enumerate(records):
            if position and time_is_nearly_over():
                return position
            self.observe.balance(record.key, record.balance, as_of=record.as_of)
        return len(records)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBills:
    """Stores bills and announces them. The first content under an account, number and revision stays."""

    bills: RegionalBillRepository
    clock: Clock

    def __call__(self, contents: Sequence[BillContent], /) -> int:
        """Return how many bills from the first on are stored; fewer than came when the call's time ran out.

        Raises `FeedRecordInvalid` and `BillDoesNotAddUp` for the whole batch before anything is stored, and
        `BillRevisionReused` at the bill that differs, with those before it stored.
        """
        check_batch(len(contents), largest=LARGEST_BILL_BATCH)
        for position, content in enumerate(contents):
            content.check(position=position)
        for position, content in enumerate(contents):
            if position and time_is_nearly_over():
                return position
            self._take(content, position)
        return len(contents)

    def _take(self, content: BillContent, position: int) -> None:
        known = self.bills.known_as(content) or self._stored(content)
        if known.content_hash != content.content_hash():
            raise BillRevisionReused(position=position)

    def _stored(self, content: BillContent) -> RegionalBill:
        bill = RegionalBill.receive(content, now=self.clock.now())
        try:
            self.bills.save(bill)
        except VersionConflict:  # the same bill came twice at the same moment
            first = self.bills.known_as(content)
            if first is None:
                raise
            return first
        return bill


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRegionalBill:
    """Returns a stored bill."""

    bills: RegionalBillRepository

    def __call__(self, *, regional_bill_id: str) -> RegionalBill:
        """Raises `RegionalBillNotFound`."""
        bill = self.bills.get(regional_bill_id)
        if bill is None:
            raise RegionalBillNotFound
        return bill


def check_batch(size: int, /, *, largest: int) -> None:
    """Raise `FeedRecordInvalid` for a batch that is too large to be answered in time."""
    if size > largest:
        raise FeedRecordInvalid(position=largest, rule=f"a batch has at most {largest} records")


def time_is_nearly_over() -> bool:
    """Say whether the caller would not hear the answer if another record were stored first."""
    try:
        return timeout_s(_RESERVE_S) < _RESERVE_S
    except DeadlineTooShort:
        return True
