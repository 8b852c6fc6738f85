"""A region's journal into the snapshots, beside MongoDB taking the same documents in bulk from a bare client."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymongo
from kabinet.regional.v1 import feed_pb2
from pymongo.collection import Collection

from deploy.local.keys import Keys
from services.chassis.clock import SystemClock
from services.chassis.grpc_client import Remote
from services.chassis.tokens import ServiceTokens, load_private_key
from tests.bench.load import Latencies
from tests.bench.table import Row
from tests.support.feed_line import FeedLine, balances, pieces_of
from tests.support.running_suite import RunningSuite

Document = dict[str, Any]

_REGION, _REGION_PROCESS = "54", "region-novosibirsk"
_RECORDS = 30_000
_ROUNDS = 3  # accounts that nobody has heard of, then the same ones with another balance each time
_BULK = 1000
_FIRST_NUMBER = 5_499_000_000


def rows(suite: RunningSuite) -> Iterator[Row]:
    """Measure both in turns, so that a busy minute of the machine hits the one as the other."""
    suite.stop(_REGION_PROCESS)  # a region has one stream, and this one is the bench's
    try:
        feed, raw = _Taken(), _Taken()
        with _line(suite) as line, pymongo.MongoClient[Document](suite.mongo_url, w="majority", journal=True) as client:
            snapshots = client[suite.database("accounts")]["snapshots"]
            bare = client["bench"]["snapshots"]
            for number in range(_ROUNDS):
                feed.add(_stream(line, number))
                raw.add(_write(bare, _told(snapshots)))
            client.drop_database("bench")
    finally:
        suite.start(_REGION_PROCESS)
    primitive = Row("raw MongoDB bulk writes", raw.rate, raw.latencies, None)
    yield primitive
    yield Row("feed records from stream to snapshot", feed.rate, feed.latencies, primitive)


class _Taken:
    """How long each bulk took, or each wait for an acknowledgement."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._records = 0

    def add(self, times: list[float]) -> None:
        self._times += times
        self._records += _RECORDS

    @property
    def rate(self) -> float:
        return self._records / sum(self._times)

    @property
    def latencies(self) -> Latencies:
        return Latencies(sorted_ms=tuple(sorted(seconds * 1000 for seconds in self._times)), failures=0, rate=self.rate)


@contextmanager
def _line(suite: RunningSuite) -> Iterator[FeedLine]:
    key = load_private_key(Keys(suite.run_dir / "keys").region(_REGION))
    tokens = ServiceTokens(name=f"region:{_REGION}", key=key, clock=SystemClock())
    remote = Remote(name="accounts", address=suite.address("accounts"), tokens=tokens)
    try:
        yield FeedLine(remote)
    finally:
        remote.close()


def _stream(line: FeedLine, number: int) -> list[float]:
    """Stream a balance of every account; return the times between acknowledgements."""
    records = balances(
        _RECORDS,
        as_of=SystemClock().now(),
        first_position=1 + number * _RECORDS,
        first_number=_FIRST_NUMBER,
        kopecks=number,
    )
    pieces = list(pieces_of(records, size=_BULK, journal_id="bench"))
    return list(_timed(line.stream(pieces, timeout_s=120)))


def _timed(answers: Iterator[feed_pb2.StreamFeedResponse]) -> Iterator[float]:
    began = time.perf_counter()
    for _ in answers:
        yield time.perf_counter() - began
        began = time.perf_counter()


def _told(snapshots: Collection[Document]) -> list[Document]:
    wanted = {"_id": {"$gte": f"{_REGION}:{_FIRST_NUMBER}", "$lt": f"{_REGION}:{_FIRST_NUMBER + _RECORDS}"}}
    return list(snapshots.find(wanted, batch_size=_BULK))


def _write(bare: Collection[Document], documents: list[Document]) -> list[float]:
    """Write the documents by their ids in bulks, as the feed has written them; return the time of each."""
    times = []
    for first in range(0, len(documents), _BULK):
        began = time.perf_counter()
        bare.bulk_write([_upsert(document) for document in documents[first : first + _BULK]], ordered=False)
        times.append(time.perf_counter() - began)
    return times


def _upsert(document: Document) -> pymongo.UpdateOne:
    fields = {name: value for name, value in document.items() if name != "_id"}
    return pymongo.UpdateOne({"_id": document["_id"]}, {"$set": fields}, upsert=True)
