"""Fakes of documents' ports: dictionaries that keep the same promises as MongoDB, and scripted neighbours."""

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Generic, TypeVar

from services.chassis.errors import VersionConflict
from services.documents.domain.account import Account, BillingAccountNotFound, LinkedAccount, Recipient, Spell
from services.documents.domain.bill_content import BillContent
from services.documents.domain.bill_delivery import BillDelivery, DeliveryState
from services.documents.domain.consent import Language
from services.documents.domain.customer_bill import CustomerBill
from services.documents.domain.mailing import Mailing
from services.documents.domain.ports import MailOutcome, StepFailed
from services.documents.domain.receipts import Position, Receipt
from tests.documents.builders import A_MORNING

Aggregate = TypeVar("Aggregate", BillDelivery, CustomerBill, Mailing)


class FakeClock:
    """A clock that stands until moved."""

    def __init__(self, now: datetime = A_MORNING) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


class _Table(Generic[Aggregate]):
    """Aggregates by id, saved under the rule of versions; a lease lasts until it is saved."""

    def __init__(self, clock: FakeClock) -> None:
        self.rows: dict[str, Aggregate] = {}
        self.published: list[Any] = []
        self._leased: set[str] = set()
        self._clock = clock

    def read(self, key: str) -> Aggregate | None:
        return deepcopy(self.rows.get(key))

    def write(self, key: str, aggregate: Aggregate) -> None:
        stored = self.rows.get(key)
        if (stored.version if stored else 0) != aggregate.version:
            raise VersionConflict("changed meanwhile")
        aggregate.version += 1
        events = getattr(aggregate, "pending_events", [])
        self.published += events
        events.clear()
        self.rows[key] = deepcopy(aggregate)
        self._leased.discard(key)

    def claim(self) -> Aggregate | None:
        now = self._clock.now()
        due = [
            (row.due_at, key)
            for key, row in self.rows.items()
            if row.due_at is not None and row.due_at <= now and key not in self._leased
        ]
        if not due:
            return None
        key = min(due)[1]
        self._leased.add(key)
        self.rows[key].version += 1
        return self.read(key)

    def expire_leases(self) -> None:
        self._leased.clear()


class FakeBillDeliveryRepository:
    def __init__(self, clock: FakeClock) -> None:
        self.table = _Table[BillDelivery](clock)

    def get(self, recipient: Recipient, /) -> BillDelivery | None:
        return self.table.read(BillDelivery.id_of(recipient))

    def of_confirmation(self, confirmation_id: str, /) -> BillDelivery | None:
        for key, row in self.table.rows.items():
            if row.confirmation and row.confirmation.confirmation_id == confirmation_id:
                return self.table.read(key)
        return None

    def asked_for(self, accounts: Collection[Account], /) -> list[BillDelivery]:
        asked = {DeliveryState.ON, DeliveryState.AWAITING_CONFIRMATION}
        rows = sorted(self.table.rows.items())
        return [deepcopy(row) for _, row in rows if row.account in accounts and row.state in asked]

    def save(self, delivery: BillDelivery, /) -> None:
        self.table.write(delivery.delivery_id, delivery)

    def claim_due(self) -> BillDelivery | None:
        return self.table.claim()


class FakeCustomerBillRepository:
    def __init__(self, clock: FakeClock) -> None:
        self.table = _Table[CustomerBill](clock)

    def add(self, bill: CustomerBill, /) -> bool:
        if any(row.regional_bill_id == bill.regional_bill_id for row in self.table.rows.values()):
            return False
        self.save(bill)
        return True

    def get(self, customer_bill_id: str, /) -> CustomerBill | None:
        return self.table.read(customer_bill_id)

    def known(self, regional_bill_ids: Sequence[str], /) -> set[str]:
        return {row.regional_bill_id for row in self.table.rows.values()} & set(regional_bill_ids)

    def of_spells(
        self, spells: Collection[Spell], /, *, limit: int, after: tuple[datetime, str] | None
    ) -> list[CustomerBill]:
        rows = [
            ((row.content.issued_at, key), row)
            for key, row in self.table.rows.items()
            if row.content and _covered(row.content, spells)
        ]
        rows.sort(key=lambda pair: pair[0], reverse=True)
        return [deepcopy(row) for position, row in rows if after is None or position < after][:limit]

    def save(self, bill: CustomerBill, /) -> None:
        self.table.write(bill.customer_bill_id, bill)

    def claim_due(self) -> CustomerBill | None:
        return self.table.claim()


