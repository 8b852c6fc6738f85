"""What the service needs from outside itself; the adapters say how it is met."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.accounts.domain.account_alias import AccountAlias
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_past import AccountPast
from services.accounts.domain.account_report import (
    AccountReport,
    Charge,
    CreditedPayment,
    Page,
    PlacedCharge,
    RegionalPosting,
    Row,
)
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import BillingAccount, LinkReference
from services.accounts.domain.charge_placement import ChargePlacement
from services.accounts.domain.claim import Claim
from services.accounts.domain.feed_journal import FeedJournal, FeedRejection
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.history import Span
from services.accounts.domain.history_month import HistoryMonth
from services.accounts.domain.ownership_attempts import AttemptLimit, OwnershipAttempts
from services.accounts.domain.posting import Posting
from services.accounts.domain.proof_ladder import Proof
from services.accounts.domain.regional_bill import BillName, BillReceipt, RegionalBill
from services.chassis.money import Money


class BillingAccountRepository(Protocol):
    """Links. What is asked for a subscriber is asked with the subscriber in the query."""

    def owned(self, *, subscriber_id: str, billing_account_id: str) -> BillingAccount | None:
        """Return the subscriber's link, an ended one too."""
        ...

    def linked_by(self, subscriber_id: str, /) -> Sequence[BillingAccount]:
        """Return the subscriber's links that have not ended, in the order of linking."""
        ...

    def linked_to(self, key: AccountKey, /, *, subscriber_id: str) -> BillingAccount | None:
        """Return the subscriber's link to that account that has not ended."""
        ...

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> BillingAccount | None:
        """Return the subscriber's link that has not ended and was made by that request."""
        ...

    def get(self, billing_account_id: str, /) -> BillingAccount | None:
        """Return a link, an ended one too; for services, which are no subscribers."""
        ...

    def links_to(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, Sequence[LinkReference]]:
        """Return all links to the accounts that have not ended, of all subscribers."""
        ...

    def on(self, key: AccountKey, /) -> Sequence[BillingAccount]:
        """Return all links to an account, ended ones too, of all subscribers."""
        ...

    def claims_to(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, Sequence[Claim]]:
        """Return the claims to the accounts, of all subscribers, in one query; an account without any is left out."""
        ...

    def save(self, account: BillingAccount, /) -> None:
        """Raises `AlreadyLinked` when the subscriber has a link to that account, `VersionConflict` for a lost race."""
        ...


