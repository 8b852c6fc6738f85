"""What stands in for the cabinet's end of the feed: a real gRPC server that keeps what it was sent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
from kabinet.regional.v1 import feed_pb2, feed_pb2_grpc


class FeedReceiver(feed_pb2_grpc.RegionalFeedServiceServicer):
    """Takes a journal on a port of its own; `refusing` makes it answer UNAVAILABLE instead, and `takes_at_once` ends a
    stream after so many new records. `sent` is every record in the order of its coming, repeats included; `records` is
    what is stored, by position."""

    def __init__(self) -> None:
        self.sent: list[feed_pb2.FeedRecord] = []
        self.records: dict[int, feed_pb2.FeedRecord] = {}
        self.journals: set[str] = set()
        self.callers: set[str] = set()
        self.streams = 0
        self.open_streams = 0
        self.refusing = False
        self.takes_at_once = 1000
        self._server: grpc.Server = grpc.server(ThreadPoolExecutor(4))
        feed_pb2_grpc.add_RegionalFeedServiceServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        self._server.stop(0).wait()

    @property
    def position(self) -> int:
        return max(self.records, default=0)

    @property
    def balances(self) -> list[feed_pb2.BalanceRecord]:
        return [record.balance for record in self._stored() if record.HasField("balance")]

    @property
    def bills(self) -> list[feed_pb2.RegionalBill]:
        return [record.bill for record in self._stored() if record.HasField("bill")]

    @property
    def owner_changes(self) -> list[feed_pb2.OwnerChange]:
        return [record.owner_change for record in self._stored() if record.HasField("owner_change")]

    @property
    def number_changes(self) -> list[feed_pb2.NumberChange]:
        return [record.number_change for record in self._stored() if record.HasField("number_change")]

    def GetFeedPosition(  # noqa: N802
        self, request: feed_pb2.GetFeedPositionRequest, context: grpc.ServicerContext
    ) -> feed_pb2.GetFeedPositionResponse:
        self._check(context)
        return feed_pb2.GetFeedPositionResponse(position=self.position)

    def StreamFeed(  # noqa: N802
        self, requests: Iterator[feed_pb2.StreamFeedRequest], context: grpc.ServicerContext
    ) -> Iterator[feed_pb2.StreamFeedResponse]:
        self.streams += 1
        self.open_streams += 1
        try:
            yield from self._taken(requests, context)
        finally:
            self.open_streams -= 1

    def _taken(
        self, requests: Iterator[feed_pb2.StreamFeedRequest], context: grpc.ServicerContext
    ) -> Iterator[feed_pb2.StreamFeedResponse]:
        taken = 0
        for request in requests:
            self._check(context)
            self.journals.add(request.journal_id)
            for record in request.records:
                self.sent.append(record)
                taken += record.position > self.position
                if taken <= self.takes_at_once:
                    self.records.setdefault(record.position, record)
            yield feed_pb2.StreamFeedResponse(position=self.position)
            if taken >= self.takes_at_once:
                return

    def _stored(self) -> list[feed_pb2.FeedRecord]:
        return [self.records[position] for position in sorted(self.records)]

    def _check(self, context: grpc.ServicerContext) -> None:
        self.callers |= {str(value) for key, value in context.invocation_metadata() if key == "authorization"}
        if self.refusing:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
