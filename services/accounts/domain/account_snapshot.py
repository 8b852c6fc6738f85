"""The aggregate of what is remembered about an account: its last known figures, each with the moment it was true."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_past import AccountPast
from services.accounts.domain.account_report import (
    AccountReport,
    BillingMode,
    Charge,
    CreditedPayment,
    OldMandate,
    Page,
    Row,
    Service,
    TariffPlan,
)
from services.accounts.domain.billing_account import LinkReference
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
    past: AccountPast = field(default_factory=AccountPast)
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
        return self._know_balance(self._newer(self.balance, Known(balance, as_of), now=now))

    def observe_report(self, report: AccountReport, *, now: datetime) -> bool:
        """Take in what the region answered; say whether the balance is another than before."""
        moved = self.observe_balance(report.balance, as_of=report.as_of, now=now)
        as_of = report.as_of
        self.billing_mode = self._newer(self.billing_mode, Known(report.billing_mode, as_of), now=now)
        self.tariff_plan = self._newer(self.tariff_plan, Known(report.tariff_plan, as_of), now=now)
        self.services = self._newer(self.services, Known(report.services, as_of), now=now)
        self.old_mandate = self._newer(self.old_mandate, Known(report.old_mandate, as_of), now=now)
        self.answered_at = now
        return moved

    def observe_charges(self, page: Page[Charge], *, now: datetime) -> None:
        """Take in the first page of fees."""
        check_moment(page.as_of, region=self.key.region, now=now)
        self.charges = self._newer(self.charges, Known(self._theirs(page.rows), page.as_of), now=now)

    def observe_payments(self, page: Page[CreditedPayment], *, now: datetime) -> None:
        """Take in the first page of payments."""
        check_moment(page.as_of, region=self.key.region, now=now)
        self.payments = self._newer(self.payments, Known(self._theirs(page.rows), page.as_of), now=now)

    def announce_balance(self, links: Iterable[LinkReference], /) -> None:
        """Announce the balance to everybody who has linked the account and proved it to be the present owner's."""
        if self.balance is None:
            return
        owner_since = self.past.owner_since
        self.pending_events += [
            BalanceObserved(
                billing_account_id=link.billing_account_id, balance=self.balance.value, as_of=self.balance.as_of
            )
            for link in links
            if owner_since is None or link.proved_at >= owner_since
        ]

    def pass_on(self, *, at: datetime, number: str | None = None) -> None:
        """Note another owner, and forget whatever was true before: it is the former owner's. Idempotent. Nothing is
        noted of a moment at which `number`, by default the present one, named another account."""
        if not self.past.was_called(number or self.key.number, at=at, present=self.key.number):
            return
        self.past = self.past.passed_on(at)
        self.forget_before(at)

    def begin_anew(self, *, at: datetime) -> None:
        """Note that the number is a new account's, who has nothing to do with whom it named before. Idempotent, also
        when the number is a later account's by now."""
        if self._has_number_since(at):
            return
        self.pass_on(at=at)
        self.past = replace(self.past, number_since=at, former=())

    def make_way(self, *, at: datetime) -> None:
        """Leave nothing of whom the number named before it was another account's, which takes it over next.
        Idempotent."""
        self.forget_before(at)
        if self._has_number_since(at):
            return
        owner_since = self.past.owner_since
        kept = owner_since if owner_since is not None and owner_since >= at else None
        self.past = AccountPast(owner_since=kept, number_since=at)

    def take_over(self, old: "AccountSnapshot", /, *, changed_at: datetime, now: datetime) -> None:
        """Go on with what was remembered under the account's old number; of what is known under both, the newer.
        Idempotent, also when nothing is left under the old number."""
        if not self.past.goes_on_as(old.key.number):
            owner_since = self.past.owner_since
            self.past = old.past.renumbered(old.key.number, at=changed_at)
            if owner_since is not None and owner_since >= changed_at:
                self.past = self.past.passed_on(owner_since)
        self._know_balance(self._newest(self.balance, old.balance, now=now))
        self.billing_mode = self._newest(self.billing_mode, old.billing_mode, now=now)
        self.tariff_plan = self._newest(self.tariff_plan, old.tariff_plan, now=now)
        self.services = self._newest(self.services, old.services, now=now)
        self.old_mandate = self._newest(self.old_mandate, old.old_mandate, now=now)
        self.charges = self._newest(self.charges, old.charges, now=now)
        self.payments = self._newest(self.payments, old.payments, now=now)

    def lose_number(self, number: str, /, *, at: datetime) -> None:
        """Note that a former number is another account's from then on. Idempotent."""
        self.past = self.past.without(number, at=at)

    def forget_before(self, moment: datetime, /) -> None:
        """Forget every figure that was true before."""
        self.balance = _since(moment, self.balance)
        self.billing_mode = _since(moment, self.billing_mode)
        self.tariff_plan = _since(moment, self.tariff_plan)
        self.services = _since(moment, self.services)
        self.old_mandate = _since(moment, self.old_mandate)
        self.charges = _since(moment, self.charges)
        self.payments = _since(moment, self.payments)

    def forget(self) -> None:
        """Leave nothing of an account that is remembered under another number by now."""
        self.balance = self.billing_mode = self.tariff_plan = self.services = self.old_mandate = None
        self.charges = self.payments = self.balance_moved_at = self.answered_at = None
        self.past = AccountPast()

    def _know_balance(self, balance: Known[Money] | None) -> bool:
        """Remember a balance; say whether the sum is another than before."""
        before, self.balance = self.balance, balance
        if balance is None or (before is not None and before.value == balance.value):
            return False
        self.balance_moved_at = balance.as_of
        return True

    def _has_number_since(self, moment: datetime) -> bool:
        """Say whether the number came to the present account then, or later."""
        return self.past.number_since is not None and self.past.number_since >= moment

    def _newer(self, known: Known[T] | None, told: Known[T], *, now: datetime) -> Known[T] | None:
        """Return the newer of two. What was true before the number was the account's is told of another one."""
        if self.past.number_since is not None and told.as_of < self.past.number_since:
            return known
        return self._newest(known, told, now=now)

    def _newest(self, known: Known[T] | None, told: Known[T] | None, *, now: datetime) -> Known[T] | None:
        """Return the newer of two, under whatever number it was told. What we remember from the future is older than
        anything: our clock was set back since. What was true before the present owner came is not told of them."""
        if told is None:
            return known
        if self.past.owner_since is not None and told.as_of < self.past.owner_since:
            return known
        if known is None or told.as_of > known.as_of or known.as_of - now > CLOCK_TOLERANCE:
            return told
        return known

    def _theirs(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """Return the latest of the present owner's rows, in case that a region tells of the former one's too."""
        since = self.past.owner_since
        return tuple(row for row in rows if since is None or row.at >= since)[:ROWS_KEPT]


def _since(moment: datetime, known: Known[T] | None) -> Known[T] | None:
    return known if known is not None and known.as_of >= moment else None
