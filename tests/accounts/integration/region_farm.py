"""Twenty regions in a process of their own, three of which can be made sick: `python -m tests...region_farm`.

Prints its ports as JSON, by region; then reads a word per line, "sick" or "well", and answers "done".
"""

import json
import signal
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import grpc
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import billing_pb2 as pb
from kabinet.regional.v1 import billing_pb2_grpc

from services.chassis.grpc_values import time_to_proto

SLOW, DEAD, GARBAGE = "01", "02", "03"
SICK = (SLOW, DEAD, GARBAGE)
REGIONS = (*(f"{number:02}" for number in range(1, 20)), "21")  # there is no region 20
_ANSWERS_AFTER_S = 0.04
_SLOW_S = 6.0  # after every time-out
_Context = grpc.ServicerContext


class _Region(billing_pb2_grpc.RegionalBillingServiceServicer):
    def __init__(self) -> None:
        self.takes_s = _ANSWERS_AFTER_S

    def VerifyOwnership(  # noqa: N802
        self, request: pb.VerifyOwnershipRequest, context: _Context
    ) -> pb.VerifyOwnershipResponse:
        return pb.VerifyOwnershipResponse(verified=True)

    def GetAccount(self, request: pb.GetAccountRequest, context: _Context) -> pb.GetAccountResponse:  # noqa: N802
        time.sleep(self.takes_s)
        return pb.GetAccountResponse(
            balance=money_pb2.Money(amount_minor=100_00, currency="RUB"),
            as_of=time_to_proto(datetime.now(UTC)),
            billing_mode=pb.BILLING_MODE_ADVANCE,
        )

    def ListCharges(self, request: pb.ListChargesRequest, context: _Context) -> pb.ListChargesResponse:  # noqa: N802
        time.sleep(self.takes_s)
        return pb.ListChargesResponse(as_of=time_to_proto(datetime.now(UTC)))

    def ListPayments(self, request: pb.ListPaymentsRequest, context: _Context) -> pb.ListPaymentsResponse:  # noqa: N802
        time.sleep(self.takes_s)
        return pb.ListPaymentsResponse(as_of=time_to_proto(datetime.now(UTC)))


class _Spoiled(grpc.ServerInterceptor):
    """Sends bytes that are no message, while `on`."""

    def __init__(self) -> None:
        self.on = False

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)

        def serialize(message: Any) -> bytes:
            return b"\xff\xff\xff garbage" if self.on else handler.response_serializer(message)

        return grpc.unary_unary_rpc_method_handler(
            handler.unary_unary, request_deserializer=handler.request_deserializer, response_serializer=serialize
        )


class _Farm:
    def __init__(self) -> None:
        self.spoiled = _Spoiled()
        self.region, self.slow = _Region(), _Region()  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED
        self.servers = {code: self._serve(code, port=0) for code in REGIONS}
        self.blackhole: socket.socket | None = None

    @property
    def ports(self) -> dict[str, int]:
        return {code: port for code, (_, port) in self.servers.items()}

    def fall_ill(self) -> None:
        self.slow.takes_s, self.spoiled.on = _SLOW_S, True
        server, port = self.servers[DEAD]
        server.stop(0).wait()
        self.blackhole = socket.socket()
        self.blackhole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.blackhole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.blackhole.bind(("127.0.0.1", port))
        self.blackhole.listen(1000)  # the kernel accepts, and nobody ever reads

    def get_well(self) -> None:
        self.slow.takes_s, self.spoiled.on = _ANSWERS_AFTER_S, False
        if self.blackhole is not None:
            self.blackhole.close()
            self.blackhole = None
            self.servers[DEAD] = self._serve(DEAD, port=self.servers[DEAD][1])

    def _serve(self, code: str, *, port: int) -> tuple[grpc.Server, int]:
        interceptors: list[grpc.ServerInterceptor] = [self.spoiled] if code == GARBAGE else []
        server = grpc.server(ThreadPoolExecutor(16), interceptors=interceptors)
        servicer = self.slow if code == SLOW else self.region
        billing_pb2_grpc.add_RegionalBillingServiceServicer_to_server(servicer, server)
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        return server, bound


def main() -> None:
    """Serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    farm = _Farm()
    print(json.dumps(farm.ports), flush=True)
    for line in sys.stdin:
        if line.strip() == "sick":
            farm.fall_ill()
        else:
            farm.get_well()
        print("done", flush=True)


if __name__ == "__main__":
    main()
