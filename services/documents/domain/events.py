"""The facts that documents tells others; their contracts are in protos/events/documents/."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerBillArchived:
    """A bill is rendered, hashed and archived; it can be downloaded."""

    name: ClassVar[str] = "documents.customer_bill_archived.v1"

    customer_bill_id: str
    region: str
    pdf_sha256: str
    archived_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerBillMailed:
    """The mail server has taken a bill for one subscriber."""

    name: ClassVar[str] = "documents.customer_bill_mailed.v1"

    customer_bill_id: str
    billing_account_id: str
    mailed_at: datetime
