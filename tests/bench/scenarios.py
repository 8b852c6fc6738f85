"""The main scenarios under load, through the gateway, as clients would put it there."""

import asyncio
import itertools
import json
import re
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, TypeVar

import pymongo

from deploy.local.waiting import wait_until
from tests.bench.cast import Cast, Member, months_before
from tests.bench.http_client import Connection, Request
from tests.bench.load import SHARE_OF_SUSTAINED, Act, Latencies, closed_loop, open_loop, sustained

_UNDER_WAY = 16
_BILLS_PER_MEMBER = 6
_BILL_SUBJECT = re.compile(r"(\d\d\.\d{4}).* (\d+)$")
OVERVIEW_CALLS = 5  # profile, accounts, payments, rules, bills: what the gateway asks for one overview
Document = dict[str, Any]
Measured = TypeVar("Measured")


def reads(address: str, requests: Sequence[Request], *, seconds: float) -> tuple[float, Latencies]:
    """Return the highest rate of a mix of reads that is sustained, and the latencies at 0.6 of it."""
    guess = _driven(address, requests, lambda act: closed_loop(act, seconds=1, under_way=_UNDER_WAY))
    most = sustained(lambda rate: reads_at(rate, address, requests, seconds=seconds / 2), first_guess=guess)
    return most, reads_at(max(1.0, most * SHARE_OF_SUSTAINED), address, requests, seconds=seconds)


def reads_at(rate: float, address: str, requests: Sequence[Request], *, seconds: float) -> Latencies:
    """Return the latencies of a mix of reads at a rate."""
    lanes = _UNDER_WAY * 4
    return _driven(address, requests, lambda act: open_loop(act, rate=rate, seconds=seconds, lanes=lanes))


def overview(members: Sequence[Member]) -> list[Request]:
    """Return one overview per member."""
    return [Request.of("GET", "/api/v1/overview", token=member.subscriber.access_token) for member in members]


def balance(members: Sequence[Member]) -> list[Request]:
    """Return one balance per account."""
    return [
        Request.of("GET", f"/api/v1/billing-accounts/{account}/balance", token=member.subscriber.access_token)
        for member in members
        for account in member.account_ids
    ]


def catalogue_search() -> list[Request]:
    """Return searches for words in several forms."""
    words = (
        "%D1%81%D1%83%D0%B4%D1%8C%D0%B1%D0%BE%D0%B9",
        "%D0%B7%D0%B2%D1%91%D0%B7%D0%B4",
        "%D0%BB%D1%8E%D0%B1%D0%BE%D0%B2%D1%8C%D1%8E",
    )
    return [Request.of("GET", f"/api/v1/catalog/offerings?query={word}") for word in words]


def payments(cast: Cast, *, rate: float, seconds: float) -> Latencies:
    """Pay by saved cards at a fixed rate; a payment's time ends when the payments service has it as posted."""
    begun: dict[str, float] = {}

    async def run() -> None:
        connections = [Connection(cast.suite.address("gateway")) for _ in range(_UNDER_WAY * 4)]
        turn = iter(range(10**9))

        async def act(lane: int) -> bool:
            due_at = time.time()
            answer = await connections[lane].send(_payment(cast.members[next(turn) % len(cast.members)]))
            if answer.status == 201:
                begun[json.loads(answer.body)["id"]] = due_at
            return answer.status == 201

        await open_loop(act, rate=rate, seconds=seconds, lanes=len(connections))

    began = time.time()
    asyncio.run(run())
    posted = _posted(cast, set(begun), timeout_s=60)
    last = max((moment.timestamp() for moment in posted.values()), default=began)
    times = sorted((moment.timestamp() - begun[payment_id]) * 1000 for payment_id, moment in posted.items())
    failures = int(rate * seconds) - len(posted)
    return Latencies(sorted_ms=tuple(times), failures=failures, rate=len(posted) / (last - began))


def bills(cast: Cast, *, rate: float) -> Latencies:
    """Have six bills per member issued at a fixed rate; a bill's time ends when its mail is in the mailbox."""
    due: dict[str, float] = {}
    began = time.time()
    turns = itertools.product(months_before(_BILLS_PER_MEMBER), cast.members)
    for index, (month, member) in enumerate(turns):
        due_at = began + index / rate
        time.sleep(max(0.0, due_at - time.time()))
        due[_subject_of(member.numbers[0], month)] = due_at
        cast.offices["77"].issue_bill(member.numbers[0], month=month)
    mailed = _mailed(cast, set(due), timeout_s=120)
    last = max((moment.timestamp() for moment in mailed.values()), default=began)
    times = sorted((moment.timestamp() - due[subject]) * 1000 for subject, moment in mailed.items())
    return Latencies(sorted_ms=tuple(times), failures=len(due) - len(mailed), rate=len(mailed) / (last - began))


def _driven(
    address: str, requests: Sequence[Request], drive: Callable[[Act], Coroutine[Any, Any, Measured]]
) -> Measured:
    """Return what `drive` measures with an act that sends the next of the requests."""
    turn = itertools.cycle(requests)

    async def run() -> Measured:
        connections = [Connection(address) for _ in range(_UNDER_WAY * 4)]

        async def act(lane: int) -> bool:
            return (await connections[lane].send(next(turn))).status == 200

        try:
            return await drive(act)
        finally:
            for connection in connections:
                connection.close()

    return asyncio.run(run())


def _payment(member: Member) -> Request:
    body = {
        "billing_account_id": member.account_ids[0],
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


def _posted(cast: Cast, payment_ids: set[str], *, timeout_s: float) -> dict[str, datetime]:
    """Return when each payment was posted, as its own history has it; read once all are, so that asking is no load."""
    client: pymongo.MongoClient[Document] = pymongo.MongoClient(cast.suite.mongo_url, tz_aware=True)
    collection = client[cast.suite.database("payments")]["payments"]
    waiting = {"_id": {"$in": list(payment_ids)}, "state": {"$ne": "posted"}}
    try:
        wait_until(
            lambda: collection.count_documents(waiting) == 0,
            what="all payments are posted",
            timeout_s=timeout_s,
            every_s=0.5,
        )
        found = collection.find({"_id": {"$in": list(payment_ids)}}, {"history": 1})
        return {str(row["_id"]): next(h["at"] for h in row["history"] if h["state"] == "posted") for row in found}
    finally:
        client.close()


def _mailed(cast: Cast, subjects: set[str], *, timeout_s: float) -> dict[str, datetime]:
    """Return when the mail about each bill arrived."""

    def arrived() -> dict[str, datetime]:
        mails = [mail for member in cast.members for mail in cast.mailbox.mails(member.email)]
        found = {_subject_seen(mail["subject"]): datetime.fromisoformat(mail["received_at"]) for mail in mails}
        return {subject: moment for subject, moment in found.items() if subject in subjects}

    wait_until(lambda: len(arrived()) == len(subjects), what="all bills are mailed", timeout_s=timeout_s, every_s=1.0)
    return arrived()


def _subject_of(number: str, month: datetime) -> str:
    return f"{month:%m.%Y} {number}"


def _subject_seen(subject: str) -> str:
    """Return month and account of a bill's mail: «Счёт за 10.2026: 0,00 ₽, лицевой счёт 900000000»."""
    match = _BILL_SUBJECT.search(subject)
    return f"{match[1]} {match[2]}" if match else ""
