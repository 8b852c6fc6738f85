"""What a subscriber sees of bills: the list, one of them, its PDF. A foreign bill looks like an absent one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.chassis.errors import DomainError, Kind
from services.chassis.paging import PageTokenInvalid, from_page_token, page_size, to_page_token
from services.documents.domain.account import Account, Recipient
from services.documents.domain.customer_bill import CustomerBill, CustomerBillNotFound, CustomerBillNotReady
from services.documents.domain.ports import AccountAccess, Archive, CustomerBillRepository, MailingRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBill:
    """A bill as seen through one subscriber's link to its account."""

    bill: CustomerBill
    billing_account_id: str
    mailed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBills:
    """A page of bills."""

    bills: Sequence[ShownBill]
    next_page_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCustomerBills:
    """List the bills of an account, newest first."""

    accounts: AccountAccess
    bills: CustomerBillRepository
    mailings: MailingRepository

    def __call__(self, *, recipient: Recipient, wanted: int, page_token: str) -> ShownBills:
        after = _position(page_token)
        size = page_size(wanted)
        account = self.accounts.authorize(recipient)
        found = self.bills.of_account(account, limit=size + 1, after=after)
        page = found[:size]
        mailed = self.mailings.mailed_at(
            [bill.customer_bill_id for bill in page], billing_account_id=recipient.billing_account_id
        )
        return ShownBills(
            bills=[
                ShownBill(
                    bill=bill,
                    billing_account_id=recipient.billing_account_id,
                    mailed_at=mailed.get(bill.customer_bill_id),
                )
                for bill in page
            ],
            next_page_token=_token(page[-1]) if len(found) > size else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FindCustomerBill:
    """Find a bill as one of an account that the subscriber may see the documents of."""

    accounts: AccountAccess
    bills: CustomerBillRepository

    def __call__(self, *, recipient: Recipient, customer_bill_id: str) -> CustomerBill:
        """Raises `CustomerBillNotFound`, also for a foreign account and a bill of another account."""
        account = self._account(recipient)
        bill = self.bills.get(customer_bill_id)
        if bill is None or bill.content is None or bill.content.account != account:
            raise _not_found()
        return bill

    def _account(self, recipient: Recipient) -> Account:
        try:
            return self.accounts.authorize(recipient)
        except DomainError as error:
            if error.kind is Kind.NOT_FOUND:
                raise _not_found() from None
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCustomerBill:
    """Show one bill."""

    find: FindCustomerBill
    mailings: MailingRepository

    def __call__(self, *, recipient: Recipient, customer_bill_id: str) -> ShownBill:
        bill = self.find(recipient=recipient, customer_bill_id=customer_bill_id)
        mailed = self.mailings.mailed_at([customer_bill_id], billing_account_id=recipient.billing_account_id)
        return ShownBill(
            bill=bill, billing_account_id=recipient.billing_account_id, mailed_at=mailed.get(customer_bill_id)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadCustomerBill:
    """Return the archived PDF of a bill."""

    find: FindCustomerBill
    archive: Archive

    def __call__(self, *, recipient: Recipient, customer_bill_id: str) -> bytes:
        bill = self.find(recipient=recipient, customer_bill_id=customer_bill_id)
        if bill.pdf is None:
            raise CustomerBillNotReady("The bill is still being made.")
        return self.archive.get(bill.pdf.sha256)


def _not_found() -> CustomerBillNotFound:
    return CustomerBillNotFound("There is no such bill.")


def _token(bill: CustomerBill) -> str:
    assert bill.content is not None, "only bills with content are listed"
    return to_page_token(int(bill.content.issued_at.timestamp() * 1000), bill.customer_bill_id)


def _position(page_token: str) -> tuple[datetime, str] | None:
    match from_page_token(page_token, length=2):
        case None:
            return None
        case [int(issued_at_ms), str(customer_bill_id)] if 0 <= issued_at_ms < 2**48:
            seconds, milliseconds = divmod(issued_at_ms, 1000)
            moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)
            return moment, customer_bill_id
        case _:
            raise PageTokenInvalid("The page token is not valid.")
