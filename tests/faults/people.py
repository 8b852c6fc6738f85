"""Who pays, and what they want; how they go about it, the stage knows."""

import secrets
from dataclasses import dataclass, field

from tests.e2e.subscriber import Subscriber


@dataclass(kw_only=True)
class Member:
    """A subscriber with one account and one saved card."""

    subscriber: Subscriber
    region: str
    number: str
    account_id: str
    card_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A payment that somebody wants. However often it is sent, it has one key."""

    member: Member
    kopecks: int
    saved_card: bool
    account_id: str
    key: str = field(default_factory=lambda: secrets.token_hex(16))
