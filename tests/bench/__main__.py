"""`make bench`: the main scenarios beside the bare parts that they stand on, all in one run; prints a table.

Not a test: nothing here passes or fails. Rates are what the machine gave today, with the sandbox on the same two cores;
the ratios are what can be compared.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import HOST, find_free_base
from deploy.local.world import REGIONS
from tests.bench import autopay, decisions, feed, memory, payments, primitives, scenarios
from tests.bench.cast import Cast
from tests.bench.http_client import Request
from tests.bench.load import Latencies
from tests.bench.table import Row, render
from tests.support.running_suite import RunningSuite

_PAYMENTS_PER_S, _CAPTURES_PER_S = 15, 10
_BILLS_PER_S = 8
_READS_PER_S = 40
_UNTIL_NOTICED_S = 5.0  # the first calls to a region that is gone wait for it; then it is left alone
_WIDE_MEMBERS, _WIDE_ACCOUNTS = 4, 2
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
    bare = yield from _bare(seconds=seconds)
    yield from _shown(cast, bare, seconds=seconds)
    yield from _paid(cast, seconds=seconds)
    _say("decisions of the pure core")
    yield from decisions.rows(seconds=seconds)
    yield from _billed(cast, seconds=seconds)
    _say("feed from stream to snapshot")
    yield from feed.rows(cast.suite)
    yield from _without_regions(cast, bare, seconds=seconds)
    _say("rules due at once")
    yield from autopay.rows(cast)  # last: it moves the clock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bare:
    """What a page costs that asks nobody anything: the same number of calls, with nothing behind them."""

    overview: Row
    one_call: Row


def _bare(*, seconds: float) -> Generator[Row, None, _Bare]:
    base = find_free_base()
    flask_address, grpc_address = f"{HOST}:{base}", f"{HOST}:{base + 1}"

    def flask(name: str, path: str, beside: Row | None) -> Generator[Row, None, Row]:
        return _reads(name, flask_address, [Request.of("GET", path)], seconds, beside=beside)

    with primitives.bare_servers(flask_address=flask_address, grpc_address=grpc_address):
        bare = yield from flask("bare Flask route", "/bare", None)
        calls = scenarios.OVERVIEW_CALLS
        overview = yield from flask(f"Flask route with {calls} bare gRPC calls", f"/fan-out/{calls}", bare)
        one_call = yield from flask("Flask route with one bare gRPC call", "/fan-out/1", bare)
        yield _primitive("bare gRPC call", lambda: primitives.grpc_calls(grpc_address, seconds=seconds))
    return _Bare(overview=overview, one_call=one_call)


def _shown(cast: Cast, bare: _Bare, *, seconds: float) -> Iterator[Row]:
    address = cast.suite.address("gateway")
    yield from _reads("overview", address, scenarios.overview(cast.members), seconds, beside=bare.overview)
    wide = cast.wide_members(size=_WIDE_MEMBERS, accounts_in_each=_WIDE_ACCOUNTS)
    name = f"overview, {len(wide[0].account_ids)} accounts in {len(cast.offices)} regions"
    yield from _reads(name, address, scenarios.overview(wide), seconds, beside=bare.overview)
    yield from _reads("balance read", address, scenarios.balance(cast.members), seconds, beside=bare.one_call)
    yield from _reads("catalogue search", address, scenarios.catalogue_search(), seconds, beside=bare.one_call)


def _paid(cast: Cast, *, seconds: float) -> Iterator[Row]:
    suite = cast.suite
    updates = _primitive(
        "journaled majority update", lambda: primitives.journaled_updates(suite.mongo_url, seconds=seconds)
    )
    yield updates
    publishes = _primitive("confirmed publish", lambda: primitives.confirmed_publishes(suite.amqp_url, seconds=seconds))
    yield publishes
    seconds = max(10.0, seconds)
    _say("payments end to end")
    most, latencies = payments.end_to_end(cast, seconds=seconds)
    yield Row("payments end to end", most, latencies, updates)
    _say("payment from creation to posting")
    paid = payments.offered(cast, rate=_PAYMENTS_PER_S, seconds=seconds).from_request()
    yield Row(f"payment to posting, {_PAYMENTS_PER_S}/s offered", paid.rate, paid, updates)
    _say("payment from capture to posting")
    captured = payments.offered(cast, rate=_CAPTURES_PER_S, seconds=2 * seconds).from_capture()
    yield Row(f"capture to posting, {_CAPTURES_PER_S}/s offered", captured.rate, captured, publishes)


def _billed(cast: Cast, *, seconds: float) -> Iterator[Row]:
    compiled = _primitive("bare typst compile", lambda: primitives.typst_compiles(seconds=seconds))
    yield compiled
    _say("bill from feed to mailbox")
    cast.consent_to_bills()
    billed = scenarios.bills(cast, rate=_BILLS_PER_S)
    yield Row(f"bill from feed to mailbox, {_BILLS_PER_S}/s offered", billed.rate, billed, compiled)


def _without_regions(cast: Cast, bare: _Bare, *, seconds: float) -> Iterator[Row]:
    """Show what a dead region costs those who only look: every region killed, then every region frozen."""
    regions = [region.process for region in REGIONS]
    reads = scenarios.overview(cast.members) + scenarios.balance(cast.members)
    address = cast.suite.address("gateway")

    def offered(state: str) -> Row:
        _say(f"reads with every region {state}")
        scenarios.reads_at(_READS_PER_S, address, reads, seconds=_UNTIL_NOTICED_S)
        latencies = scenarios.reads_at(_READS_PER_S, address, reads, seconds=max(10.0, seconds))
        return Row(f"reads, every region {state}, {_READS_PER_S}/s offered", latencies.rate, latencies, bare.overview)

    for region in regions:
        cast.suite.kill(region, "STOP")
    yield offered("frozen")
    for region in regions:
        cast.suite.kill(region, "CONT")
    cast.suite.stop(*regions)
    yield offered("dead")
    cast.suite.start(*regions)


def _reads(
    name: str, address: str, requests: list[Request], seconds: float, *, beside: Row | None
) -> Generator[Row, None, Row]:
    _say(name)
    most, latencies = scenarios.reads(address, requests, seconds=seconds)
    row = Row(name, most, latencies, beside)
    yield row
    return row


def _primitive(name: str, measure: Callable[[], tuple[float, Latencies]]) -> Row:
    _say(name)
    most, latencies = measure()
    return Row(name, most, latencies, None)


def _pids(suite: RunningSuite) -> dict[str, int]:
    return {name: suite.pid(name) for name in suite.names() if name.split("-")[0] in _OWN}


def _memory_table(used: dict[str, float]) -> str:
    lines = [f"{name:<20} {megabytes:>7.0f} MiB" for name, megabytes in used.items()]
    return "\n".join(["", "memory (proportional set size)", *lines, f"{'together':<20} {sum(used.values()):>7.0f} MiB"])


def _say(line: str) -> None:
    print(f"  {line} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
