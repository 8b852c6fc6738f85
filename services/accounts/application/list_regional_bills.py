"""Tell which bills were received, in order: for whoever may have missed their announcement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.accounts.domain.ports import RegionalBillRepository
from services.accounts.domain.regional_bill import BillReceipt

_LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRegionalBills:
    """A page of what was received after a position."""

    bills: RegionalBillRepository

    def __call__(
        self, *, received_after: datetime | None, after_regional_bill_id: str, wanted: int
    ) -> Sequence[BillReceipt]:
        limit = min(wanted, _LARGEST_PAGE) if wanted > 0 else _LARGEST_PAGE
        return self.bills.received_after(received_after, after_regional_bill_id, limit=limit)
