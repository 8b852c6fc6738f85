"""Dict-backed stand-ins for identity's ports; the repositories among them pass the same tests as the real ones."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.identity.domain.ports import AccessToken, Delivery
from services.identity.domain.registration import LetterDue, Registration, RegistrationNotFound
from services.identity.domain.session import MOST_OPEN, Session, SessionNotFound
from services.identity.domain.social_account import ProviderName, SocialAccount
from services.identity.domain.social_login import SocialLogin, SocialLoginNotFound, SocialProviderNotFound
from services.identity.domain.subscriber import (
    LoginTaken,
    SocialIdentity,
    SocialIdentityTaken,
    Subscriber,
    SubscriberNotFound,
)

Aggregate = TypeVar("Aggregate", Registration, Subscriber, Session, SocialLogin)


@dataclass(slots=True)
class SettableClock:
    """A clock that stands still until it is moved."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def move(self, by: timedelta, /) -> None:
        self.moment += by


class _Versioned(Generic[Aggregate]):
    """Keeps copies, and minds versions as MongoDB does."""

    def __init__(self) -> None:
        self.kept: dict[str, Aggregate] = {}

    def find(self, key: str) -> Aggregate | None:
        return copy.deepcopy(self.kept.get(key))

    def put(self, key: str, aggregate: Aggregate) -> None:
        stored = self.kept.get(key)
        if (stored.version if stored else 0) != aggregate.version:
            raise VersionConflict("Somebody else changed it at the same moment.", id=key)
        aggregate.version += 1
        self.kept[key] = copy.deepcopy(aggregate)


