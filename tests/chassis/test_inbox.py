"""One effect per message, whatever happens between the two."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.chassis.events import Envelope
from services.chassis.inbox import Inbox
from tests.chassis.clocks import FakeClock

Document = dict[str, Any]
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
def inbox(database: Database[Document]) -> Inbox:
    subject = Inbox(database, clock=FakeClock(NOW))
    subject.ensure_index()
    return subject


def envelope(message_id: str) -> Envelope:
    return Envelope(message_id=message_id, name="things.happened.v1", occurred_at=NOW, aggregate_id="a", data={})


def test_acts_the_first_time_and_not_the_second(inbox: Inbox, database: Database[Document]) -> None:
    answers = [
        inbox.once(envelope("evt_1"), lambda session: database["effects"].insert_one({}, session=session))
        for _ in range(2)
    ]

    assert answers == [True, False]
    assert database["effects"].count_documents({}) == 1


def test_what_raises_leaves_no_trace_and_may_be_tried_again(inbox: Inbox, database: Database[Document]) -> None:
    def fail(session: ClientSession) -> None:
        database["effects"].insert_one({}, session=session)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        inbox.once(envelope("evt_1"), fail)

    assert database["effects"].count_documents({}) == 0
    assert inbox.once(envelope("evt_1"), lambda session: database["effects"].insert_one({}, session=session))


def test_a_duplicate_of_the_handlers_own_is_its_failure_rather_than_a_message_seen_before(
    inbox: Inbox, database: Database[Document]
) -> None:
    database["effects"].insert_one({"_id": "taken"})

    with pytest.raises(DuplicateKeyError):
        inbox.once(envelope("evt_1"), lambda session: database["effects"].insert_one({"_id": "taken"}, session=session))

    assert inbox.once(envelope("evt_1"), lambda session: None)


def test_forgets_after_thirty_days(inbox: Inbox, database: Database[Document]) -> None:
    inbox.once(envelope("evt_1"), lambda session: None)

    [entry] = database["inbox"].find()
    assert entry == {"_id": "evt_1", "name": "things.happened.v1", "received_at": NOW}
    assert database["inbox"].index_information()["forget"]["expireAfterSeconds"] == 30 * 24 * 3600
