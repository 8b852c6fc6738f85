"""Take over the crediting of a captured payment: by event or by call, once per payment."""

from dataclasses import dataclass
from datetime import datetime

from services.accounts.domain.errors import BillingAccountNotFound
from services.accounts.domain.ports import BillingAccountRepository, PostingRepository
from services.accounts.domain.posting import Posting
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPosting:
    """Records and returns; the dispatcher does the rest. Works for an account that was unlinked meanwhile: the money is
    the region's."""

    postings: PostingRepository
    accounts: BillingAccountRepository
    clock: Clock

    def __call__(self, *, payment_id: str, billing_account_id: str, amount: Money, captured_at: datetime) -> Posting:
        """Return the posting as it stands. Raises `PaymentIdReused`, `BillingAccountNotFound`."""
        posting = self.postings.get(payment_id)
        if posting is None:
            posting = self._take_over(payment_id, billing_account_id, amount, captured_at)
        posting.check_same(billing_account_id=billing_account_id, amount=amount)
        return posting

    def _take_over(self, payment_id: str, billing_account_id: str, amount: Money, captured_at: datetime) -> Posting:
        account = self.accounts.get(billing_account_id)
        if account is None:
            raise BillingAccountNotFound
        posting = Posting.request(
            payment_id=payment_id,
            billing_account_id=billing_account_id,
            key=account.key,
            amount=amount,
            captured_at=captured_at,
            now=self.clock.now(),
        )
        try:
            self.postings.save(posting)
        except VersionConflict:  # the event and the call came at the same moment: the first one counts
            first = self.postings.get(payment_id)
            if first is None:
                raise
            return first
        return posting
