"""Payments by saved cards under load, from the request at the gateway to the posting, by payments' own history."""

import contextlib
import itertools
import json
import secrets
import time
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pymongo

from deploy.local.waiting import TookTooLong, wait_until
from services.payments.domain.payment import FINAL, State
from tests.bench.cast import Cast, Member
from tests.bench.http_client import Answer, Request
from tests.bench.load import (
    SHARE_OF_SUSTAINED,
    Act,
    Latencies,
    closed_loop,
    open_loop,
    per_second,
    sustained,
)
from tests.bench.scenarios import LANES, UNDER_WAY, driven
from tests.support.running_suite import RunningSuite

_LONGEST_P99_MS = 2_000.0  # from the request to the posting: what a payer may be told to wait for
_GUESS_S, _STEP_S = 3.0, 6.0
_FINAL_WITHIN_S = 120.0
Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A payment that its region has credited: seconds since the epoch at which its request was due, and at which
    payments recorded that it was captured and that it was posted."""

    due_at: float
    captured_at: float
    posted_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What became of payments that were asked for at a rate; what was refused, or is not posted in time, failed."""

    asked: int
    posted: Sequence[Posted]

    def from_request(self) -> Latencies:
        """Return the times from the moment a request was due to the posting."""
        return self._latencies([payment.posted_at - payment.due_at for payment in self.posted])

    def from_capture(self) -> Latencies:
        """Return the times from the capture to the posting."""
        return self._latencies([payment.posted_at - payment.captured_at for payment in self.posted])

    def _latencies(self, times_s: list[float]) -> Latencies:
        return Latencies(
            sorted_ms=tuple(sorted(time_s * 1000 for time_s in times_s)),
            failures=self.asked - len(times_s),
            rate=per_second([payment.posted_at for payment in self.posted]),
        )


def end_to_end(cast: Cast, *, seconds: float) -> tuple[float, Latencies]:
    """Return the highest rate at which every payment is accepted and posted, within two seconds at the 99th of a
    hundred, and the latencies at 0.6 of it."""
    most = sustained(
        lambda rate: offered(cast, rate=rate, seconds=_STEP_S).from_request(),
        first_guess=_at_once(cast),
        longest_p99_ms=_LONGEST_P99_MS,
    )
    return most, offered(cast, rate=most * SHARE_OF_SUSTAINED, seconds=seconds).from_request()


def offered(cast: Cast, *, rate: float, seconds: float) -> Offered:
    """Pay at a rate, by each member to each of their accounts in turn, and wait until all payments are final."""
    accepted: dict[str, int] = {}
    began = time.time()

    def drive(act: Act) -> Coroutine[Any, Any, Latencies]:
        return open_loop(act, rate=rate, seconds=seconds, lanes=LANES)

    driven(cast.suite.address("gateway"), _requests(cast), drive, accepts=_noting(accepted))
    histories = posted_histories(cast.suite, list(accepted))
    posted = [
        Posted(due_at=began + accepted[payment_id] / rate, captured_at=history["captured"], posted_at=history["posted"])
        for payment_id, history in histories.items()
    ]
    return Offered(asked=int(rate * seconds), posted=posted)


def posted_histories(suite: RunningSuite, payment_ids: Sequence[str], /) -> Mapping[str, Mapping[str, float]]:
    """Return when each of the payments that is posted reached each of its states, in seconds since the epoch.

    Waits until all of them exist and are final, two minutes at most, and reads the histories only then: asking is load,
    too.
    """
    wanted: Document = {"_id": {"$in": payment_ids}}
    final = wanted | {"state": {"$in": [state.value for state in FINAL]}}
    with pymongo.MongoClient[Document](suite.mongo_url, tz_aware=True) as client:
        payments = client[suite.database("payments")]["payments"]
        with contextlib.suppress(TookTooLong):  # those that are not posted have failed
            wait_until(
                lambda: payments.count_documents(final) == len(payment_ids),
                what="all payments are final",
                timeout_s=_FINAL_WITHIN_S,
                every_s=0.5,
            )
        rows = payments.find(wanted | {"state": State.POSTED.value}, {"history": 1})
        return {row["_id"]: _moments(row["history"]) for row in rows}


def _at_once(cast: Cast) -> float:
    """Return how many payments are posted a second while so many are always being asked for: where to search."""
    accepted: dict[str, int] = {}

    def drive(act: Act) -> Coroutine[Any, Any, float]:
        return closed_loop(act, seconds=_GUESS_S, under_way=UNDER_WAY)

    driven(cast.suite.address("gateway"), _requests(cast), drive, accepts=_noting(accepted))
    histories = posted_histories(cast.suite, list(accepted))
    return per_second([history["posted"] for history in histories.values()])


def _noting(accepted: dict[str, int]) -> Callable[[int, Answer], bool]:
    """Return an acceptance that notes the turn of every payment that was created."""

    def accepts(turn: int, answer: Answer) -> bool:
        if answer.status == 201:
            accepted[json.loads(answer.body)["id"]] = turn
        return answer.status == 201

    return accepts


def _requests(cast: Cast) -> Iterator[Request]:
    """Yield payments without end. Who is next pays from another account: nobody waits for themselves."""
    accounts = zip(*(member.account_ids for member in cast.members), strict=True)
    pairs = [pair for of_each in accounts for pair in zip(cast.members, of_each, strict=True)]
    return (_request(member, account_id) for member, account_id in itertools.cycle(pairs))


def _request(member: Member, account_id: str) -> Request:
    body = {
        "billing_account_id": account_id,
        "amount": {"amount_minor": 10_000, "currency": "RUB"},
        "method": {"kind": "saved_card", "payment_method_id": member.card_id},
        "return_url": f"{member.subscriber.url}/payments",
        "confirm_repeat": True,
    }
    return Request.of(
        "POST",
        "/api/v1/payments",
        token=member.subscriber.access_token,
        body=json.dumps(body).encode(),
        extra=f"Idempotency-Key: {secrets.token_hex(16)}\r\n",
    )


def _moments(history: Collection[Mapping[str, Any]]) -> dict[str, float]:
    """Return when each state was reached first."""
    moments: dict[str, float] = {}
    for step in history:
        at: datetime = step["at"]
        moments.setdefault(step["state"], at.timestamp())
    return moments