class FakeMailingRepository:
    def __init__(self, clock: FakeClock) -> None:
        self.table = _Table[Mailing](clock)

    def add(self, mailing: Mailing, /) -> bool:
        if mailing.mailing_id in self.table.rows:
            return False
        self.save(mailing)
        return True

    def get(self, mailing_id: str, /) -> Mailing | None:
        return self.table.read(mailing_id)

    def mailed_at(
        self, customer_bill_ids: Sequence[str], *, billing_account_ids: Collection[str]
    ) -> dict[str, datetime]:
        return {
            row.customer_bill_id: row.mailed_at
            for row in self.table.rows.values()
            if row.mailed_at
            and row.customer_bill_id in customer_bill_ids
            and any(one.billing_account_id in billing_account_ids for one in row.recipients)
        }

    def save(self, mailing: Mailing, /) -> None:
        self.table.write(mailing.mailing_id, mailing)

    def claim_due(self) -> Mailing | None:
        return self.table.claim()


class FakeArchive:
    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def put(self, content: bytes, /) -> str:
        digest = sha256(content).hexdigest()
        self.contents[digest] = content
        return digest

    def get(self, sha256: str, /) -> bytes:
        if sha256 not in self.contents:
            raise StepFailed("not there")
        return self.contents[sha256]


class FakeAccounts:
    """Accounts as a dictionary of links, and regional bills by id; `down` makes it fail."""

    def __init__(self) -> None:
        self.links: dict[Recipient, Account] = {}
        self.spells: dict[Recipient, tuple[Spell, ...]] = {}
        self.regional_bills: dict[str, BillContent] = {}
        self.receipts: list[Receipt] = []
        self.asked_after: list[Position | None] = []
        self.down = False

    def authorize(self, recipient: Recipient, /) -> LinkedAccount:
        if self.down:
            raise StepFailed("accounts is down")
        if recipient not in self.links:
            raise BillingAccountNotFound("There is no such account.")
        account = self.links[recipient]
        return LinkedAccount(
            billing_account_id=recipient.billing_account_id,
            account=account,
            spells=self.spells.get(recipient, (Spell(account=account),)),
        )

    def authorized(self, subscriber_id: str, /) -> list[LinkedAccount]:
        if self.down:
            raise StepFailed("accounts is down")
        return [self.authorize(recipient) for recipient in self.links if recipient.subscriber_id == subscriber_id]

    def fetch(self, regional_bill_id: str, /) -> BillContent:
        if self.down or regional_bill_id not in self.regional_bills:
            raise StepFailed("accounts is down")
        return self.regional_bills[regional_bill_id]

    def received_after(self, position: Position | None, /, *, limit: int) -> list[Receipt]:
        if self.down:
            raise StepFailed("accounts is down")
        self.asked_after.append(position)
        rows = sorted(self.receipts, key=lambda row: (row.received_at, row.regional_bill_id))
        after = [
            row
            for row in rows
            if not position
            or (row.received_at, row.regional_bill_id) > (position.received_at, position.regional_bill_id)
        ]
        return after[:limit]


class FakeReceiptCursor:
    def __init__(self) -> None:
        self.seen_until: datetime | None = None

    def get(self) -> datetime | None:
        return self.seen_until

    def advance(self, received_at: datetime, /) -> None:
        self.seen_until = max(self.seen_until or received_at, received_at)


class FakeRenderer:
    """Renders to text; refuses the bills it is told to."""

    def __init__(self) -> None:
        self.refuses: set[str] = set()

    def render(self, bill: BillContent, /) -> bytes:
        if bill.bill_number in self.refuses:
            raise StepFailed("This bill cannot be drawn.")
        return f"PDF of {bill.bill_number}/{bill.revision}".encode()


class FakePost:
    """Keeps what was sent; `outcomes` are played once each, then everything is taken."""

    def __init__(self) -> None:
        self.links: list[tuple[str, str]] = []
        self.bills: list[tuple[str, str]] = []
        self.outcomes: list[MailOutcome] = []
        self.during_body: Callable[[], None] = lambda: None

    def send_link(self, *, to: str, language: Language, token: str, number: str, confirmation_id: str) -> MailOutcome:
        self.links.append((to, token))
        return self._outcome()

    def send_bill(
        self, mailing: Mailing, /, *, bill: BillContent, pdf: bytes, before_body: Callable[[], None]
    ) -> MailOutcome:
        before_body()
        self.during_body()
        outcome = self._outcome()
        if outcome in {MailOutcome.TAKEN, MailOutcome.UNCERTAIN}:
            self.bills.append((mailing.email, mailing.mailing_id))
        return outcome

    def _outcome(self) -> MailOutcome:
        return self.outcomes.pop(0) if self.outcomes else MailOutcome.TAKEN


class FakeTokens:
    def token_of(self, confirmation_id: str, /) -> str:
        return f"token-{confirmation_id}"

    def confirmation_id_of(self, token: str, /) -> str | None:
        return token.removeprefix("token-") if token.startswith("token-") else None


def _covered(content: BillContent, spells: Collection[Spell]) -> bool:
    return any(spell.covers(content.account, issued_at=content.issued_at) for spell in spells)
