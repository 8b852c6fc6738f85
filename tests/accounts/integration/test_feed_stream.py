"""A region's journal over a real stream: a hundred thousand records, cuts, rivals, poison, strangers."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import feed_pb2
from pymongo.database import Database

from services.accounts.entrypoints import feed_servicer
from services.chassis.clock import SystemClock
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from tests.accounts.integration.cabinet import ANNA, Cabinet, link_request
from tests.accounts.integration.scripted_region import NUMBER
from tests.accounts.integration.test_feed import make_bill_message
from tests.support import eventually
from tests.support.feed_line import JOURNAL, FeedLine, balances, pieces_of

_MANY = 100_000


def _line(cabinet: Cabinet, region: str = "54") -> FeedLine:
    return FeedLine(cabinet.by_service(f"region:{region}").remote)


def _cut_after(
    pieces: Iterator[feed_pb2.StreamFeedRequest], count: int, *, acknowledged: threading.Event
) -> Iterator[feed_pb2.StreamFeedRequest]:
    """Yield as many pieces and, once one of them is acknowledged, break the stream as a line that is lost does."""
    for _ in range(count):
        yield next(pieces)
    assert acknowledged.wait(60)
    raise ConnectionResetError


@pytest.mark.timeout(300)
def test_a_hundred_thousand_records_come_in_though_the_line_is_cut(
    cabinet: Cabinet, database: Database[dict[str, Any]]
) -> None:
    cabinet.linked()
    records = balances(_MANY, as_of=SystemClock().now(), first_number=int(NUMBER))
    line = _line(cabinet)
    acknowledged = threading.Event()

    with pytest.raises(RemoteError):
        for _ in line.stream(_cut_after(pieces_of(records), 50, acknowledged=acknowledged), timeout_s=200):
            acknowledged.set()
    assert 0 < line.position() < _MANY
    answers = list(line.stream(pieces_of(records[line.position() :]), timeout_s=200))

    assert answers[-1].position == line.position() == _MANY
    positions = [answer.position for answer in answers]
    assert positions == sorted(positions)
    assert not any(answer.rejected for answer in answers)
    assert database["snapshots"].count_documents({"balance.value.amount_minor": {"$gte": 100}}) == _MANY
    announced = list(database["snapshots"].find({"outbox._id": {"$exists": True}}, {"outbox": 1}))
    assert [(document["_id"], len(document["outbox"])) for document in announced] == [(f"54:{NUMBER}", 1)]


def test_a_repeated_journal_changes_and_announces_nothing(cabinet: Cabinet, database: Database[dict[str, Any]]) -> None:
    cabinet.linked()
    records = balances(3, as_of=SystemClock().now(), first_number=int(NUMBER))
    line = _line(cabinet)
    line.send(*records)
    before = list(database["snapshots"].find())

    (again,) = line.send(*records)
    (restored,) = line.send(*records, journal_id="restored")

    assert (again.position, restored.position) == (3, 3)
    assert list(database["snapshots"].find()) == before


def test_each_piece_is_acknowledged_while_the_stream_goes_on(cabinet: Cabinet) -> None:
    records = balances(2, as_of=SystemClock().now())
    acknowledged = threading.Event()

    def pieces() -> Iterator[feed_pb2.StreamFeedRequest]:
        yield feed_pb2.StreamFeedRequest(journal_id=JOURNAL, records=records[:1])
        assert acknowledged.wait(60)
        yield feed_pb2.StreamFeedRequest(journal_id=JOURNAL, records=records[1:])

    answers = _line(cabinet).stream(pieces())

    assert next(answers).position == 1
    acknowledged.set()
    assert [answer.position for answer in answers] == [2]


def test_the_stream_opened_last_counts_and_the_older_one_is_told(cabinet: Cabinet) -> None:
    records = balances(3, as_of=SystemClock().now())
    superseded = threading.Event()

    def older() -> Iterator[feed_pb2.StreamFeedRequest]:
        yield feed_pb2.StreamFeedRequest(journal_id=JOURNAL, records=records[:1])
        assert superseded.wait(60)
        yield feed_pb2.StreamFeedRequest(journal_id=JOURNAL, records=records[1:2])

    answers = _line(cabinet).stream(older())
    next(answers)
    (newer,) = _line(cabinet).send(records[2])
    superseded.set()

    with pytest.raises(RemoteError) as refused:
        next(answers)
    assert (refused.value.kind, refused.value.reason) == (Kind.ABORTED, "FEED_STREAM_SUPERSEDED")
    assert newer.position == _line(cabinet).position() == 3


def test_poison_is_put_aside_and_told_and_its_neighbours_come_in(
    cabinet: Cabinet, database: Database[dict[str, Any]]
) -> None:
    first, future, unset, last = balances(4, as_of=SystemClock().now())
    future.balance.as_of.seconds = 9_000_000_000
    unset.balance.ClearField("as_of")
    bill = feed_pb2.FeedRecord(position=5, bill=make_bill_message())
    wrong = feed_pb2.FeedRecord(position=6, bill=make_bill_message(bill_number="wrong", amount_due=_rub(1)))
    other = feed_pb2.FeedRecord(position=7, bill=make_bill_message(payer_name="Петров"))
    huge = feed_pb2.FeedRecord(position=8, balance=last.balance)
    huge.balance.balance.amount_minor = -(2**63)
    nothing = feed_pb2.FeedRecord(position=9)
    absurd = feed_pb2.FeedRecord(position=10, balance=last.balance)
    absurd.balance.as_of.CopyFrom(Timestamp(seconds=2**62))

    (answer,) = _line(cabinet).send(first, future, unset, last, bill, wrong, other, huge, nothing, absurd)

    assert answer.position == 10
    assert [(rejected.position, rejected.reason) for rejected in answer.rejected] == [
        (2, "FEED_RECORD_INVALID"),
        (3, "FEED_RECORD_INVALID"),
        (6, "BILL_DOES_NOT_ADD_UP"),
        (7, "BILL_REVISION_REUSED"),
        (8, "AMOUNT_OUT_OF_RANGE"),
        (9, "FEED_RECORD_INVALID"),
        (10, "FEED_RECORD_INVALID"),
    ]
    assert database["snapshots"].count_documents({}) == 2
    assert database["regional_bills"].count_documents({}) == 1
    assert database["feed_rejections"].count_documents({"region": "54", "journal_id": JOURNAL}) == 7


def test_a_region_speaks_of_its_own_accounts_and_journal_only(cabinet: Cabinet) -> None:
    cabinet.linked()
    records = balances(1, as_of=SystemClock().now(), first_number=int(NUMBER))

    _line(cabinet, "77").send(*records)

    assert _line(cabinet, "54").position() == 0
    assert _line(cabinet, "77").position() == 1
    shown = cabinet.by(ANNA).accounts("LinkBillingAccount", link_request()).billing_account
    assert not shown.balance.HasField("value")


@pytest.mark.parametrize("caller", ["payments", "gateway"])
def test_nobody_else_speaks_for_a_region(cabinet: Cabinet, caller: str) -> None:
    line = FeedLine(cabinet.by_service(caller).remote)

    with pytest.raises(RemoteError) as refused:
        line.send(*balances(1, as_of=SystemClock().now()))

    assert refused.value.reason == "CALLER_NOT_ALLOWED"


def test_a_backward_position_ends_the_stream_with_what_came_before_it_stored(cabinet: Cabinet) -> None:
    first, second = balances(2, as_of=SystemClock().now())
    line = _line(cabinet)

    with pytest.raises(RemoteError) as refused:
        line.send(second, first)

    assert (refused.value.kind, refused.value.reason) == (Kind.INVALID, "FEED_POSITION_INVALID")
    assert line.position() == 2


class TestEnds:
    """When the server ends a stream by itself: with OK, and with all that was acknowledged stored."""

    @pytest.mark.parametrize("overrides", [{"feed_idle_s": 0.3}])
    def test_an_idle_stream_is_ended(self, cabinet: Cabinet) -> None:
        never = threading.Event()

        def pieces() -> Iterator[feed_pb2.StreamFeedRequest]:
            yield from pieces_of(balances(1, as_of=SystemClock().now()))
            never.wait(60)

        answers = eventually(lambda: list(_line(cabinet).stream(pieces())))  # one without a piece in time is idle, too
        never.set()

        assert [answer.position for answer in answers] == [1]

    def test_a_busy_stream_is_ended_before_its_deadline(
        self, cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feed_servicer, "_RESERVE_S", 8)
        records = balances(1, as_of=SystemClock().now())

        def pieces() -> Iterator[feed_pb2.StreamFeedRequest]:
            for _ in range(1_000_000):  # the same journal again and again, for as long as it is taken
                yield feed_pb2.StreamFeedRequest(journal_id=JOURNAL, records=records[-1:])

        answers = eventually(lambda: list(_line(cabinet).stream(pieces(), timeout_s=10)))

        assert answers[-1].position == records[-1].position


def _rub(kopecks: int) -> money_pb2.Money:
    return money_pb2.Money(amount_minor=kopecks, currency="RUB")
