"""What documents needs from the outside, in its own words."""

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.chassis.errors import DomainError, Kind
from services.documents.domain.account import Account, LinkedAccount, Recipient, Spell
from services.documents.domain.autopay_notice import AutopayNotice, ComingCharge
from services.documents.domain.bill_content import BillContent
from services.documents.domain.bill_delivery import BillDelivery
from services.documents.domain.consent import ConsentText, Language
from services.documents.domain.customer_bill import CustomerBill
from services.documents.domain.mailing import Mailing
from services.documents.domain.receipts import Position, Receipt


class StepFailed(DomainError):
    """A step of background work could not be done now; it stays due."""

    reason = "TEMPORARILY_UNAVAILABLE"
    kind = Kind.UNAVAILABLE


class BillDeliveryRepository(Protocol):
    """Deliveries, one per subscriber and linked account."""

    def get(self, recipient: Recipient, /) -> BillDelivery | None: ...

    def of_confirmation(self, confirmation_id: str, /) -> BillDelivery | None: ...

    def asked_for(self, accounts: Collection[Account], /) -> Sequence[BillDelivery]:
        """Return the deliveries that are ON, or wait for the proof of their address, for any of the accounts."""
        ...

    def save(self, delivery: BillDelivery, /) -> None:
        """Raises VersionConflict."""
        ...

    def claim_due(self) -> BillDelivery | None:
        """Return a delivery whose link is to be mailed, leased to the caller."""
        ...


class CustomerBillRepository(Protocol):
    """Bills, one per regional bill."""

    def add(self, bill: CustomerBill, /) -> bool:
        """Keep a new bill; False when its regional bill is known already, and nothing changes."""
        ...

    def get(self, customer_bill_id: str, /) -> CustomerBill | None: ...

    def known(self, regional_bill_ids: Sequence[str], /) -> AbstractSet[str]:
        """Return those of the regional bills for which there is a bill."""
        ...

    def of_spells(
        self, spells: Collection[Spell], /, *, limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[CustomerBill]:
        """Return bills that any of the spells covers, newest issue first, those after the position
        `(issued_at, customer_bill_id)`."""
        ...

    def save(self, bill: CustomerBill, /) -> None:
        """Raises VersionConflict."""
        ...

    def claim_due(self) -> CustomerBill | None:
        """Return a bill with a step to do, leased to the caller."""
        ...


class MailingRepository(Protocol):
    """Mailings, one per bill, revision and address."""

    def add(self, mailing: Mailing, /) -> bool:
        """Keep a new mailing; False when there is one of that id already, and nothing changes."""
        ...

    def get(self, mailing_id: str, /) -> Mailing | None: ...

    def mailed_at(
        self, customer_bill_ids: Sequence[str], *, billing_account_ids: Collection[str]
    ) -> Mapping[str, datetime]:
        """Return when each of the bills was mailed on behalf of one of these links; leaves out those that were not."""
        ...

    def save(self, mailing: Mailing, /) -> None:
        """Raises VersionConflict."""
        ...

    def claim_due(self) -> Mailing | None:
        """Return a mailing with a step to do, leased to the caller."""
        ...


class AccountAccess(Protocol):
    """Accounts' word on who may see the documents of which account."""

    def authorize(self, recipient: Recipient, /) -> LinkedAccount:
        """Return the account. Raises a DomainError: NOT_FOUND, PERMISSION_DENIED, or what failed."""
        ...

    def authorized(self, subscriber_id: str, /) -> Sequence[LinkedAccount]:
        """Return all accounts whose documents the subscriber may see.

        Raises a DomainError: what failed.
        """
        ...


class RegionalBills(Protocol):
    """Bills as the regions issued them."""

    def fetch(self, regional_bill_id: str, /) -> BillContent:
        """Raises StepFailed."""
        ...

    def received_after(self, position: Position | None, /, *, limit: int) -> Sequence[Receipt]:
        """Return what accounts received, in order, from a place or the first bill on. Raises StepFailed."""
        ...


class ReceiptCursor(Protocol):
    """Until which moment receipts were gone through."""

    def get(self) -> datetime | None: ...

    def advance(self, received_at: datetime, /) -> None:
        """Move forward; an earlier moment changes nothing."""
        ...


class BillRenderer(Protocol):
    """Whatever makes the PDF of a bill; the same bill gives the same bytes."""

    def render(self, bill: BillContent, /) -> bytes:
        """Raises StepFailed."""
        ...


class Archive(Protocol):
    """PDFs by the hash of their content; what is in is never changed."""

    def put(self, content: bytes, /) -> str:
        """Keep the content for good and return its SHA-256 in hex. Idempotent."""
        ...

    def get(self, sha256: str, /) -> bytes:
        """Return the content, checked against its hash. Raises StepFailed when it is missing or damaged."""
        ...


class MailOutcome(Enum):
    """What the mail server made of a message."""

    TAKEN = "taken"
    REFUSED = "refused"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"


class Post(Protocol):
    """Mails to subscribers."""

    def send_link(self, *, to: str, language: Language, token: str, number: str, confirmation_id: str) -> MailOutcome:
        """Send the link that proves the address."""
        ...

    def send_bill(
        self, mailing: Mailing, /, *, bill: BillContent, pdf: bytes, before_body: Callable[[], None]
    ) -> MailOutcome:
        """Send a bill; `before_body` is called when the server is ready to take it, and may still prevent it by
        raising."""
        ...


class ConfirmationTokens(Protocol):
    """The secret part of the links."""

    def token_of(self, confirmation_id: str, /) -> str: ...

    def confirmation_id_of(self, token: str, /) -> str | None:
        """Return what the token stands for; None when it is not genuine."""
        ...


class ConsentTexts(Protocol):
    """The texts that are consented to."""

    def in_force(self, language: Language, /) -> ConsentText: ...


class AutopayNoticeRepository(Protocol):
    """Mails about automatic charges. `save` raises VersionConflict."""

    def add(self, notice: AutopayNotice, /) -> bool:
        """Save a new one; False when there is one of this id already."""
        ...

    def get(self, notice_id: str, /) -> AutopayNotice | None: ...

    def save(self, notice: AutopayNotice, /) -> None: ...

    def claim_due(self) -> AutopayNotice | None:
        """Return the longest-due one, leased to this process; None when there is none."""
        ...


class AutopayCharges(Protocol):
    """Payments' word on automatic charges."""

    def coming(self, decision_id: str, /) -> ComingCharge:
        """Return an announced charge as it stands now. Raises a DomainError: NOT_FOUND or FAILED_PRECONDITION when
        there is nothing to announce any more, or what failed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where and in which language to write; no address when the subscriber has none."""

    email: str
    language: Language


class Contacts(Protocol):
    """Identity's word on where to write."""

    def of(self, subscriber_id: str, /) -> Contact:
        """Raises a DomainError: NOT_FOUND, or what failed."""
        ...


class AutopayPost(Protocol):
    """Mails about automatic charges."""

    def send_autopay_notice(
        self, notice: AutopayNotice, /, *, to: Contact, charge: ComingCharge | None, before_body: Callable[[], None]
    ) -> MailOutcome:
        """Send it; `before_body` is called when the server is ready to take it, and may still prevent it by raising.
        `charge` is there for what is announced."""
        ...
