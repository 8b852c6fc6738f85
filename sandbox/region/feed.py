"""Telling the cabinet the news: what the books wrote down is pushed in order until the cabinet has stored it."""

import sqlite3
import threading
from collections.abc import Sequence

import grpc
from kabinet.regional.v1 import feed_pb2, feed_pb2_grpc

from sandbox.chassis import json_log
from sandbox.chassis.sqlite import Database
from sandbox.region.credentials import Credentials
from sandbox.region.profiles import Profile, Profiles

_BATCH = {"balance": 1000, "bill": 100}
_DEADLINE_S = 10.0
_IDLE_S = 1.0
_RETRY_S = 1.0


class FeedPusher:
    """One thread that empties the `news` table into `RegionalFeedService`.

    A row is deleted after the cabinet has said that it is stored, so a kill on either side repeats news and loses none;
    the contract makes repeats harmless.
    """

    def __init__(
        self, *, database: Database, credentials: Credentials, profiles: Profiles, channel: grpc.Channel
    ) -> None:
        self._database = database
        self._profiles = profiles
        self._credentials = credentials
        self._stub = feed_pb2_grpc.RegionalFeedServiceStub(channel)
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin to push."""
        self._thread.start()

    def wake(self) -> None:
        """Look for news now."""
        self._woken.set()

    def stop(self) -> None:
        """End after the batch under way."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(_DEADLINE_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                found = self._push_next()
            except grpc.RpcError as error:
                json_log.warning("news not taken", error=type(error).__name__)
                self._stopping.wait(_RETRY_S)
                continue
            if not found:
                self._woken.wait(_IDLE_S)
                self._woken.clear()

    def _push_next(self) -> bool:
        """Push the longest run of one kind from the front of the news; False when there is none."""
        profile = self._profiles.current()
        rows = self._front(share=2 if profile.feed_repeats else 1)
        if not rows:
            return False
        accepted = self._push_spoiled(profile, rows)
        if accepted == 0:
            return False
        with self._database.write() as connection:
            connection.execute("DELETE FROM news WHERE position <= ?", (rows[accepted - 1]["position"],))
        return True

    def _push_spoiled(self, profile: Profile, rows: Sequence[sqlite3.Row]) -> int:
        """Send rows as the profile has it, twice or in reverse; return how many of them, from the front, are stored."""
        sent = [row["content"] for row in rows for _ in range(2 if profile.feed_repeats else 1)]
        if not profile.feed_reordered:
            return self._push(rows[0]["kind"], sent, profile) * len(rows) // len(sent)
        stored = self._push(rows[0]["kind"], sent[::-1], profile)
        return len(rows) if stored == len(sent) else 0

    def _push(self, kind: str, contents: Sequence[bytes], profile: Profile) -> int:
        """Send news of one kind; return how many of them, from the front, the cabinet has stored."""
        metadata = (("authorization", f"Bearer {self._credentials.token_for('accounts')}"),)
        if kind == "balance":
            records = [feed_pb2.BalanceRecord.FromString(content) for content in contents]
            for record in records:
                profile.spoil(record)
            balances = feed_pb2.PushBalancesRequest(records=records)
            stored: int = self._stub.PushBalances(balances, timeout=_DEADLINE_S, metadata=metadata).accepted
            return stored
        bills = [feed_pb2.RegionalBill.FromString(content) for content in contents]
        for bill in bills:
            profile.spoil(bill)
        request = feed_pb2.PushBillsRequest(bills=bills)
        stored = self._stub.PushBills(request, timeout=_DEADLINE_S, metadata=metadata).accepted
        return stored

    def _front(self, *, share: int) -> Sequence[sqlite3.Row]:
        rows = self._database.read().execute("SELECT * FROM news ORDER BY position LIMIT 1000").fetchall()
        kind = rows[0]["kind"] if rows else ""
        run = next((index for index, row in enumerate(rows) if row["kind"] != kind), len(rows))
        return rows[: min(run, _BATCH.get(kind, 0) // share)]
