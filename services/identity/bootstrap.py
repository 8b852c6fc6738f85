"""Composition root: settings in, use cases and loops out; the only place that picks adapters."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from joserfc.jwk import KeySet, OKPKey
from pymongo.database import Database

from services.chassis.changes import ChangeStreamWaker
from services.chassis.clock import Clock, SystemClock, build_clock
from services.chassis.ids import new_id
from services.chassis.leases import LeaderLease
from services.chassis.loops import Dispatcher, DispatcherLoop
from services.chassis.mail import Mailer
from services.chassis.mongo import connect
from services.chassis.outbox import Relay
from services.chassis.publisher import Publisher, exchange_of
from services.chassis.tokens import load_private_key, load_trusted_keys
from services.identity.adapters.argon2_passwords import Argon2PasswordHasher
from services.identity.adapters.jwt_access_tokens import JwtAccessTokens
from services.identity.adapters.letter_texts import LetterTexts
from services.identity.adapters.mongo_registrations import MongoRegistrationRepository, ensure_registration_indexes
from services.identity.adapters.mongo_sessions import MongoSessionRepository, ensure_session_indexes
from services.identity.adapters.mongo_social_logins import MongoSocialLoginRepository, ensure_social_login_indexes
from services.identity.adapters.mongo_subscribers import (
    MongoSubscriberRepository,
    ensure_subscriber_indexes,
    subscribers_of,
)
from services.identity.adapters.mongo_throttle import MongoThrottle
from services.identity.adapters.oidc_providers import OidcProvider, OidcProviders
from services.identity.adapters.smtp_postman import SmtpPostman
from services.identity.application.advance_registration import AdvanceRegistration
from services.identity.application.change_password import ChangePassword
from services.identity.application.complete_social_login import CompleteSocialLogin
from services.identity.application.confirm_registration import ConfirmRegistration
from services.identity.application.create_session import CreateSession
from services.identity.application.derived_secrets import DerivedSecrets
from services.identity.application.manage_sessions import EndSession, ListSessions
from services.identity.application.open_session import OpenSession, TokenPair
from services.identity.application.profile import GetContact, GetProfile, UpdateProfile
from services.identity.application.refresh_session import RefreshSession
from services.identity.application.refresh_tokens import RefreshTokens
from services.identity.application.settle_registration import SettleRegistration
from services.identity.application.signed_in import SignedIn
from services.identity.application.start_registration import StartRegistration
from services.identity.application.start_social_login import StartSocialLogin
from services.identity.application.throttling import Attempts, Rates
from services.identity.config import Settings
from services.identity.domain.password import PasswordPolicy
from services.identity.domain.ports import AccessTokens, SocialProviders

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """What the gRPC server answers with."""

    start_registration: StartRegistration
    confirm_registration: ConfirmRegistration
    create_session: CreateSession
    refresh_session: RefreshSession
    list_sessions: ListSessions
    end_session: EndSession
    start_social_login: StartSocialLogin
    complete_social_login: CompleteSocialLogin
    get_profile: GetProfile
    update_profile: UpdateProfile
    change_password: ChangePassword
    get_contact: GetContact
    providers: SocialProviders
    access_tokens: AccessTokens
    key_set: KeySet
    clock: Clock


def build_grpc(settings: Settings, /) -> UseCases:
    """Return the use cases, wired to MongoDB; makes its indexes."""
    parts = _Parts(settings)
    sessions = MongoSessionRepository(parts.database)
    signed_in = SignedIn(sessions=sessions, subscribers=parts.subscribers, clock=parts.clock)
    access_tokens = _access_tokens(settings)
    tokens = TokenPair(access_tokens=access_tokens, refresh_tokens=RefreshTokens(secrets=parts.secrets))
    open_session = OpenSession(sessions=sessions, tokens=tokens, clock=parts.clock)
    hasher, policy = _hasher(settings), _policy(settings)
    logins = MongoSocialLoginRepository(parts.database)
    providers = _providers(settings)
    return UseCases(
        start_registration=StartRegistration(
            registrations=parts.registrations,
            subscribers=parts.subscribers,
            policy=policy,
            hasher=hasher,
            attempts=parts.attempts,
            clock=parts.clock,
        ),
        confirm_registration=ConfirmRegistration(
            registrations=parts.registrations,
            settle=parts.settle,
            open_session=open_session,
            secrets=parts.secrets,
            clock=parts.clock,
        ),
        create_session=CreateSession(
            subscribers=parts.subscribers, hasher=hasher, attempts=parts.attempts, open_session=open_session
        ),
        refresh_session=RefreshSession(sessions=sessions, signed_in=signed_in, tokens=tokens, clock=parts.clock),
        list_sessions=ListSessions(sessions=sessions, signed_in=signed_in, clock=parts.clock),
        end_session=EndSession(sessions=sessions, signed_in=signed_in, clock=parts.clock),
        start_social_login=StartSocialLogin(
            logins=logins,
            providers=providers,
            secrets=parts.secrets,
            return_urls=settings.return_urls,
            clock=parts.clock,
        ),
        complete_social_login=CompleteSocialLogin(
            logins=logins,
            subscribers=parts.subscribers,
            providers=providers,
            secrets=parts.secrets,
            open_session=open_session,
            clock=parts.clock,
        ),
        get_profile=GetProfile(signed_in=signed_in),
        update_profile=UpdateProfile(subscribers=parts.subscribers, signed_in=signed_in),
        change_password=ChangePassword(
            subscribers=parts.subscribers,
            signed_in=signed_in,
            policy=policy,
            hasher=hasher,
            attempts=parts.attempts,
        ),
        get_contact=GetContact(subscribers=parts.subscribers),
        providers=providers,
        access_tokens=access_tokens,
        key_set=access_tokens.key_set(),
        clock=parts.clock,
    )


def build_dispatcher(settings: Settings, /) -> Dispatcher:
    """Return the loops: the relay of events, and registrations with a step due."""
    parts = _Parts(settings)
    waker = ChangeStreamWaker(parts.database)
    lease = LeaderLease(parts.database["leases"], name="relay", owner=parts.owner)
    publisher = Publisher(settings.amqp_url, exchange=exchange_of("identity"))
    relay = Relay([subscribers_of(parts.database)], publisher=publisher, lease=lease)
    mailer = Mailer(settings.smtp_url, sender=settings.mail_from)
    advance = AdvanceRegistration(
        registrations=parts.registrations,
        settle=parts.settle,
        postman=SmtpPostman(mailer, texts=LetterTexts(), sender=settings.mail_from, public_url=settings.public_url),
        attempts=parts.attempts,
        secrets=parts.secrets,
        clock=parts.clock,
    )
    return Dispatcher(
        [
            DispatcherLoop("relay", relay.step, waker=waker, wakes_on="outbox", on_stop=relay.stop),
            DispatcherLoop(
                "registrations",
                advance,
                waker=waker,
                concurrency=2,  # a mail server that takes its time with one letter does not hold up the next
                next_due_in_s=parts.registrations.seconds_until_due,
            ),
        ],
        waker=waker,
    )


class _Parts:
    """What both roles are made of."""

    def __init__(self, settings: Settings) -> None:
        self.owner = new_id("identity")
        self.clock = build_clock(settings.clock_file)
        self.database = _database(settings)
        self.secrets = DerivedSecrets(settings.secret_key_file.read_bytes().strip())
        self.registrations = MongoRegistrationRepository(self.database, owner=self.owner, clock=self.clock)
        self.subscribers = MongoSubscriberRepository(self.database, clock=self.clock)
        self.settle = SettleRegistration(
            registrations=self.registrations, subscribers=self.subscribers, clock=self.clock
        )
        throttle = MongoThrottle(mongo_url=settings.mongo_url, database=settings.mongo_database)
        self.attempts = Attempts(throttle=throttle, rates=_rates(settings), secrets=self.secrets)


def _database(settings: Settings) -> Database[Document]:
    database = connect(settings.mongo_url, app_name="identity")[settings.mongo_database]
    ensure_registration_indexes(database)
    ensure_subscriber_indexes(database)
    ensure_session_indexes(database)
    ensure_social_login_indexes(database)
    return database


def _rates(settings: Settings) -> Rates:
    return Rates(
        login_per_address=settings.login_rate_per_address,
        login_per_login=settings.login_rate_per_login,
        login_per_pair=settings.login_rate_per_pair,
        login_per_pair_under_attack=settings.login_rate_per_pair_under_attack,
        password_per_subscriber=settings.password_rate_per_subscriber,
        registration_per_address=settings.registration_rate_per_address,
        registration_per_email=settings.registration_rate_per_email,
        notice_per_owner=settings.notice_rate_per_owner,
    )


def _access_tokens(settings: Settings) -> JwtAccessTokens:
    """Raises ValueError for a key id that a verifier would take for a service's own."""
    key = load_private_key(settings.token_key_file)
    if key.kid in {trusted.kid for trusted in load_trusted_keys(settings.trust_file).keys}:
        raise ValueError("the key of access tokens has the id of a service's key")
    former = load_trusted_keys(settings.token_former_keys_file).keys if settings.token_former_keys_file else []
    return JwtAccessTokens(
        key=key,
        former=[each for each in former if isinstance(each, OKPKey)],
        lifetime=timedelta(seconds=settings.access_token_lifetime_s),
    )


def _hasher(settings: Settings) -> Argon2PasswordHasher:
    return Argon2PasswordHasher(
        memory_kib=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
        parallelism=settings.argon2_parallelism,
        at_once=settings.passwords_at_once,
    )


def _policy(settings: Settings) -> PasswordPolicy:
    lines = settings.common_passwords_file.read_text(encoding="utf-8").splitlines()
    return PasswordPolicy(line.strip() for line in lines if line.strip() and not line.startswith("# "))


def _providers(settings: Settings) -> OidcProviders:
    return OidcProviders(
        [OidcProvider(**provider.model_dump()) for provider in settings.social_providers()], clock=SystemClock()
    )
