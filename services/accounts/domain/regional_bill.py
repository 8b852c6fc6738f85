"""The aggregate of a bill as its region issued it: checked, hashed, and never changed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.events import RegionalBillReceived
from services.accounts.domain.feed import FeedRecordInvalid
from services.chassis.errors import DomainError, Kind
from services.chassis.events import Event, to_rfc3339
from services.chassis.ids import new_id
from services.chassis.money import Money


class RegionalBillNotFound(DomainError):
    """There is no such bill."""

    reason = "REGIONAL_BILL_NOT_FOUND"
    kind = Kind.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such regional bill.")


class BillDoesNotAddUp(DomainError):
    """Opening balance, lines and payments do not give the sum to be paid."""

    reason = "BILL_DOES_NOT_ADD_UP"
    kind = Kind.INVALID

    def __init__(self, *, position: int) -> None:
        super().__init__(f"The bill at position {position} does not add up.", position=str(position))


class BillRevisionReused(DomainError):
    """Another content was issued under the same number and revision before; the first one stays."""

    reason = "BILL_REVISION_REUSED"
    kind = Kind.ALREADY_EXISTS

    def __init__(self, *, position: int) -> None:
        super().__init__(
            f"The bill at position {position} differs from the one known by its number and revision.",
            position=str(position),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line of a bill; negative for a discount or a correction."""

    description: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BillName:
    """What a bill is called: one content at most has this name."""

    key: AccountKey
    bill_number: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BillContent:
    """What the region says; everything that may be printed."""

    key: AccountKey
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

    @property
    def name(self) -> BillName:
        return BillName(key=self.key, bill_number=self.bill_number, revision=self.revision)

    def check(self, *, position: int) -> None:
        """Raise `FeedRecordInvalid` or `BillDoesNotAddUp` unless it is a bill that can be shown to its payer."""
        if not self.bill_number or self.revision < 1:
            raise FeedRecordInvalid(position=position, rule="a bill has a number and a revision from 1")
        if self.period_start > self.period_end:
            raise FeedRecordInvalid(position=position, rule="a period ends after it starts")
        if len({money.currency for money in self._sums()}) != 1:
            raise FeedRecordInvalid(position=position, rule="a bill has one currency")
        if self.amount_due != self._what_remains():
            raise BillDoesNotAddUp(position=position)

    def content_hash(self) -> str:
        """Return the SHA-256 of the content in a canonical form: equal for equal bills, whenever they come."""
        canonical = json.dumps(_jsonable(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def _what_remains(self) -> Money:
        closing = self.opening_balance + self.payments_received
        for line in self.lines:
            closing = closing - line.amount
        return max(Money.zero(closing.currency), -closing)

    def _sums(self) -> tuple[Money, ...]:
        return (
            self.opening_balance,
            self.payments_received,
            self.amount_due,
            *(line.amount for line in self.lines),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BillReceipt:
    """That a bill was received, without its content: what a list of them says."""

    regional_bill_id: str
    region: str
    received_at: datetime


@dataclass(slots=True, kw_only=True)
class RegionalBill:
    """A stored bill. A correction is a new revision, and a new aggregate."""

    regional_bill_id: str
    content: BillContent
    content_hash: str
    received_at: datetime
    version: int = 0
    pending_events: list[Event] = field(default_factory=list)

    @classmethod
    def receive(cls, content: BillContent, /, *, now: datetime) -> "RegionalBill":
        """Return a bill that has passed its check, to be stored and announced."""
        bill = cls(
            regional_bill_id=new_id("rbl"), content=content, content_hash=content.content_hash(), received_at=now
        )
        bill.pending_events.append(
            RegionalBillReceived(regional_bill_id=bill.regional_bill_id, region=content.key.region, received_at=now)
        )
        return bill


def _jsonable(content: BillContent) -> Mapping[str, Any]:
    return {
        "account": str(content.key),
        "bill_number": content.bill_number,
        "revision": content.revision,
        "period": [content.period_start.isoformat(), content.period_end.isoformat()],
        "issued_at": to_rfc3339(content.issued_at),
        "due_date": content.due_date.isoformat(),
        "payer": [content.payer_name, content.payer_address],
        "lines": [[line.description, line.amount.as_mapping()] for line in content.lines],
        "opening_balance": content.opening_balance.as_mapping(),
        "payments_received": content.payments_received.as_mapping(),
        "amount_due": content.amount_due.as_mapping(),
    }
