"""The ports of payments met in memory; the conformance tests hold the repositories against the real ones."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from services.payments.domain.autopay_calendar import PastCharge
from services.payments.domain.autopay_events import AutopayEvent
from services.payments.domain.autopay_occasion import UNDECIDED_OCCASION, AutopayOccasion, OccasionState
from services.payments.domain.autopay_rule import AutopayRule, AutopayRuleExists
from services.payments.domain.autopay_trigger import Threshold
from services.payments.domain.card_binding import CardBinding
from services.payments.domain.events import PaymentEvent
from services.payments.domain.pay_month import PayMonth
from services.payments.domain.payment import UNDECIDED, Payment, PaymentKind, State
from services.payments.domain.payment_method import PaymentMethod
from services.payments.domain.ports import AlreadySaved, PagePosition
from services.payments.domain.receipt import Receipt
from services.payments.domain.reconciliation import Reconciliation
from services.payments.domain.reconciliation_incident import ReconciliationIncident
from services.payments.domain.region_freeze import RegionFreeze
from services.payments.domain.similar_payment import Claim, Intent

Aggregate = TypeVar(
    "Aggregate",
    Payment,
    PaymentMethod,
    CardBinding,
    Receipt,
    AutopayRule,
    AutopayOccasion,
    Reconciliation,
    ReconciliationIncident,
)
_LEASE = timedelta(seconds=60)


class Rows(Generic[Aggregate]):
    """Aggregates by id, with optimistic locking and leases, as the documents have them."""

    def __init__(self, id_of: Callable[[Aggregate], str], /) -> None:
        self._id_of: Callable[[Aggregate], str] = id_of
        self.rows: dict[str, Aggregate] = {}
        self.leases: dict[str, datetime] = {}

    def get(self, row_id: str, /) -> Aggregate | None:
        row: Aggregate | None = _copied(self.rows.get(row_id))
        return row

    def all(self) -> list[Aggregate]:
        return [_copied(row) for row in self.rows.values()]

    def save(self, row: Aggregate, /) -> None:
        row_id = self._id_of(row)
        known = self.rows.get(row_id)
        if row.version == 0 and known is not None:
            raise AlreadySaved(row_id)
        if row.version != (known.version if known else 0):
            raise VersionConflict("Somebody else changed it.")
        row.version += 1
        self.rows[row_id] = _copied(row)
        self.leases.pop(row_id, None)

    def claim(self, now: datetime) -> Aggregate | None:
        due = {row_id: at for row_id, row in self.rows.items() if (at := _due_at(row)) is not None and at <= now}
        free = [row_id for row_id in due if self.leases.get(row_id, now) <= now]
        if not free:
            return None
        first = min(free, key=lambda row_id: due[row_id])
        self.rows[first].version += 1
        self.leases[first] = now + _LEASE
        claimed: Aggregate = _copied(self.rows[first])
        return claimed


def _copied(value: Any) -> Any:
    """Return an equal value that shares nothing which can be changed; five times as fast as `deepcopy`, which copies
    values that cannot be changed, too."""
    if isinstance(value, list):
        return [_copied(item) for item in value]
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if not is_dataclass(value) or _is_frozen(type(value)):
        return value
    twin = copy(value)
    for each in fields(value):
        setattr(twin, each.name, _copied(getattr(value, each.name)))
    return twin


def _is_frozen(kind: Any) -> bool:
    return bool(kind.__dataclass_params__.frozen)


def _due_at(row: Any) -> datetime | None:
    moment: datetime | None = row.due_at
    return moment


@dataclass
class FakeDue(Generic[Aggregate]):
    """Due rows."""

    rows: Rows[Aggregate]
    clock: Clock

    def claim(self) -> Aggregate | None:
        return self.rows.claim(self.clock.now())


@dataclass
class FakePayments:
    """See PaymentRepository; `published` is what the outbox would hold."""

    rows: Rows[Payment] = field(default_factory=lambda: Rows(lambda payment: payment.payment_id))
    published: list[PaymentEvent] = field(default_factory=list)

    def get(self, payment_id: str, /) -> Payment | None:
        return self.rows.get(payment_id)

    def by_request(self, *, subscriber_id: str, request_id: str) -> Payment | None:
        wanted = (subscriber_id, request_id)
        return next((row for row in self.rows.all() if (row.subscriber_id, row.request_id) == wanted), None)

    def save(self, payment: Payment, /) -> None:
        first = self.by_request(subscriber_id=payment.subscriber_id, request_id=payment.request_id)
        if payment.request_id and first is not None and first.payment_id != payment.payment_id:
            raise AlreadySaved(payment.payment_id)
        events, payment.pending_events = payment.pending_events, []
        try:
            self.rows.save(payment)
        except VersionConflict:
            payment.pending_events = events
            raise
        self.published += events

    def page(
        self, *, subscriber_id: str, billing_account_id: str, size: int, after: PagePosition | None
    ) -> Sequence[Payment]:
        rows = [
            row
            for row in self.rows.all()
            if row.subscriber_id == subscriber_id and billing_account_id in {"", row.billing_account_id}
        ]
        return _page(rows, _of_payment, size, after)

    def hurry(self, *, acquirer_payment_id: str, now: datetime) -> bool:
        found = [row for row in self.rows.rows.values() if row.acquirer_payment_id == acquirer_payment_id]
        for row in found:
            leased = row.payment_id in self.rows.leases
            if row.state in UNDECIDED and (leased or row.due_at is None or row.due_at > now):
                row.due_at, row.version = now, row.version + 1
                self.rows.leases.pop(row.payment_id, None)
        return bool(found)

    def under_way(self, *, billing_account_id: str, balance_as_of: datetime) -> Money:
        def counts(row: Payment) -> bool:
            if row.state in {State.POSTED, State.RETURNING, State.REVERSAL_DUE}:
                return row.posted_at is not None and row.posted_at > balance_as_of
            created = row.state is State.CREATED and row.kind is PaymentKind.SAVED_CARD
            return created or row.state in {State.UNKNOWN, State.CAPTURED}

        rows = [row for row in self.rows.all() if row.billing_account_id == billing_account_id and counts(row)]
        return sum((row.amount for row in rows), start=Money.zero())

    def by_acquirer_payment(self, acquirer_payment_id: str, /) -> Payment | None:
        return next((row for row in self.rows.all() if row.acquirer_payment_id == acquirer_payment_id), None)

    def needing_person(self, *, limit: int) -> Sequence[Payment]:
        rows = [row for row in self.rows.all() if row.needs_person is not None]
        return sorted(rows, key=lambda row: (row.created_at, row.payment_id))[:limit]

    def states_of(self, payment_ids: Sequence[str], /) -> Mapping[str, State]:
        return {row.payment_id: row.state for row in self.rows.all() if row.payment_id in payment_ids}

    def unsent_automatic(self, *, billing_account_id: str) -> Sequence[str]:
        mine = [row for row in self.rows.all() if row.billing_account_id == billing_account_id]
        return [row.payment_id for row in mine if row.is_unsent]


@dataclass
class FakeHistory:
    """See AutopayHistory; over the rows of FakePayments."""

    payments: FakePayments

    def automatic(self, *, billing_account_id: str, since: datetime, besides: str) -> Sequence[PastCharge]:
        return [
            PastCharge(at=row.charge_begun_at, amount=row.amount)
            for row in self.payments.rows.all()
            if row.billing_account_id == billing_account_id
            and row.autopay_rule_id
            and row.state is not State.DECLINED
            and row.payment_id != besides
            and (row.charge_begun_at is None or row.charge_begun_at >= since)
        ]

    def paid_by_hand(self, *, billing_account_id: str, since: datetime) -> Money:
        def counts(row: Payment) -> bool:
            if row.state is State.CREATED:
                return row.kind is PaymentKind.SAVED_CARD
            return row.state in {State.UNKNOWN, State.CAPTURED, State.POSTED}

        return _sum(
            row
            for row in self.payments.rows.all()
            if row.billing_account_id == billing_account_id
            and row.created_at >= since
            and not row.autopay_rule_id
            and counts(row)
        )


@dataclass
class FakeIntents:
    """See IntentRegister."""

    claims: dict[str, Claim] = field(default_factory=dict)

    def claim(self, intent: Intent, /, *, now: datetime, older_than: datetime) -> Claim | None:
        held = self.claims.get(intent.meaning)
        if held is not None and held.at > older_than and held.request_id != intent.request_id:
            return held
        self.take(intent, now=now)
        return None

    def take_over(self, intent: Intent, held: Claim, /, *, now: datetime) -> bool:
        if self.claims.get(intent.meaning) != held:
            return False
        self.take(intent, now=now)
        return True

    def take(self, intent: Intent, /, *, now: datetime) -> None:
        self.claims[intent.meaning] = Claim(request_id=intent.request_id, at=now)

    def release(self, intent: Intent, /) -> None:
        held = self.claims.get(intent.meaning)
        if held is not None and held.request_id == intent.request_id:
            del self.claims[intent.meaning]


def _receipt_id(receipt: Receipt) -> str:
    return receipt.receipt_id


@dataclass
class FakeReceipts:
    """See ReceiptRepository."""

    rows: Rows[Receipt] = field(default_factory=lambda: Rows(_receipt_id))

    def get(self, receipt_id: str, /) -> Receipt | None:
        return self.rows.get(receipt_id)

    def needing_person(self, *, limit: int) -> Sequence[Receipt]:
        rows = [row for row in self.rows.all() if row.problem is not None]
        return sorted(rows, key=lambda row: (row.history[0].at, row.receipt_id))[:limit]

    def save(self, receipt: Receipt, /) -> None:
        self.rows.save(receipt)


@dataclass
class FakePayMonths:
    """See PayMonthRepository."""

    rows: dict[str, PayMonth] = field(default_factory=dict)

    def get(self, pay_month_id: str, /) -> PayMonth:
        known: PayMonth | None = _copied(self.rows.get(pay_month_id))
        return known or PayMonth(pay_month_id=pay_month_id)

    def save(self, month: PayMonth, /) -> None:
        if month.version != self.get(month.pay_month_id).version:
            raise VersionConflict("Somebody else changed it.")
        month.version += 1
        self.rows[month.pay_month_id] = _copied(month)


@dataclass
class FakeMethods:
    """See PaymentMethodRepository."""

    rows: Rows[PaymentMethod] = field(default_factory=lambda: Rows(lambda method: method.payment_method_id))

    def get(self, payment_method_id: str, /) -> PaymentMethod | None:
        return self.rows.get(payment_method_id)

    def usable_of(self, *, subscriber_id: str) -> Sequence[PaymentMethod]:
        rows = [row for row in self.rows.all() if row.subscriber_id == subscriber_id and row.is_usable]
        return sorted(rows, key=lambda row: (row.saved_at, row.payment_method_id), reverse=True)

    def save(self, method: PaymentMethod, /) -> None:
        self.rows.save(method)


@dataclass
class FakeBindings:
    """See CardBindingRepository."""

    rows: Rows[CardBinding] = field(default_factory=lambda: Rows(lambda binding: binding.payment_method_id))

    def get(self, payment_method_id: str, /) -> CardBinding | None:
        return self.rows.get(payment_method_id)

    def by_request(self, *, subscriber_id: str, request_id: str) -> CardBinding | None:
        wanted = (subscriber_id, request_id)
        return next((row for row in self.rows.all() if (row.subscriber_id, row.request_id) == wanted), None)

    def save(self, binding: CardBinding, /) -> None:
        first = self.by_request(subscriber_id=binding.subscriber_id, request_id=binding.request_id)
        if first is not None and first.payment_method_id != binding.payment_method_id:
            raise AlreadySaved(binding.payment_method_id)
        self.rows.save(binding)

    def hurry(self, *, acquirer_method_id: str, now: datetime) -> None:
        for row in self.rows.rows.values():
            if row.acquirer_method_id == acquirer_method_id and row.is_open:
                leased = row.payment_method_id in self.rows.leases
                if leased or row.due_at is None or row.due_at > now:
                    row.due_at, row.version = now, row.version + 1
                    self.rows.leases.pop(row.payment_method_id, None)


@dataclass
class FakeRules:
    """See AutopayRuleRepository."""

    rows: Rows[AutopayRule] = field(default_factory=lambda: Rows(lambda rule: rule.autopay_rule_id))
    published: list[AutopayEvent] = field(default_factory=list)

    def get(self, autopay_rule_id: str, /) -> AutopayRule | None:
        return self.rows.get(autopay_rule_id)

    def by_request(self, *, subscriber_id: str, request_id: str) -> AutopayRule | None:
        wanted = (subscriber_id, request_id)
        return next((row for row in self.rows.all() if (row.subscriber_id, row.request_id) == wanted), None)

    def of_subscriber(self, *, subscriber_id: str) -> Sequence[AutopayRule]:
        rows = [row for row in self.rows.all() if row.subscriber_id == subscriber_id]
        return sorted(rows, key=lambda row: (row.created_at, row.autopay_rule_id), reverse=True)

    def of_account(self, *, billing_account_id: str) -> Sequence[AutopayRule]:
        rows = [row for row in self.rows.all() if row.billing_account_id == billing_account_id]
        return sorted(rows, key=lambda row: row.created_at, reverse=True)

    def active_of_account(self, *, billing_account_id: str) -> AutopayRule | None:
        rows = (row for row in self.rows.all() if row.is_active)
        return next((row for row in rows if row.billing_account_id == billing_account_id), None)

    def active_on_method(self, *, payment_method_id: str) -> Sequence[AutopayRule]:
        return [row for row in self.rows.all() if row.is_active and row.terms.payment_method_id == payment_method_id]

    def active_thresholds_in(self, *, region: str) -> int:
        return sum(
            row.is_active and row.region == region and isinstance(row.terms.trigger, Threshold)
            for row in self.rows.all()
        )

    def due_by_date(self, *, now: datetime, limit: int) -> Sequence[AutopayRule]:
        due = [(row.next_charge_at, row) for row in self.rows.all() if row.is_active and row.next_charge_at]
        ready = sorted((at for at in due if at[0] is not None and at[0] <= now), key=lambda at: at[0] or now)
        return [row for _, row in ready[:limit]]

    def due_to_announce(self, *, now: datetime, limit: int) -> Sequence[AutopayRule]:
        due = [row for row in self.rows.all() if row.is_active and row.announce_at and row.announce_at <= now]
        return sorted(due, key=lambda row: row.announce_at or now)[:limit]

    def save(self, rule: AutopayRule, /) -> None:
        first = self.by_request(subscriber_id=rule.subscriber_id, request_id=rule.request_id)
        if first is not None and first.autopay_rule_id != rule.autopay_rule_id:
            raise AlreadySaved(rule.autopay_rule_id)
        active = self.active_of_account(billing_account_id=rule.billing_account_id)
        if rule.is_active and active is not None and active.autopay_rule_id != rule.autopay_rule_id:
            raise AutopayRuleExists("The account has an active autopay rule already.")
        events, rule.pending_events = rule.pending_events, []
        self.rows.save(rule)
        self.published += events


def _decision_id(occasion: AutopayOccasion) -> str:
    return occasion.decision_id


@dataclass
class FakeOccasions:
    """See AutopayOccasionRepository."""

    rows: Rows[AutopayOccasion] = field(default_factory=lambda: Rows(_decision_id))
    published: list[AutopayEvent] = field(default_factory=list)

    def get(self, decision_id: str, /) -> AutopayOccasion | None:
        return self.rows.get(decision_id)

    def save(self, occasion: AutopayOccasion, /) -> None:
        events, occasion.pending_events = occasion.pending_events, []
        self.rows.save(occasion)
        self.published += events

    def held_of_account(self, *, billing_account_id: str, besides: str) -> bool:
        return any(
            row.billing_account_id == billing_account_id
            and row.state is OccasionState.HELD
            and row.held_since is not None
            and row.decision_id != besides
            for row in self.rows.all()
        )

    def undecided_of(self, *, autopay_rule_id: str) -> Sequence[str]:
        rows = [row for row in self.rows.all() if row.autopay_rule_id == autopay_rule_id]
        return [row.decision_id for row in rows if row.state in UNDECIDED_OCCASION]

    def decided_of(self, *, autopay_rule_id: str, size: int, after: PagePosition | None) -> Sequence[AutopayOccasion]:
        rows = [row for row in self.rows.all() if row.autopay_rule_id == autopay_rule_id and row.record]
        return _page(rows, _of_occasion, size, after)


@dataclass
class FakeFreezes:
    """See RegionFreezeRepository."""

    rows: dict[str, RegionFreeze] = field(default_factory=dict)

    def get(self, region: str, /) -> RegionFreeze:
        freeze: RegionFreeze = _copied(self.rows.get(region, RegionFreeze(region=region)))
        return freeze

    def save(self, freeze: RegionFreeze, /) -> None:
        if freeze.version != self.get(freeze.region).version:
            raise VersionConflict("Somebody else was counted first.")
        freeze.version += 1
        self.rows[freeze.region] = _copied(freeze)


def _sum(rows: Iterable[Payment]) -> Money:
    return sum((row.amount for row in rows), start=Money.zero())


def _of_payment(row: Payment) -> tuple[datetime, str]:
    return row.created_at, row.payment_id


def _of_occasion(row: AutopayOccasion) -> tuple[datetime, str]:
    return row.opened_at, row.decision_id


def _page(rows: list[Any], position: Callable[[Any], Any], size: int, after: PagePosition | None) -> list[Any]:
    ordered = sorted(rows, key=position, reverse=True)
    older = [row for row in ordered if after is None or position(row) < (after.at, after.row_id)]
    return older[:size]
