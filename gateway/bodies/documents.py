"""What the document routes take in."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from gateway.bodies.fields import Body, Email, Id, OptionalId, Page


class BillConsent(Body):
    """The consent to e-bills: the version of the text that was shown."""

    version: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class NewBillDelivery(Body):
    """Asks for e-bills (F14)."""

    email: Email
    consent: BillConsent
    channel: Literal["web", "mobile", "api"] = "api"


class ConfirmationPath(Body):
    """The token of the link that was mailed."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[A-Za-z0-9_.\-=]+$")]


class CustomerBillPath(Body):
    """Which bill."""

    customer_bill_id: Id


class BillsPage(Page):
    """Which bills: of one billing account, or of all of the subscriber's."""

    billing_account_id: OptionalId = ""
