"""Sums and times between rows and the contract's messages."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.common.v1 import money_pb2

from sandbox.region import refusals

RUB = "RUB"


def money(amount_minor: int, /) -> money_pb2.Money:
    """Return a sum in kopecks as a message."""
    return money_pb2.Money(amount_minor=amount_minor, currency=RUB)


def positive_kopecks(message: money_pb2.Money, /) -> int:
    """Return the kopecks of a message; refuse what is not a positive sum in roubles."""
    if message.currency != RUB or message.amount_minor <= 0:
        raise refusals.amount_invalid()
    return message.amount_minor


def render_time(moment: datetime, /) -> str:
    """Return a moment as rows hold it: RFC 3339, UTC, milliseconds, so that texts sort as times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str, /) -> datetime:
    """Return the moment that `render_time` wrote."""
    return datetime.fromisoformat(text)


def timestamp(moment: datetime | str | None, /) -> Timestamp | None:
    """Return a moment as a message; nothing for nothing."""
    if moment is None:
        return None
    message = Timestamp()
    message.FromDatetime(parse_time(moment) if isinstance(moment, str) else moment)
    return message
