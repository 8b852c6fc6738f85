"""What a region put into a bill, as values; how it is printed and how it is kept stay outside."""

from dataclasses import dataclass
from datetime import date, datetime

from services.chassis.money import Money
from services.documents.domain.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One thing that was billed; negative for a discount or a correction."""

    description: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BillContent:
    """A bill as its region issued it. Balances: money on the account is positive, a debt negative."""

    account: Account
    bill_number: str
    revision: int
    period_start: date
    period_end: date
    issued_at: datetime
    due_date: date
    payer_name: str
    payer_address: str
    lines: tuple[BillLine, ...]
    opening_balance: Money
    payments_received: Money
    amount_due: Money
    # Other numbers that the account has or had: consents to the mailing of its bills may have been given under them.
    also_known_as: tuple[Account, ...] = ()

    @property
    def charges_total(self) -> Money:
        return sum((line.amount for line in self.lines), Money.zero(self.amount_due.currency))

    @property
    def closing_balance(self) -> Money:
        return self.opening_balance - self.charges_total + self.payments_received
