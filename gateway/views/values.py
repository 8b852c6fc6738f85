"""Money, times and states as JSON has them, from the contract's messages."""

from typing import Any, Generic, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.common.v1 import figure_pb2, money_pb2
from typing_extensions import TypedDict  # pydantic describes only these on Python 3.11

_FRESHNESS = {
    figure_pb2.FRESHNESS_FRESH: "fresh",
    figure_pb2.FRESHNESS_STALE: "stale",
    figure_pb2.FRESHNESS_UNKNOWN: "unknown",
}


Row = TypeVar("Row")


class Items(TypedDict, Generic[Row]):
    """A list, or a page of one: `next_page_token` is empty on the last page."""

    items: list[Row]
    next_page_token: str


class MoneyView(TypedDict):
    """A sum in the currency's minor unit: 45000 is 450 roubles."""

    amount_minor: int
    currency: str


class FigureStatus(TypedDict):
    """What every figure from a region carries beside its value."""

    kind: str
    as_of: str | None
    freshness: str
    region: str


def money(message: money_pb2.Money, /) -> MoneyView:
    """Return a sum that is always there."""
    return {"amount_minor": message.amount_minor, "currency": message.currency}


def money_or_none(holder: Any, field: str, /) -> MoneyView | None:
    """Return the sum in a field of a message, None when the field was not set."""
    return money(getattr(holder, field)) if holder.HasField(field) else None


def moment(message: Timestamp, /) -> str:
    """Return a time in RFC 3339, UTC."""
    return message.ToJsonString()


def moment_or_none(holder: Any, field: str, /) -> str | None:
    """Return the time in a field of a message, None when the field was not set."""
    value: Timestamp = getattr(holder, field)
    return value.ToJsonString() if holder.HasField(field) else None


def items(rows: list[Row], /, *, next_page_token: str = "") -> Items[Row]:
    """Return a list as JSON has it."""
    return {"items": rows, "next_page_token": next_page_token}


def figure_status(status: figure_pb2.FigureStatus, /) -> FigureStatus:
    """Return what a figure carries beside its value."""
    return {
        "kind": status.kind,
        "as_of": moment_or_none(status, "as_of"),
        "freshness": _FRESHNESS.get(status.freshness, "unknown"),
        "region": status.region,
    }


def words_of(enum: Any, prefix: str, /) -> dict[int, str]:
    """Return the words of an enum: PAYMENT_STATE_POSTED becomes `posted`."""
    return {number: name.removeprefix(prefix).lower() for name, number in enum.items()}


def numbers_of(enum: Any, prefix: str, /) -> dict[str, Any]:
    """Return the numbers behind the words of an enum."""
    return {word: number for number, word in words_of(enum, prefix).items()}