class FakeRegistrations:
    """`RegistrationRepository`; a claim moves the version, and leases never run out."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._all = _Versioned[Registration]()
        self._leased: set[str] = set()

    def get(self, registration_id: str, /) -> Registration:
        found = self._all.find(registration_id)
        if found is None:
            raise RegistrationNotFound("There is no registration to confirm.")
        return found

    def save(self, registration: Registration, /) -> None:
        self._all.put(registration.registration_id, registration)
        self._leased.discard(registration.registration_id)

    def claim_due(self) -> Registration | None:
        for key, registration in self._all.kept.items():
            is_due = registration.due_at is not None and registration.due_at <= self._clock.now()
            if is_due and key not in self._leased:
                registration.version += 1
                self._leased.add(key)
                return copy.deepcopy(registration)
        return None


class FakeSubscribers:
    """`SubscriberRepository`, with the unique keys of the real one."""

    def __init__(self) -> None:
        self._all = _Versioned[Subscriber]()
        self.announced: list[object] = []

    def get(self, subscriber_id: str, /) -> Subscriber:
        found = self._all.find(subscriber_id)
        if found is None:
            raise SubscriberNotFound("There is no such subscriber.")
        return found

    def find_by_login(self, login: str, /) -> Subscriber | None:
        return self._first(lambda each: each.login == login)

    def find_by_email(self, email: str, /) -> Subscriber | None:
        return self._first(lambda each: (each.email or "").casefold() == email.casefold())

    def find_by_social_identity(self, identity: SocialIdentity, /) -> Subscriber | None:
        return self._first(lambda each: any(linked.identity == identity for linked in each.social_identities))

    def save(self, subscriber: Subscriber, /) -> None:
        self._check_unique(subscriber)
        events = list(subscriber.pending_events)
        subscriber.pending_events.clear()
        self._all.put(subscriber.subscriber_id, subscriber)
        self.announced += events

    def _check_unique(self, subscriber: Subscriber) -> None:
        others = [each for key, each in self._all.kept.items() if key != subscriber.subscriber_id]
        for other in others:
            if subscriber.login is not None and other.login == subscriber.login:
                raise LoginTaken
            if subscriber.email is not None and (other.email or "").casefold() == subscriber.email.casefold():
                raise LoginTaken
            if {each.identity for each in other.social_identities} & {
                each.identity for each in subscriber.social_identities
            }:
                raise SocialIdentityTaken

    def _first(self, matches: Callable[[Subscriber], bool]) -> Subscriber | None:
        found = [each for each in self._all.kept.values() if matches(each)]
        return copy.deepcopy(found[0]) if found else None


class FakeSessions:
    """`SessionRepository`."""

    def __init__(self) -> None:
        self._all = _Versioned[Session]()

    def get(self, session_id: str, /) -> Session:
        found = self._all.find(session_id)
        if found is None:
            raise SessionNotFound("There is no such session.")
        return found

    def save(self, session: Session, /) -> None:
        self._all.put(session.session_id, session)

    def list_open(self, subscriber: Subscriber, /, *, now: datetime, beyond: int = 0) -> Sequence[Session]:
        mine = [each for each in self._all.kept.values() if each.subscriber_id == subscriber.subscriber_id]
        going_on = [each for each in mine if each.is_open(now=now) and subscriber.admits(each)]
        newest_first = sorted(going_on, key=lambda each: (each.created_at, each.session_id), reverse=True)
        return copy.deepcopy(newest_first[beyond : beyond + MOST_OPEN])


class FakeSocialLogins:
    """`SocialLoginRepository`."""

    def __init__(self) -> None:
        self._all = _Versioned[SocialLogin]()

    def get(self, social_login_id: str, /) -> SocialLogin:
        found = self._all.find(social_login_id)
        if found is None:
            raise SocialLoginNotFound
        return found

    def get_by_state(self, state_hash: str, /) -> SocialLogin:
        for login in self._all.kept.values():
            if login.state_hash == state_hash:
                return copy.deepcopy(login)
        raise SocialLoginNotFound

    def save(self, login: SocialLogin, /) -> None:
        self._all.put(login.social_login_id, login)


@dataclass(slots=True)
class CountingHasher:
    """`PasswordHasher` that hashes by a prefix and counts what would have cost time."""

    parameters: str = "v1"
    work: int = 0

    def hash(self, password: str, /) -> str:
        self.work += 1
        return f"{self.parameters}:{password}"

    def matches(self, password: str, password_hash: str | None, /) -> bool:
        self.work += 1
        return password_hash is not None and password_hash.partition(":")[2] == password

    def is_outdated(self, password_hash: str, /) -> bool:
        return not password_hash.startswith(f"{self.parameters}:")


@dataclass(slots=True)
class FakeThrottle:
    """`Throttle` with windows that never end: `3/day` is three."""

    hits: dict[tuple[str, ...], int] = field(default_factory=dict)

    def hit(self, rate: str, /, *key: str) -> int | None:
        self.hits[rate, *key] = self.hits.get((rate, *key), 0) + 1
        return 60 if self.hits[rate, *key] > int(rate.partition("/")[0]) else None

    def forget(self, rate: str, /, *key: str) -> None:
        self.hits.pop((rate, *key), None)


class FakeAccessTokens:
    """`AccessTokens` that can be read by eye."""

    def issue(self, *, subscriber_id: str, session_id: str, now: datetime) -> AccessToken:
        return AccessToken(text=f"{subscriber_id} in {session_id}", expires_at=now + timedelta(minutes=5))

    def json_web_key_set(self) -> str:
        return '{"keys": []}'


@dataclass(slots=True)
class FakePostman:
    """`Postman` that keeps what it was given, and answers as it is told."""

    outcome: Delivery = Delivery.TAKEN
    letters: list[tuple[LetterDue, str, dict[str, str]]] = field(default_factory=list)

    def deliver(self, letter: LetterDue, /, *, reference: str, values: Mapping[str, str]) -> Delivery:
        self.letters.append((letter, reference, dict(values)))
        return self.outcome


@dataclass(slots=True)
class FakeProviders:
    """`SocialProviders` with one network, at which everybody is the same account."""

    account: SocialAccount
    redeemed: list[str] = field(default_factory=list)

    def names(self) -> Sequence[ProviderName]:
        return [ProviderName(provider="demo-id", name="Demo")]

    def authorization_url(self, provider: str, /, *, state: str, nonce: str, verifier: str, return_url: str) -> str:
        if provider != "demo-id":
            raise SocialProviderNotFound("There is no such social network here.")
        return f"https://social.example/authorize?state={state}"

    def redeem(self, provider: str, /, *, code: str, nonce: str, verifier: str, return_url: str) -> SocialAccount:
        self.redeemed.append(code)
        return self.account
