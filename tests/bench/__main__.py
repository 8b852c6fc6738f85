"""`make bench`: the main scenarios beside the bare parts that they stand on, all in one run; prints a table.

Not a test: nothing here passes or fails. Rates are what the machine gave today, with the sandbox on the same two cores;
the ratios are what can be compared.
"""

import argparse
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.ports import HOST, find_free_base
from tests.bench import memory, primitives, scenarios
from tests.bench.cast import Cast
from tests.bench.http_client import Request
from tests.bench.load import Latencies
from tests.bench.table import Row, render
from tests.support.running_suite import RunningSuite

_PAYMENTS_PER_S = 15
_OWN = ("identity", "accounts", "payments", "documents", "content", "gateway")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="of each measurement (default: 6)")
    parser.add_argument("--subscribers", type=int, default=12, help="with three accounts each (default: 12)")
    arguments = parser.parse_args()
    with _suite() as suite:
        _say("Making subscribers, accounts, saved cards")
        cast = Cast(suite, size=arguments.subscribers)
        rows = list(_measure(cast, seconds=arguments.seconds))
        used = memory.megabytes_of(_pids(suite))
    print(render(rows))
    print(_memory_table(used))
    return 0


@contextmanager
def _suite() -> Iterator[RunningSuite]:
    with tempfile.TemporaryDirectory(prefix="kabinet-bench-") as folder:
        suite = RunningSuite(run_dir=Path(folder) / "run")
        try:
            _say("Starting a suite of its own")
            suite.up()
            yield suite
        finally:
            suite.down()


def _measure(cast: Cast, *, seconds: float) -> Iterator[Row]:
    suite = cast.suite
    base = find_free_base()
    flask_address, grpc_address = f"{HOST}:{base}", f"{HOST}:{base + 1}"
    with primitives.bare_servers(flask_address=flask_address, grpc_address=grpc_address):
        bare = yield from _reads("bare Flask route", flask_address, [_get("/bare")], seconds, beside=None)
        calls = scenarios.OVERVIEW_CALLS
        fan_out = yield from _reads(
            f"Flask route with {calls} bare gRPC calls",
            flask_address,
            [_get(f"/fan-out/{calls}")],
            seconds,
            beside=bare,
        )
        one_call = yield from _reads(
            "Flask route with one bare gRPC call", flask_address, [_get("/fan-out/1")], seconds, beside=bare
        )
        yield _primitive("bare gRPC call", primitives.grpc_calls(grpc_address, seconds=seconds))
    address = suite.address("gateway")
    yield from _reads("overview", address, scenarios.overview(cast.members), seconds, beside=fan_out)
    yield from _reads("balance read", address, scenarios.balance(cast.members), seconds, beside=one_call)
    yield from _reads("catalogue search", address, scenarios.catalogue_search(), seconds, beside=one_call)
    updates = _primitive("journaled majority update", primitives.journaled_updates(suite.mongo_url, seconds=seconds))
    yield updates
    yield _primitive("confirmed publish", primitives.confirmed_publishes(suite.amqp_url, seconds=seconds))
    _say("payment from creation to posting")
    paid = scenarios.payments(cast, rate=_PAYMENTS_PER_S, seconds=max(10.0, seconds))
    yield Row(f"payment to posting, {_PAYMENTS_PER_S}/s offered", paid.rate, paid, updates)
    compiled = _primitive("bare typst compile", primitives.typst_compiles(seconds=seconds))
    yield compiled
    _say("bill from feed to mailbox")
    cast.consent_to_bills()
    billed = scenarios.bills(cast)
    yield Row("bill from feed to mailbox", billed.rate, billed, compiled)


def _reads(
    name: str, address: str, requests: list[Request], seconds: float, *, beside: Row | None
) -> Generator[Row, None, Row]:
    _say(name)
    most, latencies = scenarios.reads(address, requests, seconds=seconds)
    row = Row(name, most, latencies, beside)
    yield row
    return row


def _primitive(name: str, latencies: Latencies) -> Row:
    _say(name)
    return Row(name, latencies.rate, latencies, None)


def _get(path: str) -> Request:
    return Request.of("GET", path)


def _pids(suite: RunningSuite) -> dict[str, int]:
    return {name: suite.pid(name) for name in suite.names() if name.split("-")[0] in _OWN}


def _memory_table(used: dict[str, float]) -> str:
    lines = [f"{name:<20} {megabytes:>7.0f} MiB" for name, megabytes in used.items()]
    return "\n".join(["", "memory (proportional set size)", *lines, f"{'together':<20} {sum(used.values()):>7.0f} MiB"])


def _say(line: str) -> None:
    print(f"  {line} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
