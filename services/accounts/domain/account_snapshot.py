"""The aggregate of what is remembered about an account: its last known figures, each with the moment it was true."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import (
    AccountReport,
    BillingMode,
    Charge,
    CreditedPayment,
    OldMandate,
    Page,
    Service,
    TariffPlan,
)
from services.accounts.domain.events import BalanceObserved
from services.accounts.domain.figures import CLOCK_TOLERANCE, Known, check_moment
from services.chassis.events import Event
from services.chassis.money import Money

T = TypeVar("T")

ROWS_KEPT = 20


@dataclass(slots=True, kw_only=True)
class AccountSnapshot:
    """One per account of a region, however many subscribers have linked it. Newer replaces older, never the reverse."""

    key: AccountKey
    balance: Known[Money] | None = None
    billing_mode: Known[BillingMode] | None = None
    tariff_plan: Known[TariffPlan | None] | None = None
    services: Known[tuple[Service, ...]] | None = None
    old_mandate: Known[OldMandate | None] | None = None
    charges: Known[tuple[Charge, ...]] | None = None
    payments: Known[tuple[CreditedPayment, ...]] | None = None
    # Since when the balance is what it is: rows read before that moment lack what has moved it.
    balance_moved_at: datetime | None = None
    # When the region was last asked and answered, by our clock.
    answered_at: datetime | None = None
    version: int = 0
    pending_events: list[Event] = field(default_factory=list)

    def is_younger_than(self, age: timedelta, /, *, now: datetime) -> bool:
        """Say whether the region answered so lately that asking again would only be load on it."""
        return self.answered_at is not None and abs(now - self.answered_at) < age

    def needs_rows(self, *, after: timedelta, now: datetime) -> bool:
        """Say whether fees and payments are to be read again: money has moved since, or it is `after` since."""
        oldest = min((rows.as_of for rows in (self.charges, self.payments) if rows), default=None)
        if oldest is None or self.charges is None or self.payments is None:
            return True
        moved_since = self.balance_moved_at is not None and oldest < self.balance_moved_at
        return moved_since or abs(now - oldest) >= after

    def observe_balance(self, balance: Money, *, as_of: datetime, now: datetime) -> bool:
        """Take a balance in if it is newer than the known one; say whether the sum is another than before.

        Raises `RegionAnswerInvalid` for a moment in the future.
        """
        check_moment(as_of, region=self.key.region, now=now)
        before = self.balance
        self.balance = _newer(before, Known(balance, as_of), now=now)
        moved = before is None or before.value != self.balance.value
        if moved:
            self.balance_moved_at = as_of
        return moved

    def observe_report(self, report: AccountReport, *, now: datetime) -> bool:
        """Take in what the region answered; say whether the balance is another than before."""
        moved = self.observe_balance(report.balance, as_of=report.as_of, now=now)
        as_of = report.as_of
        self.billing_mode = _newer(self.billing_mode, Known(report.billing_mode, as_of), now=now)
        self.tariff_plan = _newer(self.tariff_plan, Known(report.tariff_plan, as_of), now=now)
        self.services = _newer(self.services, Known(report.services, as_of), now=now)
        self.old_mandate = _newer(self.old_mandate, Known(report.old_mandate, as_of), now=now)
        self.answered_at = now
        return moved

    def observe_charges(self, page: Page[Charge], *, now: datetime) -> None:
        """Take in the first page of fees."""
        check_moment(page.as_of, region=self.key.region, now=now)
        self.charges = _newer(self.charges, Known(page.rows[:ROWS_KEPT], page.as_of), now=now)

    def observe_payments(self, page: Page[CreditedPayment], *, now: datetime) -> None:
        """Take in the first page of payments."""
        check_moment(page.as_of, region=self.key.region, now=now)
        self.payments = _newer(self.payments, Known(page.rows[:ROWS_KEPT], page.as_of), now=now)

    def announce_balance(self, billing_account_ids: Iterable[str], /) -> None:
        """Announce the balance to everybody who has linked the account."""
        if self.balance is None:
            return
        self.pending_events += [
            BalanceObserved(billing_account_id=billing_account_id, balance=self.balance.value, as_of=self.balance.as_of)
            for billing_account_id in billing_account_ids
        ]


def _newer(known: Known[T] | None, told: Known[T], *, now: datetime) -> Known[T]:
    """Return the newer of two. What we remember from the future is older than anything: our clock was set back
    since."""
    if known is None or told.as_of > known.as_of or known.as_of - now > CLOCK_TOLERANCE:
        return told
    return known
