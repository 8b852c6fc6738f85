"""What a subscriber sees of bills: the list, one of them, its PDF. A foreign bill looks like an absent one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.chassis.paging import PageTokenInvalid, from_page_token, page_size, to_page_token
from services.documents.domain.account import LinkedAccount, Recipient
from services.documents.domain.customer_bill import CustomerBill, CustomerBillNotFound, CustomerBillNotReady
from services.documents.domain.ports import AccountAccess, Archive, CustomerBillRepository, MailingRepository

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    """List the bills of all accounts whose documents the subscriber may see, or of one of them, newest first."""

    accounts: AccountAccess
    bills: CustomerBillRepository
    mailings: MailingRepository

    def __call__(
        self, *, subscriber_id: str, billing_account_id: str | None, wanted: int, page_token: str
    ) -> ShownBills:
        after = _position(page_token)
        size = page_size(wanted)
        links = self._links(subscriber_id, billing_account_id)
        spells = [spell for link in links for spell in link.spells]
        found = self.bills.of_spells(spells, limit=size + 1, after=after)
        page = found[:size]
        mailed = _mailed(self.mailings, page, links)
        return ShownBills(
            bills=[_shown(bill, links, mailed) for bill in page],
            next_page_token=_token(page[-1]) if len(found) > size else "",
        )

    def _links(self, subscriber_id: str, billing_account_id: str | None) -> Sequence[LinkedAccount]:
        """Ask about the one account by itself, so that a refusal says why."""
        if billing_account_id is None:
            return self.accounts.authorized(subscriber_id)
        recipient = Recipient(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        return [self.accounts.authorize(recipient)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindCustomerBill:
    """Find a bill among those of the accounts whose documents the subscriber may see."""

    accounts: AccountAccess
    bills: CustomerBillRepository

    def __call__(self, *, subscriber_id: str, customer_bill_id: str) -> tuple[CustomerBill, str]:
        """Return the bill and the link by which it is seen. Raises `CustomerBillNotFound`, also for a foreign bill."""
        links = self.accounts.authorized(subscriber_id)
        bill = self.bills.get(customer_bill_id)
        link = _link_of(bill, links) if bill is not None else None
        if bill is None or link is None:
            raise CustomerBillNotFound("There is no such bill.")
        return bill, link.billing_account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCustomerBill:
    """Show one bill."""

    find: FindCustomerBill
    mailings: MailingRepository

    def __call__(self, *, subscriber_id: str, customer_bill_id: str) -> ShownBill:
        bill, billing_account_id = self.find(subscriber_id=subscriber_id, customer_bill_id=customer_bill_id)
        mailed = self.mailings.mailed_at([customer_bill_id], billing_account_ids=[billing_account_id])
        return ShownBill(bill=bill, billing_account_id=billing_account_id, mailed_at=mailed.get(bill.customer_bill_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadCustomerBill:
    """Return the archived PDF of a bill."""

    find: FindCustomerBill
    archive: Archive

    def __call__(self, *, subscriber_id: str, customer_bill_id: str) -> bytes:
        bill, _ = self.find(subscriber_id=subscriber_id, customer_bill_id=customer_bill_id)
        if bill.pdf is None:
            raise CustomerBillNotReady("The bill is still being made.")
        return self.archive.get(bill.pdf.sha256)


def _link_of(bill: CustomerBill, links: Sequence[LinkedAccount]) -> LinkedAccount | None:
    content = bill.content
    if content is None:
        return None
    return next((link for link in links if link.owns(content.account, issued_at=content.issued_at)), None)


def _mailed(
    mailings: MailingRepository, page: Sequence[CustomerBill], links: Sequence[LinkedAccount]
) -> Mapping[str, datetime]:
    """One question for the whole page: an account has one link of a subscriber, and a bill one account."""
    links_asked = [link.billing_account_id for link in links]
    return mailings.mailed_at([bill.customer_bill_id for bill in page], billing_account_ids=links_asked)


def _shown(bill: CustomerBill, links: Sequence[LinkedAccount], mailed: Mapping[str, datetime]) -> ShownBill:
    link = _link_of(bill, links)
    assert link is not None, "only bills of the links are listed"
    return ShownBill(
        bill=bill,
        billing_account_id=link.billing_account_id,
        mailed_at=mailed.get(bill.customer_bill_id),
    )


def _token(bill: CustomerBill) -> str:
    assert bill.content is not None, "only bills with content are listed"
    return to_page_token((bill.content.issued_at - _EPOCH) // timedelta(milliseconds=1), bill.customer_bill_id)


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
