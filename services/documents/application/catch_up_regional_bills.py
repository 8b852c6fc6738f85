"""Find the bills whose announcement got lost: go through what accounts received and record what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from services.chassis.clock import Clock
from services.documents.application.advance_customer_bill import RecordRegionalBill
from services.documents.domain.ports import CustomerBillRepository, ReceiptCursor, RegionalBills, StepFailed
from services.documents.domain.receipts import Position, Receipt, beginning, position_of

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class CatchUpRegionalBills:
    """Take one page of receipts; say whether there is another one now.

    The place within a pass is kept in memory only: whoever starts anew begins at the saved cursor less the overlap,
    and what is recorded already stays as it is. Several may do it at the same time.
    """

    regional_bills: RegionalBills
    bills: CustomerBillRepository
    record: RecordRegionalBill
    cursor: ReceiptCursor
    clock: Clock
    page_size: int = 500
    _position: Position | None = field(default=None, init=False)

    def __call__(self) -> bool:
        position = self._position or beginning(self.cursor.get(), now=self.clock.now())
        try:
            page = self.regional_bills.received_after(position, limit=self.page_size)
        except StepFailed as error:  # accounts is down; the next turn goes on from here
            _log.warning("catch_up_postponed", cause=error.metadata.get("cause", error.reason))
            return False
        self._record_missing(page)
        if page:
            self.cursor.advance(page[-1].received_at)
        there_is_more = len(page) == self.page_size
        self._position = position_of(page[-1]) if there_is_more else None
        return there_is_more

    def _record_missing(self, page: Sequence[Receipt]) -> None:
        known = self.bills.known([receipt.regional_bill_id for receipt in page])
        missing = [receipt for receipt in page if receipt.regional_bill_id not in known]
        for receipt in missing:
            self.record(regional_bill_id=receipt.regional_bill_id, region=receipt.region)
        if missing:
            _log.info("bills_found_without_event", count=len(missing))
