"""What a region tells, as values of the domain; a record that cannot be read is named by its position."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import feed_pb2 as pb

from services.accounts.application.store_records import Acknowledged
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.feed import BalanceRecord, FeedRecordInvalid, NumberChange, OwnerChange
from services.accounts.domain.feed_journal import JournalRecord, News
from services.accounts.domain.regional_bill import BillContent, BillLine
from services.chassis.errors import DomainError
from services.chassis.grpc_values import money_from_proto, time_from_proto
from services.chassis.money import Money

Value = TypeVar("Value")

_LONGEST_NUMBER = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a journal as it was read."""

    journal_id: str
    records: Sequence[JournalRecord]
    size_bytes: int


def piece(region: str, message: pb.StreamFeedRequest, /) -> Piece:
    """Return a piece of a journal; what of it cannot be read is told by its records."""
    return Piece(
        journal_id=message.journal_id,
        records=[record(region, one) for one in message.records],
        size_bytes=message.ByteSize(),
    )


def record(region: str, message: pb.FeedRecord, /) -> JournalRecord:
    """Return a record of a journal with its news, or with why they cannot be read."""
    position = message.position
    try:
        news = _news(region, message)
    except DomainError as problem:
        return JournalRecord(position=position, news=problem)
    return JournalRecord(position=position, news=news)


def balance(region: str, message: pb.BalanceRecord, position: int, /) -> BalanceRecord:
    """Return a balance. Raises `FeedRecordInvalid`."""
    return BalanceRecord(
        key=_key(region, message.number, position),
        balance=_money(message.balance, position),
        as_of=_moment(message.as_of, position),
    )


def bill(region: str, message: pb.RegionalBill, position: int, /) -> BillContent:
    """Return a bill. Raises `FeedRecordInvalid`."""
    return BillContent(
        key=_key(region, message.number, position),
        bill_number=message.bill_number,
        revision=message.revision,
        period_start=_day(message.period_start, position),
        period_end=_day(message.period_end, position),
        issued_at=_moment(message.issued_at, position),
        due_date=_day(message.due_date, position),
        payer_name=message.payer_name,
        payer_address=message.payer_address,
        lines=tuple(
            BillLine(description=line.description, amount=_money(line.amount, position)) for line in message.lines
        ),
        opening_balance=_money(message.opening_balance, position),
        payments_received=_money(message.payments_received, position),
        amount_due=_money(message.amount_due, position),
    )


def acknowledgement(value: Acknowledged, /) -> pb.StreamFeedResponse:
    """Return the message of how far a journal is stored."""
    return pb.StreamFeedResponse(
        position=value.position,
        rejected=[
            pb.RejectedRecord(position=rejection.position, reason=rejection.reason, rule=rejection.rule)
            for rejection in value.rejected
        ],
    )


def _news(region: str, message: pb.FeedRecord) -> News:
    position = message.position
    match message.WhichOneof("news"):
        case "balance":
            return balance(region, message.balance, position)
        case "bill":
            return bill(region, message.bill, position)
        case "owner_change":
            return _owner_change(region, message.owner_change, position)
        case "number_change":
            return _number_change(region, message.number_change, position)
        case _:
            raise FeedRecordInvalid(position=message.position, rule="a record says one of the known news")


def _owner_change(region: str, message: pb.OwnerChange, position: int) -> OwnerChange:
    return OwnerChange(key=_key(region, message.number, position), changed_at=_moment(message.changed_at, position))


def _number_change(region: str, message: pb.NumberChange, position: int) -> NumberChange:
    return NumberChange(
        old=_key(region, message.old_number, position) if message.old_number else None,
        new=_key(region, message.new_number, position),
        changed_at=_moment(message.changed_at, position),
    )


def _key(region: str, number: str, position: int) -> AccountKey:
    if not 0 < len(number) <= _LONGEST_NUMBER:
        raise FeedRecordInvalid(position=position, rule=f"an account has a number of at most {_LONGEST_NUMBER} signs")
    return AccountKey(region=region, number=number)


def _money(message: money_pb2.Money, position: int) -> Money:
    if len(message.currency) != 3:
        raise FeedRecordInvalid(position=position, rule="a sum has a currency")
    return money_from_proto(message, field="amount")


def _moment(message: Timestamp, position: int) -> datetime:
    if not message.seconds:
        raise FeedRecordInvalid(position=position, rule="a time is missing")
    return _readable(lambda: time_from_proto(message), position, rule="a time is not one")


def _day(text: str, position: int) -> date:
    return _readable(lambda: date.fromisoformat(text), position, rule="a day is written as 2014-07-01")


def _readable(read: Callable[[], Value], position: int, *, rule: str) -> Value:
    """Return what is read, or say at which record it cannot be read."""
    try:
        return read()
    except (ValueError, OverflowError):
        raise FeedRecordInvalid(position=position, rule=rule) from None
