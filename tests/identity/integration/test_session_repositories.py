"""One set of rules per repository of sessions and logins under way, kept by fake and MongoDB alike."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.errors import VersionConflict
from services.identity.adapters.mongo_registrations import ensure_registration_indexes
from services.identity.adapters.mongo_sessions import MongoSessionRepository, ensure_session_indexes
from services.identity.adapters.mongo_social_logins import MongoSocialLoginRepository, ensure_social_login_indexes
from services.identity.domain.ports import SessionRepository, SocialLoginRepository
from services.identity.domain.session import MOST_OPEN, SessionNotFound
from services.identity.domain.social_login import SocialLoginNotFound
from tests.identity.builders import NOON, make_session, make_social_login, make_subscriber
from tests.identity.fakes import FakeSessions, FakeSocialLogins

Document = dict[str, Any]
both = pytest.mark.parametrize("kind", ["fake", "mongo"])


@pytest.fixture
def sessions(kind: str, request: pytest.FixtureRequest) -> SessionRepository:
    """The repository under test."""
    if kind == "fake":
        return FakeSessions()
    database: Database[Document] = request.getfixturevalue("database")
    ensure_session_indexes(database)
    return MongoSessionRepository(database)


@both
class TestSessionRepository:
    """What every `SessionRepository` does."""

    def test_returns_what_was_saved(self, sessions: SessionRepository) -> None:
        session = make_session()
        session.rotate("second", now=NOON + timedelta(minutes=1))

        sessions.save(session)

        assert sessions.get(session.session_id) == session

    def test_knows_nothing_of_others(self, sessions: SessionRepository) -> None:
        with pytest.raises(SessionNotFound):
            sessions.get("ses_1")

    def test_of_two_saves_of_one_version_the_second_fails(self, sessions: SessionRepository) -> None:
        session = make_session()
        sessions.save(session)
        one, other = (sessions.get(session.session_id) for _ in range(2))
        sessions.save(one)

        with pytest.raises(VersionConflict):
            sessions.save(other)

    def test_lists_the_open_ones_of_one_subscriber_newest_first(self, sessions: SessionRepository) -> None:
        subscriber = make_subscriber()
        mine = subscriber.subscriber_id
        older = make_session(subscriber_id=mine)
        newer = make_session(subscriber_id=mine, now=NOON + timedelta(minutes=1))
        ended = make_session(subscriber_id=mine)
        expired = make_session(subscriber_id=mine, now=NOON - timedelta(days=31))
        ended.end(now=NOON)
        for session in (older, newer, ended, expired, make_session(subscriber_id="sub_2")):
            sessions.save(session)

        listed = sessions.list_open(subscriber, now=NOON)

        assert listed == [newer, older]

    def test_lists_what_the_credentials_in_force_admit_however_many_newer_ones_they_do_not(
        self, sessions: SessionRepository
    ) -> None:
        subscriber = make_subscriber()
        kept, *others = (
            make_session(subscriber_id=subscriber.subscriber_id, now=NOON + timedelta(minutes=number))
            for number in range(MOST_OPEN + 1)
        )
        for session in (kept, *others):
            sessions.save(session)
        subscriber.change_password("another", session_id=kept.session_id)

        assert sessions.list_open(subscriber, now=NOON) == [kept]

    def test_lists_a_hundred_and_what_is_beyond_them(self, sessions: SessionRepository) -> None:
        subscriber = make_subscriber()
        all_of_them = [
            make_session(subscriber_id=subscriber.subscriber_id, now=NOON + timedelta(minutes=number))
            for number in range(MOST_OPEN + 2)
        ]
        for session in all_of_them:
            sessions.save(session)

        assert sessions.list_open(subscriber, now=NOON) == all_of_them[:1:-1]
        assert sessions.list_open(subscriber, now=NOON, beyond=MOST_OPEN) == [all_of_them[1], all_of_them[0]]


@pytest.fixture
def logins(kind: str, request: pytest.FixtureRequest) -> SocialLoginRepository:
    """The repository under test."""
    if kind == "fake":
        return FakeSocialLogins()
    database: Database[Document] = request.getfixturevalue("database")
    ensure_social_login_indexes(database)
    return MongoSocialLoginRepository(database)


@both
class TestSocialLoginRepository:
    """What every `SocialLoginRepository` does."""

    def test_finds_what_was_saved_by_id_and_by_state(self, logins: SocialLoginRepository) -> None:
        login = make_social_login()

        logins.save(login)

        assert logins.get(login.social_login_id) == logins.get_by_state("state") == login

    def test_knows_nothing_of_others(self, logins: SocialLoginRepository) -> None:
        with pytest.raises(SocialLoginNotFound):
            logins.get("soc_1")
        with pytest.raises(SocialLoginNotFound):
            logins.get_by_state("state")

    def test_of_two_saves_of_one_version_the_second_fails(self, logins: SocialLoginRepository) -> None:
        login = make_social_login()
        logins.save(login)
        one, other = (logins.get(login.social_login_id) for _ in range(2))
        logins.save(one)

        with pytest.raises(VersionConflict):
            logins.save(other)


@pytest.mark.parametrize(
    ("ensure", "collection"),
    [
        (ensure_registration_indexes, "registrations"),
        (ensure_session_indexes, "sessions"),
        (ensure_social_login_indexes, "social_logins"),
    ],
)
def test_what_is_over_vanishes_by_itself(
    database: Database[Document], ensure: Callable[[Database[Document]], None], collection: str
) -> None:
    ensure(database)
    ensure(database)

    expiring = [index for index in database[collection].index_information().values() if "expireAfterSeconds" in index]
    assert [index["key"] for index in expiring] == [[("purge_at", 1)]]
