"""The facts that identity tells others; their contract is `protos/events/identity`."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar


class Channel(Enum):
    """How a subscriber came to be."""

    REGISTRATION = "registration"
    SOCIAL = "social"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberRegistered:
    """A person has a login now."""

    name: ClassVar[str] = "identity.subscriber_registered.v1"
    subscriber_id: str
    channel: Channel
    registered_at: datetime
