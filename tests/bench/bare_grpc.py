"""A bare gRPC server that sends back what it gets: `python -m tests.bench.bare_grpc HOST:PORT`."""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc


def main() -> None:
    """Serve until killed."""
    server: grpc.Server = grpc.server(ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench.Echo", {"Echo": _ECHO})])
    server.add_insecure_port(sys.argv[1])
    server.start()
    server.wait_for_termination()


def _echo(request: bytes, context: Any) -> bytes:
    return request


_ECHO: Any = grpc.unary_unary_rpc_method_handler(_echo)

if __name__ == "__main__":
    main()
