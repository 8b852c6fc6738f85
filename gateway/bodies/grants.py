"""What the routes of grants take in."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.bodies.accounts import Label
from gateway.bodies.fields import Amount, Body, Id

GrantedAction = Literal["view", "documents", "pay", "manage", "order_content"]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$", max_length=10)]


class NewGrant(Body):
    """Offers a grant. `monthly_pay_limit` goes with `pay`; `ends_on` is the last day, in the region's calendar."""

    actions: Annotated[list[GrantedAction], Field(max_length=5)]
    monthly_pay_limit: Amount | None = None
    ends_on: Day | None = None
    label: Label = ""


class GrantPath(Body):
    """Which grant."""

    billing_account_id: Id
    grant_id: Id
