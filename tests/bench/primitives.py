"""The parts that every scenario stands on, measured bare in the same run: what the machine gives today."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import httpx
import pika
import pymongo
import typst

from deploy.local.waiting import wait_until
from tests.bench.load import (
    SHARE_OF_SUSTAINED,
    Latencies,
    closed_loop_by_threads,
    open_loop_by_threads,
    run_threads,
    sustained,
)

_THREADS = 8
_GUESS_S = 0.5
_PAGE = Path(__file__).parent / "bare_page.typ"


@contextmanager
def bare_servers(*, flask_address: str, grpc_address: str) -> Iterator[None]:
    """Run the bare Flask application, under the gateway's gunicorn settings, and the bare gRPC server."""
    environment = {**os.environ, "ECHO_ADDRESS": grpc_address}
    gunicorn = ("-m", "gunicorn", "--bind", flask_address, "--worker-class", "gthread", "--workers", "2")
    limits = ("--threads", "16", "--worker-tmp-dir", "/dev/shm", "--keep-alive", "30", "--no-control-socket")
    commands = [
        (sys.executable, *gunicorn, *limits, "--log-level", "warning", "tests.bench.bare_flask:app"),
        (sys.executable, "-m", "tests.bench.bare_grpc", grpc_address),
    ]
    started = [subprocess.Popen(command, env=environment) for command in commands]
    try:
        wait_until(lambda: _answers(flask_address), what="the bare Flask application answers", timeout_s=20)
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(10)


def grpc_calls(address: str, *, seconds: float) -> tuple[float, Latencies]:
    """Bare unary calls with 200 bytes each way."""
    with grpc.insecure_channel(address) as channel:
        method: Any = channel.unary_unary("/bench.Echo/Echo")
        return _measured(lambda: method(b"x" * 200, timeout=5), seconds=seconds)


def journaled_updates(mongo_url: str, *, seconds: float) -> tuple[float, Latencies]:
    """Updates of one document each, acknowledged by a journaled majority."""
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(mongo_url, w="majority", journal=True)
    collection = client["bench"]["updates"]
    collection.insert_many([{"_id": number, "value": 0} for number in range(1000)])
    numbers = iter(range(10**9))
    lock = threading.Lock()

    def update() -> None:
        with lock:
            number = next(numbers) % 1000
        collection.update_one({"_id": number}, {"$inc": {"value": 1}})

    try:
        return _measured(update, seconds=seconds)
    finally:
        client.drop_database("bench")
        client.close()


def claimed_updates(mongo_url: str, *, count: int) -> Latencies:
    """Documents that are all due at once, each claimed and then updated by one of several claimers, acknowledged by a
    journaled majority both times; the times run from the moment at which the claiming began."""
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(mongo_url, w="majority", journal=True)
    collection = client["bench"]["due"]
    collection.create_index([("due_at", pymongo.ASCENDING)], partialFilterExpression={"due_at": {"$type": "date"}})
    due_at = datetime.now(UTC)
    collection.insert_many([{"_id": number, "due_at": due_at, "leased_by": None} for number in range(count)])
    times: list[float] = []
    began = time.perf_counter()

    def claim() -> None:
        due, mine = {"due_at": {"$type": "date", "$lte": due_at}, "leased_by": None}, {"$set": {"leased_by": "bench"}}
        while (claimed := collection.find_one_and_update(due, mine, sort=[("due_at", pymongo.ASCENDING)])) is not None:
            collection.update_one({"_id": claimed["_id"]}, {"$set": {"due_at": None}})
            times.append((time.perf_counter() - began) * 1000)

    try:
        run_threads([threading.Thread(target=claim) for _ in range(_THREADS)])
        return Latencies(
            sorted_ms=tuple(sorted(times)), failures=count - len(times), rate=len(times) / max(times) * 1000
        )
    finally:
        client.drop_database("bench")
        client.close()


def confirmed_publishes(amqp_url: str, *, seconds: float) -> tuple[float, Latencies]:
    """Persistent messages to a durable exchange, each confirmed before the next, as one relay does it."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.exchange_declare("bench", "topic", durable=True)
    channel.queue_declare("bench", durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind("bench", "bench", "#")
    properties = pika.BasicProperties(delivery_mode=2)
    try:
        return _measured(
            lambda: channel.basic_publish("bench", "x", b"x" * 400, properties), seconds=seconds, threads=1
        )
    finally:
        channel.queue_delete("bench")
        channel.exchange_delete("bench")
        connection.close()


def typst_compiles(*, seconds: float) -> tuple[float, Latencies]:
    """A page with a table, compiled to PDF/A by a compiler that is kept, as documents keeps its own."""
    compiler = typst.Compiler(str(_PAGE), root=str(_PAGE.parent), ignore_system_fonts=True)
    return _measured(
        lambda: compiler.compile(format="pdf", pdf_standards=["a-3a"], timestamp=0), seconds=seconds, threads=1
    )


def _measured(act: Callable[[], object], *, seconds: float, threads: int = _THREADS) -> tuple[float, Latencies]:
    """Return the highest rate that so many threads sustain, and the latencies at 0.6 of it."""

    def offer(rate: float, for_s: float) -> Latencies:
        return open_loop_by_threads(act, rate=rate, seconds=for_s, threads=threads)

    guess = closed_loop_by_threads(act, seconds=_GUESS_S, threads=threads)
    most = sustained(lambda rate: offer(rate, seconds / 2), first_guess=guess)
    return most, offer(most * SHARE_OF_SUSTAINED, seconds)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/healthz", timeout=1).is_success
    except httpx.TransportError:
        return False