class SnapshotRepository(Protocol):
    """Last known figures."""

    def get(self, key: AccountKey, /) -> AccountSnapshot:
        """Return the snapshot, an empty one when nothing is known."""
        ...

    def many(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, AccountSnapshot]:
        """Return a snapshot for each of the accounts, in one query."""
        ...

    def save(self, snapshot: AccountSnapshot, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...

    def pasts(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, AccountPast]:
        """Return the past of each of the accounts, in one query."""
        ...

    def save_many(self, snapshots: Sequence[AccountSnapshot], /) -> Collection[AccountKey]:
        """Return the accounts whose race was lost, or may have been: reading them again tells."""
        ...


class AliasRepository(Protocol):
    """Numbers that accounts had."""

    def get(self, old: AccountKey, /) -> AccountAlias | None: ...

    def holding(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, AccountKey]:
        """Return under which number those of the accounts go on that have another one by now; one step of a chain."""
        ...

    def save(self, alias: AccountAlias, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...


class WishNumbers(Protocol):
    """Whatever hangs on an account by its number, but for links and figures."""

    def move(self, old: AccountKey, new: AccountKey, /) -> None:
        """Let all of it hang on the new number. Idempotent."""
        ...


class HistoryRepository(Protocol):
    """What was read of accounts' fees and payments, by months, and by number and since when it was the account's: what
    was read of whom a number named before is another history."""

    def named(
        self, key: AccountKey, kind: FigureKind, months: Sequence[str], /, *, held_since: datetime | None
    ) -> Sequence[HistoryMonth[Any]]:
        """Return those months, in that order, in one query; empty ones where nothing is remembered."""
        ...

    def months(
        self, key: AccountKey, kind: FigureKind, period: Span, /, *, held_since: datetime | None
    ) -> Iterator[HistoryMonth[Any]]:
        """Return what is remembered of a period, newest first, and at last the oldest month of all, which knows whether
        there is anything before it."""
        ...

    def save(self, month: HistoryMonth[Any], /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...


class PostingRepository(Protocol):
    """Postings, by their payment."""

    def get(self, payment_id: str, /) -> Posting | None: ...

    def save(self, posting: Posting, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...


class PostingQueue(Protocol):
    """Postings that are due, each given to one claimer at a time."""

    def claim(self) -> Posting | None: ...


class ChargePlacementRepository(Protocol):
    """Fees, by their charge id."""

    def get(self, charge_id: str, /) -> ChargePlacement | None: ...

    def save(self, placement: ChargePlacement, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...


class AttemptsRepository(Protocol):
    """Counters of wrong proofs, and of codes that were asked for."""

    def get(self, attempts_key: str, /, *, limit: AttemptLimit) -> OwnershipAttempts:
        """Return the counter, an empty one when nothing was counted."""
        ...

    def save(self, attempts: OwnershipAttempts, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...


class RegionalBillRepository(Protocol):
    """Bills as the regions issued them."""

    def get(self, regional_bill_id: str, /) -> RegionalBill | None: ...

    def hashes_of(self, names: Sequence[BillName], /) -> Mapping[BillName, str]:
        """Return the content hashes of those that are stored."""
        ...

    def received_after(
        self, received_at: datetime | None, regional_bill_id: str, /, *, limit: int
    ) -> Sequence[BillReceipt]:
        """Return what comes after the position in the order of receipt and, at one moment, of ids; everything from the
        first bill on without a moment."""
        ...

    def save_many(self, bills: Sequence[RegionalBill], /) -> Collection[BillName]:
        """Store new bills; return the names of those that somebody else stored meanwhile."""
        ...


class FeedJournalRepository(Protocol):
    """How far the regions' journals are stored."""

    def get(self, region: str, /) -> FeedJournal:
        """Return the region's journal, an empty one when it has never sent any."""
        ...

    def save(self, journal: FeedJournal, /) -> None:
        """Raises `VersionConflict` for a lost race."""
        ...


class FeedRejectionRepository(Protocol):
    """Records that were put aside, for people to look at."""

    def keep(self, rejections: Sequence[FeedRejection], /) -> None:
        """Idempotent by region, journal and position."""
        ...


class RegionalBilling(Protocol):
    """The billing systems of all regions.

    Every method raises `RegionUnavailable` when the region does not answer in time, is known not to answer, or answers
    nonsense; then it may have done what it was asked for.
    """

    def verify_ownership(self, key: AccountKey, proof: Proof, /, *, claimant: str) -> bool:
        """Say whether number and fact belong together; `claimant` stands for the subscriber who says so."""
        ...

    def send_ownership_code(self, key: AccountKey, /, *, claimant: str) -> timedelta:
        """Have a code sent to the contact that the region holds, if it holds one; return how long it is good.

        Raises `TooManyAttempts` when the region sends no more for a while.
        """
        ...

    def account(self, key: AccountKey, /) -> AccountReport: ...

    def charges(self, key: AccountKey, /, *, page_size: int, page_token: str, period: Span) -> Page[Charge]:
        """Raises `PageTokenInvalid`."""
        ...

    def payments(self, key: AccountKey, /, *, page_size: int, page_token: str, period: Span) -> Page[CreditedPayment]:
        """Raises `PageTokenInvalid`."""
        ...

    def post_payment(
        self, key: AccountKey, /, *, payment_id: str, amount: Money, captured_at: datetime
    ) -> RegionalPosting:
        """Idempotent by `payment_id`. Raises `AccountClosed`, `PaymentIdReused`."""
        ...

    def posting(self, region: str, /, *, payment_id: str) -> RegionalPosting | None:
        """Return what became of a payment, None when the region never applied it."""
        ...

    def place_charge(self, key: AccountKey, /, *, charge_id: str, amount: Money, description: str) -> PlacedCharge:
        """Idempotent by `charge_id`. Raises `AccountClosed`, `InsufficientFunds`, `ChargeIdReused`."""
        ...


class ReadRows(Protocol[Row]):
    """How rows of one kind are read: `RegionalBilling.charges` or `payments`."""

    def __call__(self, key: AccountKey, /, *, page_size: int, page_token: str, period: Span) -> Page[Row]: ...


class RegionHealth(Protocol):
    """Whoever knows which regions answer."""

    def answers(self, region: str, /) -> bool:
        """Say whether the region answered when it was last asked."""
        ...


class FigureRefresher(Protocol):
    """Whoever asks regions for figures beside the call that wants them."""

    def refresh(self, keys: Sequence[AccountKey], /, *, within_s: float) -> Mapping[AccountKey, AccountSnapshot]:
        """Ask for all of them at once; return those that came within the time. The others go on being asked for, and
        update what is remembered when they come."""
        ...
