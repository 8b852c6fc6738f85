"""What a region's books hold of the payments captured in a period, read for whoever audits all books at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.accounts.application.regional_list import regional_list
from services.accounts.domain.ports import PostingRepository
from services.accounts.domain.posting import Posting, PostingState
from services.accounts.domain.reconciliation import BookedPayment, Period
from services.accounts.domain.reconciliation_ports import CapturedPostings, RegionalBooks

# Most payments are posted within seconds of their capture, by clocks that agree; the others are asked for one by one.
_POSTED_BEFORE_CAPTURE_AT_MOST = timedelta(minutes=10)
_POSTED_AFTER_CAPTURE_MOSTLY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLedger:
    """Reads one region's ledger by its list, and by asking for each payment that the list does not show."""

    captured: CapturedPostings
    postings: PostingRepository
    regional_books: RegionalBooks
    wait: Callable[[float], object]
    items_per_s: float

    def __call__(self, region: str, period: Period, /) -> Iterator[BookedPayment]:
        """Yield what is there of the payments captured in a period, and of those that we know nothing of and that were
        posted in it. A payment that was posted twice comes twice. Raises `RegionUnavailable`."""
        ours = {posting.payment_id: posting for posting in self.captured.captured(region, period)}
        listed = regional_list(self.regional_books, region, _when_posted(period))
        if listed is None:
            yield from self._asked_for(region, ours)
            return
        seen: set[str] = set()
        for payment in listed:
            if payment.payment_id in ours or self._belongs(payment, period):
                seen.add(payment.payment_id)
                yield payment
        unseen = {
            payment_id: posting
            for payment_id, posting in ours.items()
            if payment_id not in seen and posting.state is PostingState.POSTED
        }
        yield from self._asked_for(region, unseen)

    def _belongs(self, payment: BookedPayment, period: Period) -> bool:
        posting = self.postings.get(payment.payment_id)
        moment = posting.captured_at if posting else payment.posted_at
        return period.begins_at <= moment < period.ends_at

    def _asked_for(self, region: str, ours: Mapping[str, Posting]) -> Iterator[BookedPayment]:
        for payment_id in ours:
            held = self.regional_books.posting(region, payment_id=payment_id)
            if held is not None:
                yield BookedPayment(payment_id=payment_id, amount=held.amount, posted_at=held.posted_at)
            self.wait(1 / self.items_per_s)


def _when_posted(period: Period) -> Period:
    return Period(
        begins_at=period.begins_at - _POSTED_BEFORE_CAPTURE_AT_MOST,
        ends_at=period.ends_at + _POSTED_AFTER_CAPTURE_MOSTLY,
    )
