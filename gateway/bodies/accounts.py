"""What the billing account routes take in."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.bodies.fields import Body, Id, Page, Word

HistoryDay = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2999, 12, 30))]
Label = Annotated[str, StringConstraints(max_length=60)]
Region = Annotated[str, StringConstraints(min_length=1, max_length=10, pattern=r"^[0-9A-Za-z]+$")]
Number = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Proof(Body):
    """A fact that shows that an account is the subscriber's: `kind` is one of the region's `proof_kinds`."""

    kind: Word
    value: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class NewBillingAccount(Body):
    """Links a billing account."""

    region: Region
    number: Number
    relation: Literal["own", "relative"] = "own"
    label: Label = ""
    proof: Proof


class OwnershipCodeRequest(Body):
    """Asks for a code to the contact that the region holds for an account; it is the proof `contact_code`."""

    region: Region
    number: Number


class BillingAccountChange(Body):
    """Changes a billing account; what is left out stays. `relation` can become `relative`, which ends a claim."""

    label: Label | None = None
    relation: Literal["own", "relative"] | None = None


class BillingAccountPath(Body):
    """Which billing account."""

    billing_account_id: Id


class HistoryPage(Page):
    """Which rows of an account's history: of all time, or of days of the account region's calendar, both included."""

    from_: HistoryDay | None = Field(default=None, alias="from", description="First day, `2026-10-01`")
    until: HistoryDay | None = Field(default=None, description="Last day, `2026-10-31`")
