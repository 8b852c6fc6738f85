"""The part of the composition that both roles share: MongoDB and what is kept there. Knows neither gRPC nor pika."""

from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from services.chassis.clock import Clock, build_clock
from services.chassis.ids import new_id
from services.chassis.mongo import connect
from services.identity.adapters.mongo_registrations import MongoRegistrationRepository, ensure_registration_indexes
from services.identity.adapters.mongo_sessions import MongoSessionRepository, ensure_session_indexes
from services.identity.adapters.mongo_social_logins import MongoSocialLoginRepository, ensure_social_login_indexes
from services.identity.adapters.mongo_subscribers import MongoSubscriberRepository, ensure_subscriber_indexes
from services.identity.adapters.mongo_throttle import MongoThrottle
from services.identity.config import Settings

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that identity keeps."""

    clock: Clock
    owner: str
    client: MongoClient[Document]
    database: Database[Document]
    registrations: MongoRegistrationRepository
    subscribers: MongoSubscriberRepository
    sessions: MongoSessionRepository
    social_logins: MongoSocialLoginRepository
    throttle: MongoThrottle

    def close(self) -> None:
        """Close the connections."""
        self.throttle.close()
        self.client.close()


def open_stores(settings: Settings, /, *, role: str) -> Stores:
    """Return the repositories with their indexes made (idempotent)."""
    clock = build_clock(settings.clock_file)
    owner = new_id(role)
    client = connect(settings.mongo_url, app_name=f"identity-{role}")
    database = client[settings.mongo_database]
    _ensure_indexes(database)
    return Stores(
        clock=clock,
        owner=owner,
        client=client,
        database=database,
        registrations=MongoRegistrationRepository(database, owner=owner, clock=clock),
        subscribers=MongoSubscriberRepository(database, clock=clock),
        sessions=MongoSessionRepository(database),
        social_logins=MongoSocialLoginRepository(database),
        throttle=MongoThrottle(mongo_url=settings.mongo_url, database=settings.mongo_database),
    )


def _ensure_indexes(database: Database[Document]) -> None:
    ensure_registration_indexes(database)
    ensure_subscriber_indexes(database)
    ensure_session_indexes(database)
    ensure_social_login_indexes(database)
