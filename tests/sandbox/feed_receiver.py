"""What stands in for the cabinet's end of the feed: a real gRPC server that keeps what it was sent."""

from concurrent.futures import ThreadPoolExecutor

import grpc
from kabinet.regional.v1 import feed_pb2, feed_pb2_grpc


class FeedReceiver(feed_pb2_grpc.RegionalFeedServiceServicer):
    """Takes news on a port of its own; `refusing` makes it answer UNAVAILABLE instead, and
    `takes_at_once` how many records of a batch it takes."""

    def __init__(self) -> None:
        self.balances: list[feed_pb2.BalanceRecord] = []
        self.bills: list[feed_pb2.RegionalBill] = []
        self.callers: set[str] = set()
        self.refusing = False
        self.takes_at_once = 1000
        self._server: grpc.Server = grpc.server(ThreadPoolExecutor(4))
        feed_pb2_grpc.add_RegionalFeedServiceServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        self._server.stop(0).wait()

    def PushBalances(  # noqa: N802
        self, request: feed_pb2.PushBalancesRequest, context: grpc.ServicerContext
    ) -> feed_pb2.PushBalancesResponse:
        self._check(context)
        taken = request.records[: self.takes_at_once]
        self.balances += taken
        return feed_pb2.PushBalancesResponse(accepted=len(taken))

    def PushBills(  # noqa: N802
        self, request: feed_pb2.PushBillsRequest, context: grpc.ServicerContext
    ) -> feed_pb2.PushBillsResponse:
        self._check(context)
        self.bills += request.bills
        return feed_pb2.PushBillsResponse(accepted=len(request.bills))

    def _check(self, context: grpc.ServicerContext) -> None:
        self.callers |= {str(value) for key, value in context.invocation_metadata() if key == "authorization"}
        if self.refusing:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
