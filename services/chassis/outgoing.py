"""What a relay hands to a publisher; without any broker's client, so that a worker's repositories may reach it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """A message to publish; `name` is the routing key."""

    message_id: str
    name: str
    body: bytes


class PublishFailed(Exception):
    """Not every message was confirmed: those may or may not have arrived, and are to be published again."""
