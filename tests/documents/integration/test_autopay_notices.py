"""Mails about automatic charges on real servers: one of each, with what is so when it is sent, to whom it concerns."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kabinet.common.v1 import money_pb2
from kabinet.identity.v1 import identity_pb2
from kabinet.payments.v1 import autopay_pb2

from services.chassis.clock import SystemClock
from services.chassis.events import encode
from services.chassis.ids import new_id
from services.chassis.publisher import OutgoingMessage, Publisher, exchange_of
from services.documents.domain.autopay_notice import AutopayNotice, NoticeKind, NoticeState
from tests.documents.conftest import World
from tests.support import eventually
from tests.support.servers import Server

MARIA = "sub_" + "1" * 32
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


def make_notice(kind: NoticeKind = NoticeKind.ANNOUNCED, **fields: object) -> AutopayNotice:
    decision_id = f"{new_id('aru')}:2026-12"
    now = SystemClock().now()
    defaults: dict[str, object] = {
        "notice_id": f"{decision_id}:{kind.value}",
        "kind": kind,
        "decision_id": decision_id,
        "subscriber_id": MARIA,
        "billing_account_id": "acc_" + "1" * 32,
        "created_at": now,
        "due_at": now,
    }
    return AutopayNotice(**defaults | fields)  # type: ignore[arg-type]


def announce(world: World, *, kopecks: int | None = 50_000) -> AutopayNotice:
    notice = make_notice()
    answer = autopay_pb2.GetAutopayNoticeResponse(
        subscriber_id=MARIA,
        local_date="2026-12-01",
        at_most=money_pb2.Money(amount_minor=kopecks or 70_000, currency="RUB"),
        card_last4="2987",
        skip_token="token-to-skip",
        pay_now_token="token-to-pay",
        stop_token="token-to-stop",
    )
    if kopecks:
        answer.amount.CopyFrom(answer.at_most)
    world.charges.coming[notice.decision_id] = answer
    return notice


def letters(world: World) -> list[tuple[str, str]]:
    return [(str(message["Subject"]), message.get_content()) for message in world.mail.messages]


def reaches(world: World, notice: AutopayNotice, state: NoticeState) -> AutopayNotice:
    def there() -> AutopayNotice:
        stored = world.stores.autopay_notices.get(notice.notice_id)
        assert stored is not None and stored.state is state, stored and stored.state
        return stored

    return eventually(there, timeout_s=60)


@pytest.mark.usefixtures("dispatcher")
def test_mails_a_coming_charge_with_its_three_links(world: World) -> None:
    notice = announce(world)

    world.stores.autopay_notices.add(notice)
    reaches(world, notice, NoticeState.SENT)

    [(subject, body)] = letters(world)
    assert "01.12.2026" in subject and "500,00" in subject
    for token in ("token-to-skip", "token-to-pay", "token-to-stop"):
        assert f"https://kabinet.example/autopay-links/{token}" in body.splitlines()
    assert "•• 2987" in body
    assert world.mail.recipients == ["maria@example.com"]


@pytest.mark.usefixtures("dispatcher")
def test_says_at_most_where_the_sum_is_not_known_in_the_language_of_the_subscriber(world: World) -> None:
    world.neighbourhood.contacts[MARIA] = identity_pb2.GetContactResponse(email="maria@example.com", language="en")
    notice = announce(world, kopecks=None)

    world.stores.autopay_notices.add(notice)
    reaches(world, notice, NoticeState.SENT)

    [(subject, _body)] = letters(world)
    assert "at most 700,00" in subject


@pytest.mark.usefixtures("dispatcher")
def test_says_nothing_of_a_charge_that_will_not_be_or_to_whom_nobody_can_write(world: World) -> None:
    out_of_date, nobody = make_notice(), announce(world)
    gone = make_notice(NoticeKind.HELD, subscriber_id="sub_gone", lapses_at=NOW)
    world.neighbourhood.contacts["sub_gone"] = None
    world.neighbourhood.contacts[MARIA] = identity_pb2.GetContactResponse(email="", language="ru")

    for notice in (out_of_date, nobody, gone):
        world.stores.autopay_notices.add(notice)
    for notice in (out_of_date, nobody, gone):
        reaches(world, notice, NoticeState.CANCELLED)

    assert world.mail.messages == []


@pytest.mark.usefixtures("dispatcher")
@pytest.mark.parametrize(
    ("decline_class", "next_try_at", "says"),
    [
        ("money", NOW + timedelta(days=1), "28.11.2026"),
        ("customer_must_act", None, "/accounts/acc_" + "1" * 32 + "/pay"),
        ("dead_token", None, "остановили автоплатёж"),
        ("a_class_of_tomorrow", None, "причину банк не назвал"),
    ],
)
def test_mails_why_a_charge_was_declined_and_what_comes_next(
    world: World, decline_class: str, next_try_at: datetime | None, says: str
) -> None:
    notice = make_notice(NoticeKind.DECLINED, decline_class=decline_class, next_try_at=next_try_at)

    world.stores.autopay_notices.add(notice)
    reaches(world, notice, NoticeState.SENT)

    [(_subject, body)] = letters(world)
    assert says in body
    assert f"https://kabinet.example/autopay/{notice.decision_id.partition(':')[0]}" in body


@pytest.mark.usefixtures("dispatcher")
def test_a_mail_that_may_have_been_taken_is_not_sent_again(world: World) -> None:
    world.mail.script = ["hang up"]
    notice = make_notice(NoticeKind.HELD, lapses_at=NOW)

    world.stores.autopay_notices.add(notice)
    reaches(world, notice, NoticeState.UNCERTAIN)

    assert len(world.mail.messages) == 1


@pytest.mark.usefixtures("dispatcher")
def test_a_refused_address_is_given_up(world: World) -> None:
    world.mail.script = ["refuse"]
    notice = make_notice(NoticeKind.HELD, lapses_at=NOW)

    world.stores.autopay_notices.add(notice)

    reaches(world, notice, NoticeState.GIVEN_UP)


@pytest.fixture
def worker(world: World, tmp_path: Path) -> Iterator[None]:
    server = Server(
        [sys.executable, "-m", "services.documents", "worker"],
        log=tmp_path / "worker.log",
        environment=dict(os.environ) | world.environment,
    )
    server.start()
    yield
    server.stop()


@pytest.mark.usefixtures("dispatcher", "worker")
def test_an_event_that_comes_three_times_is_one_mail_and_each_try_has_its_own(world: World) -> None:
    decision_id = f"{new_id('aru')}:2026-12"
    ids = {"decision_id": decision_id, "subscriber_id": MARIA, "billing_account_id": "acc_" + "1" * 32}
    times = {"declined_at": "2026-11-27T09:00:00.000Z", "next_try_at": "2026-11-28T15:00:00.000Z"}
    facts = {**ids, **times, "decline_class": "money", "time_zone": "Asia/Vladivostok"}
    tries: list[dict[str, object]] = [{**facts, "try_number": number} for number in (1, 2)]
    publisher = Publisher(world.environment["AMQP_URL"], exchange=exchange_of("payments"))

    def both_are_mailed() -> bool:
        """Tell it all each time: what comes before the queue is bound is lost, what comes twice is known."""
        publisher.publish([message(f"evt_{one['try_number']}", one) for one in tries * 3])
        return len(world.mail.messages) >= 2

    eventually(both_are_mailed, timeout_s=90, every_s=0.3)
    both_are_mailed()
    publisher.close()

    eventually(lambda: world.database["autopay_notices"].count_documents({"state": "sent"}) == 2, timeout_s=60)
    assert len(world.mail.messages) == 2
    assert all("29.11.2026." in body for _subject, body in letters(world))  # it is past midnight there


def message(message_id: str, data: dict[str, object]) -> OutgoingMessage:
    name = "payments.autopay_charge_declined.v1"
    entry = {"_id": message_id, "name": name, "aggregate_id": "aru_1", "occurred_at": NOW, "data": data}
    return OutgoingMessage(message_id=message_id, name=name, body=encode(entry))
