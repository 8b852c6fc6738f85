"""Money and times between the contract's messages and the domain's values."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.common.v1 import money_pb2

from services.chassis.clock import to_milliseconds
from services.chassis.errors import FieldInvalid
from services.chassis.money import Money


def money_to_proto(money: Money, /) -> money_pb2.Money:
    """Return the message of a sum."""
    return money_pb2.Money(amount_minor=money.amount_minor, currency=money.currency)


def money_from_proto(message: money_pb2.Money, /, *, field: str) -> Money:
    """Return the sum of a message. Raises `FieldInvalid` when the currency is missing: the message was not set."""
    if len(message.currency) != 3:
        raise FieldInvalid(field=field, rule="a sum with a currency is needed")
    return Money(amount_minor=message.amount_minor, currency=message.currency)


def time_to_proto(moment: datetime | None, /) -> Timestamp | None:
    """Return the message of a moment; nothing for nothing, which leaves a field unset."""
    if moment is None:
        return None
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def time_from_proto(message: Timestamp, /) -> datetime:
    """Return the moment of a message, aware, in UTC, to the millisecond."""
    return to_milliseconds(message.ToDatetime(tzinfo=UTC))
