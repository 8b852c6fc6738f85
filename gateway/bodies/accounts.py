"""What the billing account routes take in."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from gateway.bodies.fields import Body, Id, Page, Word

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


class AccountPage(Page):
    """Which rows of an account's list."""
