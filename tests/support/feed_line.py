"""A region's end of the feed: journals to send, and a stream to send them over."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import feed_pb2 as pb
from kabinet.regional.v1 import feed_pb2_grpc

from services.chassis.grpc_client import Remote
from services.chassis.grpc_values import time_to_proto

JOURNAL = "journal-1"


class FeedLine:
    """Speaks with the credential of the region that the remote was made with."""

    def __init__(self, remote: Remote, /) -> None:
        self._remote = remote
        self._stub = feed_pb2_grpc.RegionalFeedServiceStub(remote.channel)

    def position(self, journal_id: str = JOURNAL) -> int:
        """Return how far a journal is stored."""
        request = pb.GetFeedPositionRequest(journal_id=journal_id)
        return int(self._remote.call(self._stub.GetFeedPosition, request, cap_s=10).position)

    def stream(
        self, pieces: Iterable[pb.StreamFeedRequest], *, timeout_s: float = 60
    ) -> Iterator[pb.StreamFeedResponse]:
        """Open a stream, send what the pieces yield, and yield the answers as they come."""
        return self._remote.stream(self._stub.StreamFeed, iter(pieces), cap_s=timeout_s)

    def send(self, *records: pb.FeedRecord, journal_id: str = JOURNAL) -> list[pb.StreamFeedResponse]:
        """Send records in a stream of their own, and return all answers."""
        return list(self.stream(pieces_of(records, journal_id=journal_id)))


def pieces_of(
    records: Sequence[pb.FeedRecord], *, size: int = 1000, journal_id: str = JOURNAL
) -> Iterator[pb.StreamFeedRequest]:
    """Yield records in pieces."""
    for first in range(0, len(records), size):
        yield pb.StreamFeedRequest(journal_id=journal_id, records=records[first : first + size])


def balances(
    count: int, *, as_of: datetime, first_position: int = 1, first_number: int = 5_400_000_000, kopecks: int = 100
) -> list[pb.FeedRecord]:
    """Return balances of as many accounts, one record of each."""
    moment = time_to_proto(as_of)
    return [
        pb.FeedRecord(
            position=first_position + index,
            balance=pb.BalanceRecord(
                number=str(first_number + index),
                balance=money_pb2.Money(amount_minor=kopecks + index, currency="RUB"),
                as_of=moment,
            ),
        )
        for index in range(count)
    ]
