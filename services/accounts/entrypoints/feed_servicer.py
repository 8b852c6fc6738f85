"""RegionalFeedService in: parse, call one use case, render."""

from collections.abc import Iterator, Sequence

import grpc
from kabinet.regional.v1 import feed_pb2 as pb
from kabinet.regional.v1 import feed_pb2_grpc

from services.accounts.bootstrap_feed import FeedUseCases
from services.accounts.domain.feed_journal import JournalRecord
from services.accounts.entrypoints import feed_messages as messages
from services.chassis.caller import current_region
from services.chassis.deadline import DeadlineTooShort, timeout_s
from services.chassis.read_ahead import ReadAhead

Context = grpc.ServicerContext

_MOST_BYTES_AHEAD = 256 * 1024  # some thousand balances: they are stored within a second
_MOST_PIECES_AT_ONCE = 1000
# What is left when a stream takes nothing more: for storing what it took last, and for the answer's way back.
_RESERVE_S = 2.0


class FeedServicer(feed_pb2_grpc.RegionalFeedServiceServicer):
    """Answers RegionalFeedService. Which region speaks says its credential, never a field: it cannot name another."""

    def __init__(self, use_cases: FeedUseCases, /) -> None:
        self._use = use_cases

    def PushBalances(self, request: pb.PushBalancesRequest, context: Context) -> pb.PushBalancesResponse:  # noqa: N802
        region = current_region().region
        records = [messages.balance(region, record, position) for position, record in enumerate(request.records)]
        return pb.PushBalancesResponse(accepted=self._use.take_balances(records))

    def PushBills(self, request: pb.PushBillsRequest, context: Context) -> pb.PushBillsResponse:  # noqa: N802
        region = current_region().region
        bills = [messages.bill(region, bill, position) for position, bill in enumerate(request.bills)]
        return pb.PushBillsResponse(accepted=self._use.take_bills(bills))

    def StreamFeed(  # noqa: N802
        self, requests: Iterator[pb.StreamFeedRequest], context: Context
    ) -> Iterator[pb.StreamFeedResponse]:
        region = current_region().region
        stream = self._use.open_stream(region=region)
        told = (messages.piece(region, request) for request in requests)
        for pieces in _read_ahead(told, idle_s=self._use.idle_s):
            for journal_id, records in _joined(pieces):
                for acknowledged in stream.take(journal_id, records):
                    yield messages.acknowledgement(acknowledged)

    def GetFeedPosition(  # noqa: N802
        self, request: pb.GetFeedPositionRequest, context: Context
    ) -> pb.GetFeedPositionResponse:
        position = self._use.read_position(region=current_region().region, journal_id=request.journal_id)
        return pb.GetFeedPositionResponse(position=position)


def _read_ahead(told: Iterator[messages.Piece], *, idle_s: float) -> Iterator[Sequence[messages.Piece]]:
    """Yield what has come since the last time, until the stream ends, nothing comes for `idle_s`, or the call's time is
    nearly over: the caller is better off with an end and a last word than with a deadline."""
    ahead = ReadAhead(told, most_bytes=_MOST_BYTES_AHEAD)
    try:
        while (left_s := _seconds_left()) > 0:
            pieces = ahead.take(most=_MOST_PIECES_AT_ONCE, within_s=min(idle_s, left_s))
            if not pieces:
                return
            yield pieces
    finally:
        ahead.stop()


def _seconds_left() -> float:
    try:
        return max(0.0, timeout_s(float("inf")) - _RESERVE_S)
    except DeadlineTooShort:
        return 0.0


def _joined(pieces: Sequence[messages.Piece]) -> Iterator[tuple[str, Sequence[JournalRecord]]]:
    """Yield neighbouring pieces of one journal as one, so that many small messages are stored like a large one."""
    journal_id, records = pieces[0].journal_id, list(pieces[0].records)
    for piece in pieces[1:]:
        if piece.journal_id != journal_id:
            yield journal_id, records
            journal_id, records = piece.journal_id, []
        records += piece.records
    yield journal_id, records
