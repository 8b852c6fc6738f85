"""One set of rules per repository, kept by the fake of the unit tests and by MongoDB alike."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.errors import VersionConflict
from services.identity.adapters.mongo_registrations import MongoRegistrationRepository, ensure_registration_indexes
from services.identity.adapters.mongo_subscribers import (
    MongoSubscriberRepository,
    ensure_subscriber_indexes,
    subscribers_of,
)
from services.identity.domain.ports import (
    RegistrationRepository,
    SubscriberRepository,
)
from services.identity.domain.registration import RegistrationNotFound
from services.identity.domain.subscriber import (
    LoginTaken,
    SocialIdentity,
    SocialIdentityTaken,
    SubscriberNotFound,
)
from tests.identity.builders import (
    ANNA,
    NOON,
    make_registration,
    make_social_subscriber,
    make_subscriber,
)
from tests.identity.fakes import (
    FakeRegistrations,
    FakeSubscribers,
    SettableClock,
)
from tests.support.query_plans import query_plans

Document = dict[str, Any]
both = pytest.mark.parametrize("kind", ["fake", "mongo"])


@pytest.fixture
def clock() -> SettableClock:
    """Noon, until moved."""
    return SettableClock(NOON)


@pytest.fixture
def registrations(kind: str, request: pytest.FixtureRequest, clock: SettableClock) -> RegistrationRepository:
    """The repository under test."""
    if kind == "fake":
        return FakeRegistrations(clock=clock)
    database: Database[Document] = request.getfixturevalue("database")
    ensure_registration_indexes(database)
    return MongoRegistrationRepository(database, owner="a test", clock=clock)


@both
class TestRegistrationRepository:
    """What every `RegistrationRepository` does."""

    def test_returns_what_was_saved(self, registrations: RegistrationRepository) -> None:
        registration = make_registration()

        registrations.save(registration)

        assert registrations.get(registration.registration_id) == registration

    def test_knows_nothing_of_others(self, registrations: RegistrationRepository) -> None:
        with pytest.raises(RegistrationNotFound):
            registrations.get("reg_1")

    def test_of_two_saves_of_one_version_the_second_fails(self, registrations: RegistrationRepository) -> None:
        registration = make_registration()
        registrations.save(registration)
        one, other = (registrations.get(registration.registration_id) for _ in range(2))
        registrations.save(one)

        with pytest.raises(VersionConflict):
            registrations.save(other)

    def test_gives_due_work_to_one_claimer(self, registrations: RegistrationRepository) -> None:
        registration = make_registration()
        registrations.save(registration)

        claimed, second = registrations.claim_due(), registrations.claim_due()

        assert claimed is not None and claimed.registration_id == registration.registration_id
        assert second is None

    def test_a_claim_fences_whoever_read_before(self, registrations: RegistrationRepository) -> None:
        registration = make_registration()
        registrations.save(registration)
        registrations.claim_due()

        with pytest.raises(VersionConflict):
            registrations.save(registration)

    def test_claims_nothing_before_its_time(self, registrations: RegistrationRepository, clock: SettableClock) -> None:
        registrations.save(make_registration(now=NOON + timedelta(seconds=30)))

        assert registrations.claim_due() is None
        clock.move(timedelta(seconds=30))
        assert registrations.claim_due() is not None


@pytest.fixture
def subscribers(kind: str, request: pytest.FixtureRequest, clock: SettableClock) -> SubscriberRepository:
    """The repository under test."""
    if kind == "fake":
        return FakeSubscribers()
    database: Database[Document] = request.getfixturevalue("database")
    ensure_subscriber_indexes(database)
    return MongoSubscriberRepository(database, clock=clock)


@both
class TestSubscriberRepository:
    """What every `SubscriberRepository` does."""

    def test_finds_who_was_saved_by_id_login_and_address(self, subscribers: SubscriberRepository) -> None:
        subscriber = make_subscriber(email="Anna@example.test")

        subscribers.save(subscriber)

        assert subscribers.get(subscriber.subscriber_id) == subscriber
        assert subscribers.find_by_login("anna.petrova") == subscriber
        assert subscribers.find_by_email("ANNA@example.test") == subscriber

    def test_finds_who_enters_by_a_social_account(self, subscribers: SubscriberRepository) -> None:
        subscriber = make_social_subscriber()

        subscribers.save(subscriber)

        assert subscribers.find_by_social_identity(ANNA) == subscriber
        assert subscribers.find_by_social_identity(SocialIdentity(issuer=ANNA.issuer, subject="boris")) is None
        assert subscribers.find_by_social_identity(SocialIdentity(issuer="https://o.test", subject="anna")) is None

    def test_knows_nothing_of_others(self, subscribers: SubscriberRepository) -> None:
        with pytest.raises(SubscriberNotFound):
            subscribers.get("sub_1")
        assert subscribers.find_by_login("anna.petrova") is None
        assert subscribers.find_by_email("anna@example.test") is None

    @pytest.mark.parametrize(
        ("login", "email"), [("anna.petrova", "other@example.test"), ("other.login", "ANNA@EXAMPLE.TEST")]
    )
    def test_a_login_and_an_address_have_one_owner(
        self, subscribers: SubscriberRepository, login: str, email: str
    ) -> None:
        subscribers.save(make_subscriber())

        with pytest.raises(LoginTaken):
            subscribers.save(make_subscriber(login=login, email=email))

    def test_a_social_account_has_one_owner(self, subscribers: SubscriberRepository) -> None:
        subscribers.save(make_social_subscriber())

        with pytest.raises(SocialIdentityTaken):
            subscribers.save(make_social_subscriber())

    def test_any_number_of_people_have_neither_login_nor_address(self, subscribers: SubscriberRepository) -> None:
        for number in range(3):
            identity = SocialIdentity(issuer=ANNA.issuer, subject=str(number))
            subscribers.save(make_social_subscriber(identity=identity))

        for number in range(3):
            subscribers.save(make_subscriber(login=f"login-{number}", email=f"{number}@example.test"))

    def test_of_two_saves_of_one_version_the_second_fails(self, subscribers: SubscriberRepository) -> None:
        subscriber = make_subscriber()
        subscribers.save(subscriber)
        one, other = (subscribers.get(subscriber.subscriber_id) for _ in range(2))
        subscribers.save(one)

        with pytest.raises(VersionConflict):
            subscribers.save(other)

    def test_a_save_takes_the_events_over(self, subscribers: SubscriberRepository) -> None:
        subscriber = make_subscriber()

        subscribers.save(subscriber)

        assert subscriber.pending_events == []


def test_whoever_enters_is_found_by_an_index(database: Database[Document], clock: SettableClock) -> None:
    ensure_subscriber_indexes(database)
    subscribers = MongoSubscriberRepository(database, clock=clock)
    subscribers.save(make_subscriber(email="anna@example.test"))
    subscribers.save(make_social_subscriber())

    with query_plans(database) as plans:
        found = [
            subscribers.find_by_login("anna.petrova"),
            subscribers.find_by_email("anna@example.test"),
            subscribers.find_by_social_identity(ANNA),
        ]

    assert all(found)
    assert plans and all(plan.startswith("IXSCAN") for plan in plans), plans


def test_an_event_is_saved_with_the_subscriber_and_stays_over_later_saves(
    database: Database[Document], clock: SettableClock
) -> None:
    repository = MongoSubscriberRepository(database, clock=clock)
    subscriber = make_subscriber()
    repository.save(subscriber)

    subscriber.rename("Анна")
    repository.save(subscriber)

    document = subscribers_of(database).find_one({"_id": subscriber.subscriber_id})
    assert document is not None
    assert [entry["name"] for entry in document["outbox"]] == ["identity.subscriber_registered.v1"]
    assert (document["version"], document["display_name"]) == (2, "Анна")
