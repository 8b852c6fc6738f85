"""Store many bills at once and announce them; the first content under an account, number and revision stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.accounts.domain.ports import RegionalBillRepository
from services.accounts.domain.regional_bill import BillContent, BillName, RegionalBill
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict

_TRIES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreBills:
    """Bills that have passed their check."""

    bills: RegionalBillRepository
    clock: Clock

    def __call__(self, contents: Sequence[BillContent], /) -> Sequence[int]:
        """Return the places of those that contradict an earlier one of their name: they are not stored.

        Idempotent. Raises `VersionConflict` only when others store the same bills `_TRIES` times in a row.
        """
        for _ in range(_TRIES):
            known = dict(self.bills.hashes_of([content.name for content in contents]))
            new = self._new(contents, known)
            if not self.bills.save_many(list(new.values())):
                known |= {name: bill.content_hash for name, bill in new.items()}
                return [place for place, bill in enumerate(contents) if bill.content_hash() != known[bill.name]]
        raise VersionConflict("Others store the same bills at the same moment.")

    def _new(self, contents: Sequence[BillContent], known: Mapping[BillName, str]) -> dict[BillName, RegionalBill]:
        new: dict[BillName, RegionalBill] = {}
        for content in contents:
            if content.name not in known and content.name not in new:
                new[content.name] = RegionalBill.receive(content, now=self.clock.now())
        return new
