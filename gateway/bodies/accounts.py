"""What the billing account routes take in."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from gateway.bodies.fields import Body, Id, Page, Word

Label = Annotated[str, StringConstraints(max_length=60)]


class Proof(Body):
    """A fact that shows that an account is the subscriber's: `kind` is one of the region's `proof_kinds`."""

    kind: Word
    value: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class NewBillingAccount(Body):
    """Links a billing account."""

    region: Annotated[str, StringConstraints(min_length=1, max_length=10, pattern=r"^[0-9A-Za-z]+$")]
    number: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    relation: Literal["own", "relative"] = "own"
    label: Label = ""
    proof: Proof


class BillingAccountChange(Body):
    """Changes a billing account."""

    label: Label


class BillingAccountPath(Body):
    """Which billing account."""

    billing_account_id: Id


class AccountPage(Page):
    """Which rows of an account's list."""
