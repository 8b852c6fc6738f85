"""What the routes of autopay beside its rules take in."""

from typing import Annotated

from pydantic import StringConstraints

from gateway.bodies.fields import Body, Id

Moment = Annotated[
    str,
    StringConstraints(max_length=40, pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$"),
]
LinkToken = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[A-Za-z0-9_\-]+$")]


class Pause(Body):
    """Until when a rule charges nothing, RFC 3339, within a year."""

    until: Moment


class HeldChargeAnswer(Body):
    """Whether a held charge is to be made."""

    charge: bool


class DecisionPath(Body):
    """Which decision."""

    decision_id: Id


class AutopayLinkPath(Body):
    """The signed word of a link in a notice."""

    token: LinkToken
