"""The main scenarios under load, through the gateway, as clients would put it there."""

import asyncio
import itertools
import re
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from deploy.local.waiting import wait_until
from tests.bench.cast import Cast, Member, months_before
from tests.bench.http_client import Answer, Connection, Request
from tests.bench.load import SHARE_OF_SUSTAINED, Act, Latencies, closed_loop, open_loop, sustained

UNDER_WAY = 16
LANES = UNDER_WAY * 4
_BILLS_PER_MEMBER = 6
_BILL_SUBJECT = re.compile(r"(\d\d\.\d{4}).* (\d+)$")
OVERVIEW_CALLS = 5  # profile, accounts, payments, rules, bills: what the gateway asks for one overview
Measured = TypeVar("Measured")


def reads(address: str, requests: Sequence[Request], *, seconds: float) -> tuple[float, Latencies]:
    """Return the highest rate of a mix of reads that is sustained, and the latencies at 0.6 of it."""
    guess = driven(address, itertools.cycle(requests), lambda act: closed_loop(act, seconds=1, under_way=UNDER_WAY))
    most = sustained(lambda rate: reads_at(rate, address, requests, seconds=seconds / 2), first_guess=guess)
    return most, reads_at(max(1.0, most * SHARE_OF_SUSTAINED), address, requests, seconds=seconds)


def reads_at(rate: float, address: str, requests: Sequence[Request], *, seconds: float) -> Latencies:
    """Return the latencies of a mix of reads at a rate."""
    turns = itertools.cycle(requests)
    return driven(address, turns, lambda act: open_loop(act, rate=rate, seconds=seconds, lanes=LANES))


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


def driven(
    address: str,
    requests: Iterable[Request],
    drive: Callable[[Act], Coroutine[Any, Any, Measured]],
    *,
    accepts: Callable[[int, Answer], bool] = lambda _turn, answer: answer.status == 200,
) -> Measured:
    """Return what `drive` measures with an act that sends the next of the requests; `accepts` is told which one in turn
    was answered how."""
    turns = enumerate(requests)

    async def run() -> Measured:
        connections = [Connection(address) for _ in range(LANES)]

        async def act(lane: int) -> bool:
            turn, request = next(turns)
            return accepts(turn, await connections[lane].send(request))

        try:
            return await drive(act)
        finally:
            for connection in connections:
                connection.close()

    return asyncio.run(run())


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
