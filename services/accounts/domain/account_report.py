"""What a region's billing tells about an account, as values; how it is asked is the adapters' business."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Generic, Protocol, TypeVar

from services.chassis.money import Money


class HistoryRow(Protocol):
    """What a fee and a payment have in common."""

    @property
    def row_id(self) -> str: ...

    @property
    def at(self) -> datetime: ...


Row = TypeVar("Row", bound=HistoryRow)


class BillingMode(Enum):
    """How an account pays for its services."""

    ADVANCE = "advance"
    CREDIT = "credit"


class ServiceKind(Enum):
    """Kind of service on an account (F09)."""

    TELEPHONY = "telephony"
    INTERNET = "internet"
    TV = "tv"


class ServiceState(Enum):
    """Whether a service works."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffPlan:
    """A plan and its fee for one month."""

    tariff_plan_id: str
    name: str
    monthly_fee: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of an account."""

    service_id: str
    kind: ServiceKind
    name: str
    state: ServiceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A fee billed to an account."""

    charge_id: str
    description: str
    amount: Money
    charged_at: datetime

    @property
    def row_id(self) -> str:
        return self.charge_id

    @property
    def at(self) -> datetime:
        return self.charged_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedPayment:
    """A payment credited to an account, from any channel."""

    payment_id: str
    channel: str
    amount: Money
    credited_at: datetime

    @property
    def row_id(self) -> str:
        return self.payment_id

    @property
    def at(self) -> datetime:
        return self.credited_at


@dataclass(frozen=True, slots=True, kw_only=True)
class OldMandate:
    """The autopay that an account had in the regional cabinet (F21); while it is active the region may debit by it."""

    is_active: bool
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReport:
    """An account's figures as the books showed them at one moment."""

    balance: Money
    as_of: datetime
    billing_mode: BillingMode
    tariff_plan: TariffPlan | None
    services: tuple[Service, ...]
    old_mandate: OldMandate | None = None

    @property
    def old_mandate_is_active(self) -> bool:
        return self.old_mandate is not None and self.old_mandate.is_active


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Rows of a list, newest first, and the region's own token of the next page; `kept_from` is when its books were
    begun, None when they reach back to the account's beginning.

    Raises `ValueError` for a page without rows that others follow: nobody could say what it leaves out.
    """

    rows: tuple[Row, ...]
    next_page_token: str
    as_of: datetime
    kept_from: datetime | None = None

    def __post_init__(self) -> None:
        if self.next_page_token and not self.rows:
            raise ValueError("a page without rows that others follow")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionalPosting:
    """A payment as the region's books hold it; whether it is the one that was sent, the posting itself checks."""

    payment_id: str
    number: str
    amount: Money
    posted_at: datetime
    balance_after: Money
    service_restored_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCharge:
    """A one-time fee as the region's books hold it."""

    charge: Charge
    balance_after: Money
