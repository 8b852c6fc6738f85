"""The habits of a bad billing system: each profile spoils what it says it spoils, and nothing stays of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kabinet.regional.v1 import billing_pb2

from tests.sandbox.feed_receiver import FeedReceiver
from tests.sandbox.regions import ADVANCE, Cabinet, Region
from tests.support import eventually


def _account(cabinet: Cabinet, number: str = ADVANCE) -> Any:
    return cabinet.call(cabinet.billing.GetAccount, billing_pb2.GetAccountRequest(number=number))


def _age(cabinet: Cabinet) -> timedelta:
    as_of: datetime = _account(cabinet).as_of.ToDatetime(tzinfo=UTC)
    return datetime.now(UTC) - as_of


@pytest.mark.parametrize(("profile", "hours"), [("stale", 72), ("clock_ahead", -0.25), ("clock_behind", 0.25)])
def test_tells_another_time_than_it_is(region: Region, cabinet: Cabinet, profile: str, hours: float) -> None:
    region.turn_on_profile(profile)

    assert abs(_age(cabinet) - timedelta(hours=hours)) < timedelta(minutes=1)


def test_misreads_its_own_letters(region: Region, cabinet: Cabinet) -> None:
    right = _account(cabinet).tariff_plan.name
    region.turn_on_profile("cp1251")

    wrong = _account(cabinet).tariff_plan.name

    assert wrong != right
    assert wrong.startswith("РўСЂРёРѕ")


def test_leaves_out_what_it_has_not_written_yet(region: Region, cabinet: Cabinet) -> None:
    region.turn_on_profile("half_written")

    account = _account(cabinet)

    assert account.HasField("balance")
    assert not account.HasField("tariff_plan")
    assert account.billing_mode == billing_pb2.BILLING_MODE_UNSPECIFIED


def test_forgets_the_currency_of_nothing(region: Region, cabinet: Cabinet) -> None:
    region.control("accounts", {"first_number": 5_400_900_001, "count": 1, "balance_minor": 0})
    region.turn_on_profile("negative_zero")

    assert _account(cabinet, "5400900001").balance.currency == ""
    assert _account(cabinet).balance.currency == "RUB"


def test_tells_all_news_twice(region: Region, cabinet: Cabinet, feed: FeedReceiver) -> None:
    eventually(lambda: feed.balances)
    region.turn_on_profile("duplicates")

    cabinet.post("pay_1")
    balance = cabinet.balance(ADVANCE)

    eventually(lambda: [record.balance.balance.amount_minor for record in feed.sent[-2:]] == [balance] * 2)
    assert feed.sent[-1] == feed.sent[-2]


def test_writes_its_journal_in_reverse_and_loses_nothing_of_it(
    region: Region, cabinet: Cabinet, feed: FeedReceiver
) -> None:
    eventually(lambda: feed.balances)
    feed.refusing = True
    cabinet.post("pay_0")
    eventually(lambda: not feed.open_streams)
    region.turn_on_profile("reordering")
    for number in range(1, 4):
        cabinet.post(f"pay_{number}")
    known = feed.position

    feed.takes_at_once = 3
    feed.refusing = False

    eventually(lambda: feed.position == known + 4)
    times = [record.as_of.ToDatetime() for record in feed.balances[-4:]]
    assert times != sorted(times)  # in one piece, or in two when it had begun to send before the last one was written
    assert len({record.balance.amount_minor for record in feed.balances[-4:]}) == 4


def test_comes_through_though_each_stream_breaks_after_a_piece(
    region: Region, cabinet: Cabinet, feed: FeedReceiver
) -> None:
    eventually(lambda: feed.balances)
    region.turn_on_profile("cut_streams")

    for number in range(3):
        cabinet.post(f"pay_{number}")
        eventually(lambda: feed.balances[-1].balance.amount_minor == cabinet.balance(ADVANCE))

    assert sorted(feed.records) == list(range(1, feed.position + 1))
    assert feed.streams > 1


def test_is_sound_again_when_the_profile_is_off(region: Region, cabinet: Cabinet) -> None:
    right = _account(cabinet).tariff_plan
    region.turn_on_profile("half_written")

    region.turn_on_profile("")

    assert _account(cabinet).tariff_plan == right


def test_keeps_its_habits_over_a_kill(region: Region, cabinet: Cabinet) -> None:
    region.turn_on_profile("stale")
    region.program.kill()

    region.program.start()

    assert _age(cabinet) > timedelta(days=2)


def test_has_the_habits_that_its_settings_say(tmp_path: Path, feed: FeedReceiver) -> None:
    region = Region(folder=tmp_path, feed=feed, REGION_PROFILE="stale")
    region.program.start()
    cabinet = Cabinet(address=region.address, key=region.key, clock=region.clock)

    try:
        assert _age(cabinet) > timedelta(days=2)
    finally:
        cabinet.close()
        region.program.stop()


def test_refuses_an_unknown_profile(region: Region) -> None:
    assert region.turn_on_profile("sloppy").status_code == 400
