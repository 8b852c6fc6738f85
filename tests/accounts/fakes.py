"""The ports of accounts on dictionaries, held to the same conformance tests as the real ones; and a region to
script."""

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_past import AccountPast
from services.accounts.domain.account_report import (
    AccountReport,
    Charge,
    CreditedPayment,
    OldMandate,
    Page,
    PlacedCharge,
    RegionalPosting,
)
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.billing_account import AlreadyLinked, BillingAccount, LinkReference
from services.accounts.domain.charge_placement import ChargePlacement
from services.accounts.domain.claim import Claim
from services.accounts.domain.errors import PaymentIdReused, RegionUnavailable
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.grant import GrantCodeSpent, GrantState
from services.accounts.domain.history import MOMENT, Span
from services.accounts.domain.history_month import HistoryMonth, month_of
from services.accounts.domain.ownership_attempts import AttemptLimit, OwnershipAttempts
from services.accounts.domain.posting import Posting
from services.accounts.domain.proof_ladder import CONTACT_CODE, Proof
from services.accounts.domain.regional_bill import BillName, BillReceipt, RegionalBill
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.events import Event
from services.chassis.money import Money
from tests.accounts.builders import make_charge, make_credited, make_page, make_report

Aggregate = TypeVar("Aggregate")


class Shelf:
    """Versioned documents and what they announced, as MongoDB keeps them: copies, and no save on an old version."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.announced: list[Event] = []

    def put(self, key: str, aggregate: Any) -> None:
        known = self.kept.get(key)
        if (known.version if known else 0) != aggregate.version:
            raise VersionConflict("Somebody else changed it.")
        aggregate.version += 1
        if hasattr(aggregate, "pending_events"):
            self.announced += aggregate.pending_events
            aggregate.pending_events.clear()
        self.kept[key] = copy.deepcopy(aggregate)

    def put_many(self, aggregates: Mapping[AccountKey, Any]) -> Collection[AccountKey]:
        """Put each; when one lost its race, all that were not new count as lost, as MongoDB tells it."""
        lost = set()
        for key, aggregate in aggregates.items():
            try:
                self.put(str(key), aggregate)
            except VersionConflict:
                lost.add(key)
        if any(aggregates[key].version for key in lost):
            lost |= {key for key, aggregate in aggregates.items() if aggregate.version > 1}
        return lost

    def take(self, key: str) -> Any:
        return copy.deepcopy(self.kept.get(key))


class FakeBillingAccounts:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def owned(self, *, subscriber_id: str, billing_account_id: str) -> BillingAccount | None:
        account = self.get(billing_account_id)
        return account if account and account.subscriber_id == subscriber_id else None

    def linked_by(self, subscriber_id: str, /) -> Sequence[BillingAccount]:
        mine = [account for account in self._linked() if account.subscriber_id == subscriber_id]
        return sorted(mine, key=lambda account: (account.linked_at, account.billing_account_id))

    def linked_to(self, key: AccountKey, /, *, subscriber_id: str) -> BillingAccount | None:
        return next((account for account in self.linked_by(subscriber_id) if account.key == key), None)

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> BillingAccount | None:
        return next((account for account in self.linked_by(subscriber_id) if account.request_id == request_id), None)

    def get(self, billing_account_id: str, /) -> BillingAccount | None:
        account: BillingAccount | None = self.shelf.take(billing_account_id)
        return account

    def links_to(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, Sequence[LinkReference]]:
        links: dict[AccountKey, list[LinkReference]] = {}
        for account in self._linked():
            if account.key in keys:
                link = LinkReference(billing_account_id=account.billing_account_id, proved_at=account.proved_at)
                links.setdefault(account.key, []).append(link)
        return links

    def on(self, key: AccountKey, /) -> Sequence[BillingAccount]:
        found = [copy.deepcopy(account) for account in self.shelf.kept.values() if account.key == key]
        return sorted(found, key=lambda account: account.billing_account_id)

    def many(self, billing_account_ids: Iterable[str], /) -> Mapping[str, BillingAccount]:
        wanted = set(billing_account_ids)
        return {key: copy.deepcopy(account) for key, account in self.shelf.kept.items() if key in wanted}

    def standing_on(self, grant_ids: Iterable[str], /) -> Mapping[str, BillingAccount]:
        wanted, granted = set(grant_ids), (account for account in self.shelf.kept.values() if account.grant)
        return {one.grant.grant_id: copy.deepcopy(one) for one in granted if one.grant.grant_id in wanted}

    def granted_by(self, billing_account_id: str, /) -> Sequence[BillingAccount]:
        return [
            account
            for account in self._linked()
            if account.grant and account.grant.grantor_billing_account_id == billing_account_id
        ]

    def claims_to(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, Sequence[Claim]]:
        claims: dict[AccountKey, list[Claim]] = {}
        for account in self._linked():
            if account.key in keys and account.claim is not None:
                claims.setdefault(account.key, []).append(account.claim)
        return claims

    def save(self, account: BillingAccount, /) -> None:
        rival = self.linked_to(account.key, subscriber_id=account.subscriber_id)
        if account.unlinked_at is None and rival and rival.billing_account_id != account.billing_account_id:
            raise AlreadyLinked
        first = self.standing_on([account.grant.grant_id]) if account.grant else {}
        if any(link.billing_account_id != account.billing_account_id for link in first.values()):
            raise GrantCodeSpent
        self.shelf.put(account.billing_account_id, account)
        self.shelf.kept[account.billing_account_id].weigh(GrantState.UNREAD)

    def _linked(self) -> list[BillingAccount]:
        return [copy.deepcopy(account) for account in self.shelf.kept.values() if account.unlinked_at is None]


class FakeSnapshots:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def get(self, key: AccountKey, /) -> AccountSnapshot:
        snapshot: AccountSnapshot = self.shelf.take(str(key)) or AccountSnapshot(key=key)
        return snapshot

    def many(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, AccountSnapshot]:
        return {key: self.get(key) for key in keys}

    def save(self, snapshot: AccountSnapshot, /) -> None:
        self.shelf.put(str(snapshot.key), snapshot)

    def pasts(self, keys: Sequence[AccountKey], /) -> Mapping[AccountKey, AccountPast]:
        return {key: self.get(key).past for key in keys}

    def save_many(self, snapshots: Sequence[AccountSnapshot], /) -> Collection[AccountKey]:
        return self.shelf.put_many({snapshot.key: snapshot for snapshot in snapshots})


class FakeHistory:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def named(
        self, key: AccountKey, kind: FigureKind, months: Sequence[str], /, *, held_since: datetime | None
    ) -> Sequence[HistoryMonth[Any]]:
        return [
            self.shelf.take(f"{_history(key, kind, held_since)}{month}")
            or HistoryMonth(key=key, kind=kind, month=month, held_since=held_since)
            for month in months
        ]

    def months(
        self, key: AccountKey, kind: FigureKind, period: Span, /, *, held_since: datetime | None
    ) -> Iterator[HistoryMonth[Any]]:
        history = _history(key, kind, held_since)
        mine = sorted((name for name in self.shelf.kept if name.startswith(history)), reverse=True)
        first, last = month_of(period.begins_at), month_of(period.ends_at - MOMENT)
        among = [name for name in mine if first <= name[-7:] <= last]
        yield from map(self.shelf.take, [*among, *(name for name in mine[-1:] if name not in among)])

    def save(self, month: HistoryMonth[Any], /) -> None:
        self.shelf.put(f"{_history(month.key, month.kind, month.held_since)}{month.month}", month)


def _history(key: AccountKey, kind: FigureKind, held_since: datetime | None) -> str:
    return f"{key}:{kind.value}@{held_since}:" if held_since else f"{key}:{kind.value}:"


class FakePostings:
    """Repository and queue in one; a claim moves the version, as the real one does."""

    def __init__(self, clock: Clock) -> None:
        self.shelf = Shelf()
        self._clock = clock

    def get(self, payment_id: str, /) -> Posting | None:
        posting: Posting | None = self.shelf.take(payment_id)
        return posting

    def save(self, posting: Posting, /) -> None:
        self.shelf.put(posting.payment_id, posting)

    def claim(self) -> Posting | None:
        for posting in self.shelf.kept.values():
            if posting.due_at is not None and posting.due_at <= self._clock.now():
                posting.version += 1
                claimed: Posting = copy.deepcopy(posting)
                return claimed
        return None


class FakeChargePlacements:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def get(self, charge_id: str, /) -> ChargePlacement | None:
        placement: ChargePlacement | None = self.shelf.take(charge_id)
        return placement

    def save(self, placement: ChargePlacement, /) -> None:
        self.shelf.put(placement.charge_id, placement)


class FakeAttempts:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def get(self, attempts_key: str, /, *, limit: AttemptLimit) -> OwnershipAttempts:
        attempts: OwnershipAttempts = self.shelf.take(attempts_key) or OwnershipAttempts(
            attempts_key=attempts_key, limit=limit
        )
        return attempts

    def save(self, attempts: OwnershipAttempts, /) -> None:
        self.shelf.put(attempts.attempts_key, attempts)


class FakeRegionalBills:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def get(self, regional_bill_id: str, /) -> RegionalBill | None:
        bill: RegionalBill | None = self.shelf.take(regional_bill_id)
        return bill

    def hashes_of(self, names: Sequence[BillName], /) -> Mapping[BillName, str]:
        return {bill.content.name: bill.content_hash for bill in self.shelf.kept.values() if bill.content.name in names}

    def received_after(
        self, received_at: datetime | None, regional_bill_id: str, /, *, limit: int
    ) -> list[BillReceipt]:
        rows = sorted(
            (bill.received_at, bill.regional_bill_id, bill.content.key.region) for bill in self.shelf.kept.values()
        )
        after = [row for row in rows if received_at is None or row[:2] > (received_at, regional_bill_id)]
        return [
            BillReceipt(regional_bill_id=key, region=region, received_at=moment)
            for moment, key, region in after[:limit]
        ]

    def save_many(self, bills: Sequence[RegionalBill], /) -> Collection[BillName]:
        lost = []
        for bill in bills:
            if self.hashes_of([bill.content.name]):
                lost.append(bill.content.name)
            else:
                self.shelf.put(bill.regional_bill_id, bill)
        return lost


class FakeRegions:
    """A region's billing with books of its own, and trouble on demand: `trouble` is called before each answer, with the
    method's name; `after` too, but once the books have been written."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.books: dict[str, RegionalPosting] = {}
        self.proofs: dict[str, str] = {}
        self.contacts: set[str] = set()
        self.codes: dict[tuple[str, str], str] = {}
        self.balance = Money(100_00)
        self.old_mandate: OldMandate | None = None
        self.calls: list[str] = []
        self.trouble: Callable[[str], None] = lambda method: None
        self.after: Callable[[str], None] = lambda method: None

    def down(self) -> None:
        """Answer nothing from now on."""

        def refuse(method: str) -> None:
            raise RegionUnavailable(region="54")

        self.trouble = refuse

    def up(self) -> None:
        self.trouble = lambda method: None

    def answers(self, region: str, /) -> bool:
        return True

    def verify_ownership(self, key: AccountKey, proof: Proof, /, *, claimant: str) -> bool:
        self._answering("verify_ownership")
        if proof.kind == CONTACT_CODE:
            right = self.codes.get((key.number, claimant)) == proof.value
            if right:
                del self.codes[key.number, claimant]
            return right
        return self.proofs.get(key.number) == proof.value

    def send_ownership_code(self, key: AccountKey, /, *, claimant: str) -> timedelta:
        self._answering("send_ownership_code")
        if key.number in self.contacts:
            self.codes[key.number, claimant] = f"{len(self.calls):07d}"
        return timedelta(minutes=10)

    def account(self, key: AccountKey, /) -> AccountReport:
        self._answering("account")
        report = make_report(kopecks=self.balance.amount_minor, as_of=self._clock.now())
        return replace(report, old_mandate=self.old_mandate)

    def charges(self, key: AccountKey, /, *, page_size: int, page_token: str, period: Span) -> Page[Charge]:
        self._answering("charges")
        return make_page(make_charge(), as_of=self._clock.now(), next_page_token="more")

    def payments(self, key: AccountKey, /, *, page_size: int, page_token: str, period: Span) -> Page[CreditedPayment]:
        self._answering("payments")
        return make_page(make_credited(), as_of=self._clock.now())

    def post_payment(
        self, key: AccountKey, /, *, payment_id: str, amount: Money, captured_at: datetime
    ) -> RegionalPosting:
        self._answering("post_payment")
        if payment_id not in self.books:
            self.balance = self.balance + amount
            self.books[payment_id] = RegionalPosting(
                payment_id=payment_id,
                number=key.number,
                amount=amount,
                posted_at=self._clock.now(),
                balance_after=self.balance,
                service_restored_at=None,
            )
        booked = self.books[payment_id]
        if (booked.number, booked.amount) != (key.number, amount):
            raise PaymentIdReused
        self.after("post_payment")
        return booked

    def posting(self, region: str, /, *, payment_id: str) -> RegionalPosting | None:
        self._answering("posting")
        return self.books.get(payment_id)

    def place_charge(self, key: AccountKey, /, *, charge_id: str, amount: Money, description: str) -> PlacedCharge:
        self._answering("place_charge")
        self.balance = self.balance - amount
        placed = PlacedCharge(
            charge=make_charge(charge_id=f"R-{charge_id}", kopecks=amount.amount_minor), balance_after=self.balance
        )
        self.after("place_charge")
        return placed

    def _answering(self, method: str) -> None:
        self.calls.append(method)
        self.trouble(method)
