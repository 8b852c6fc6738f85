"""RegionalFeedService in: parse, call one use case, render."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import feed_pb2 as pb
from kabinet.regional.v1 import feed_pb2_grpc

from services.accounts.bootstrap import UseCases
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.feed import BalanceRecord, FeedRecordInvalid
from services.accounts.domain.regional_bill import BillContent, BillLine
from services.chassis.caller import current_region
from services.chassis.grpc_values import money_from_proto, time_from_proto
from services.chassis.money import Money

Context = grpc.ServicerContext
Value = TypeVar("Value")


class FeedServicer(feed_pb2_grpc.RegionalFeedServiceServicer):
    """Answers RegionalFeedService. Which region speaks says its credential, never a field: it cannot name another."""

    def __init__(self, use_cases: UseCases, /) -> None:
        self._use = use_cases

    def PushBalances(self, request: pb.PushBalancesRequest, context: Context) -> pb.PushBalancesResponse:  # noqa: N802
        region = current_region().region
        records = [_balance(region, record, position) for position, record in enumerate(request.records)]
        return pb.PushBalancesResponse(accepted=self._use.take_balances(records))

    def PushBills(self, request: pb.PushBillsRequest, context: Context) -> pb.PushBillsResponse:  # noqa: N802
        region = current_region().region
        bills = [_bill(region, bill, position) for position, bill in enumerate(request.bills)]
        return pb.PushBillsResponse(accepted=self._use.take_bills(bills))


def _balance(region: str, record: pb.BalanceRecord, position: int) -> BalanceRecord:
    return BalanceRecord(
        key=_key(region, record.number, position),
        balance=_money(record.balance, position),
        as_of=_moment(record.as_of, position),
    )


def _bill(region: str, bill: pb.RegionalBill, position: int) -> BillContent:
    return BillContent(
        key=_key(region, bill.number, position),
        bill_number=bill.bill_number,
        revision=bill.revision,
        period_start=_day(bill.period_start, position),
        period_end=_day(bill.period_end, position),
        issued_at=_moment(bill.issued_at, position),
        due_date=_day(bill.due_date, position),
        payer_name=bill.payer_name,
        payer_address=bill.payer_address,
        lines=tuple(
            BillLine(description=line.description, amount=_money(line.amount, position)) for line in bill.lines
        ),
        opening_balance=_money(bill.opening_balance, position),
        payments_received=_money(bill.payments_received, position),
        amount_due=_money(bill.amount_due, position),
    )


def _key(region: str, number: str, position: int) -> AccountKey:
    if not number:
        raise FeedRecordInvalid(position=position, rule="an account has a number")
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
