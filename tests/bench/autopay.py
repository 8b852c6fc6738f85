"""Date rules that fall due all at once: how long until every one of them has been charged and credited.

A rule has its own minute of its day, which follows from its id, so that rules never strike at once by themselves. The
suite's clock is moved from the morning of a day to its evening: as if the schedulers had been away for the day between.
Time counts from when a scheduler finds the first of them; its tick, which comes every few seconds, is not counted.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pymongo

from deploy.local.waiting import wait_until
from services.payments.domain.payment import autopay_payment_id
from tests.bench import primitives
from tests.bench.cast import Cast, Member
from tests.bench.load import Latencies
from tests.bench.payments import posted_histories
from tests.bench.table import Row

_RULES = 200
_REGION, _ZONE = "77", ZoneInfo("Europe/Moscow")
_MORNING, _EVENING = time(7, 30), time(19, 45)  # charges are made from 8 to 20: the last quarter's rules are left out
_SIDE_BY_SIDE = 8
_ANNOUNCED_WITHIN_S = 180.0


def rows(cast: Cast) -> Iterator[Row]:
    """Measure; nothing comes after it: the clock is put back, but the members' sessions are of another day then."""
    try:
        morning = next_morning(datetime.now(UTC))
        _move_clock(cast, morning)
        mails = _mails(cast)
        due = _made_rules(cast, evening=_evening_of(morning))
        wait_until(
            lambda: _mails(cast) >= mails + _RULES,
            what="every rule's charge is announced by mail, which is no part of charging",
            timeout_s=_ANNOUNCED_WITHIN_S,
            every_s=1.0,
        )
        bare = primitives.claimed_updates(cast.suite.mongo_url, count=len(due))
        primitive = Row("due documents claimed and updated", bare.rate, bare, None)
        yield primitive
        yield from _charged(cast, due, evening=_evening_of(morning), primitive=primitive)
    finally:
        cast.suite.move_clock(timedelta(0))


def next_morning(now: datetime, /) -> datetime:
    """Return the next moment before charges begin in the region, later than `now`."""
    today = datetime.combine(now.astimezone(_ZONE).date(), _MORNING, _ZONE)
    return today if today > now else today + timedelta(days=1)


def _evening_of(morning: datetime) -> datetime:
    return datetime.combine(morning.date(), _EVENING, _ZONE)


def _move_clock(cast: Cast, moment: datetime) -> None:
    """Let it be a moment for the whole suite."""
    cast.suite.move_clock(timedelta(seconds=int((moment - datetime.now(UTC)).total_seconds())))


def _found_at(cast: Cast, due: list[str]) -> float:
    """Return when a scheduler found the first of the rules, in seconds since the epoch as the suite counts them."""
    with pymongo.MongoClient[dict[str, Any]](cast.suite.mongo_url, tz_aware=True) as client:
        occasions = client[cast.suite.database("payments")]["autopay_occasions"]
        opened: list[datetime] = [row["opened_at"] for row in occasions.find({"_id": {"$in": due}}, {"opened_at": 1})]
    return min(opened).timestamp()


def _made_rules(cast: Cast, *, evening: datetime) -> list[str]:
    """Make rules for today through the public API; return the ids that the decisions will have of those whose minute
    comes before the evening."""
    for member in cast.members:
        member.subscriber.renew()

    def make(share: tuple[Member, list[str]]) -> list[str]:
        member, account_ids = share
        rules = [_rule(member, account_id, day=evening.day) for account_id in account_ids]
        due = [rule["id"] for rule in rules if datetime.fromisoformat(rule["next_charge_at"]) <= evening]
        return [f"{rule_id}:{evening:%Y-%m}" for rule_id in due]

    shares = cast.further_accounts(region=_REGION, count=_RULES)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return [decision_id for of_member in pool.map(make, shares) for decision_id in of_member]


def _mails(cast: Cast) -> int:
    """Return how many mails all members have."""
    return sum(len(cast.mailbox.mails(member.email)) for member in cast.members)


def _rule(member: Member, account_id: str, *, day: int) -> dict[str, str]:
    rule: dict[str, str] = member.subscriber.post(
        "/autopay-rules",
        {
            "billing_account_id": account_id,
            "payment_method_id": member.card_id,
            "trigger": {"kind": "day_of_month", "day": day},
            "amount": {"amount_minor": 10_000, "currency": "RUB"},
        },
    )
    return rule


def _charged(cast: Cast, due: list[str], *, evening: datetime, primitive: Row) -> Iterator[Row]:
    _move_clock(cast, evening)
    histories = posted_histories(cast.suite, [autopay_payment_id(decision_id) for decision_id in due]).values()
    began = _found_at(cast, due)
    for state in ("captured", "posted"):
        times = sorted(history[state] - began for history in histories)
        latencies = Latencies(
            sorted_ms=tuple(time_s * 1000 for time_s in times),
            failures=len(due) - len(times),
            rate=len(times) / times[-1] if times else 0.0,
        )
        yield Row(f"{len(due)} rules due at once to all {state}", latencies.rate, latencies, primitive)
