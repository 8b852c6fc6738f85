"""Telling the cabinet the news: the journal is streamed from where the cabinet has it, until all of it is stored."""

import threading
from collections.abc import Iterator

import grpc
from kabinet.regional.v1 import feed_pb2, feed_pb2_grpc

from sandbox.chassis import json_log
from sandbox.chassis.sqlite import Database
from sandbox.region import journal
from sandbox.region.credentials import Credentials
from sandbox.region.profiles import Profile, Profiles

_PIECE = 1000
_DEADLINE_S = 10.0
_STREAM_S = 240.0  # a token lives for five minutes
_LINGER_S = 5.0
_RETRY_S = 1.0


class FeedStreamer:
    """One thread that holds a stream to `RegionalFeedService` open while there is news, and for a little longer.

    It remembers nothing of what it sent: each stream begins after the position that the cabinet names. A record is
    deleted when the cabinet has said that it is stored, so a kill on either side repeats news and loses none.
    """

    def __init__(
        self, *, database: Database, credentials: Credentials, profiles: Profiles, channel: grpc.Channel
    ) -> None:
        self._database = database
        self._profiles = profiles
        self._credentials = credentials
        self._stub = feed_pb2_grpc.RegionalFeedServiceStub(channel)
        self._changed = threading.Condition()
        self._told = 0
        self._streams = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin to stream."""
        self._thread.start()

    def wake(self) -> None:
        """Look for news now."""
        with self._changed:
            self._told += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """End after the piece under way."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(_DEADLINE_S)

    def _run(self) -> None:
        while not self._stopping:
            told = self._told
            try:
                if journal.after(self._database.read(), 0, limit=1):
                    self._stream()
                    continue
            except grpc.RpcError as error:
                json_log.warning("news not taken", error=type(error).__name__)
                self._pause(_RETRY_S)
                continue
            self._hears_news(told)

    def _stream(self) -> None:
        """Stream what there is; forget what is acknowledged."""
        name = journal.name(self._database.read())
        position = self._stub.GetFeedPosition(
            feed_pb2.GetFeedPositionRequest(journal_id=name), timeout=_DEADLINE_S, metadata=self._metadata()
        ).position
        self._streams += 1
        answers = self._stub.StreamFeed(
            self._pieces(name, position, stream=self._streams), timeout=_STREAM_S, metadata=self._metadata()
        )
        self._forget(position)
        for answer in answers:
            for rejected in answer.rejected:
                json_log.warning("news rejected", position=rejected.position, reason=rejected.reason)
            self._forget(answer.position)

    def _pieces(self, name: str, position: int, *, stream: int) -> Iterator[feed_pb2.StreamFeedRequest]:
        """Yield the journal after a position, and what is added to it while the stream lasts."""
        sent = 0
        while not self._stopping and stream == self._streams:
            told, profile = self._told, self._profiles.current()
            records = self._after(position, profile)
            if records:
                yield _piece(name, records, profile)
                position, sent = records[-1].position, sent + 1
                if profile.feed_cut_after and sent >= profile.feed_cut_after:
                    raise ConnectionAbortedError("the profile cuts the stream here")
            elif not self._hears_news(told):
                return

    def _after(self, position: int, profile: Profile) -> list[feed_pb2.FeedRecord]:
        if profile.feed_reordered:
            with self._database.write() as connection:
                journal.turn_over(connection)
        share = 2 if profile.feed_repeats else 1
        return journal.after(self._database.read(), position, limit=_PIECE // share)

    def _forget(self, position: int) -> None:
        with self._database.write() as connection:
            journal.forget(connection, up_to=position)

    def _hears_news(self, told: int) -> bool:
        """Wait a while for news beyond those that were told of; say whether there are any."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._told != told, _LINGER_S)
            return self._told != told

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, seconds)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self._credentials.token_for('accounts')}"),)


def _piece(name: str, records: list[feed_pb2.FeedRecord], profile: Profile) -> feed_pb2.StreamFeedRequest:
    """Return records as the profile has them said."""
    for record in records:
        profile.spoil(record)
    said = [record for record in records for _ in range(2 if profile.feed_repeats else 1)]
    return feed_pb2.StreamFeedRequest(journal_id=name, records=said)
