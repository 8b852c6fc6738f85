"""Composition root: settings in, use cases and loops out; the only place that picks adapters."""

from dataclasses import dataclass
from datetime import timedelta

from joserfc.jwk import KeySet, OKPKey

from services.chassis.changes import ChangeStreamWaker
from services.chassis.clock import Clock, SystemClock
from services.chassis.leases import LeaderLease
from services.chassis.loops import Dispatcher, DispatcherLoop
from services.chassis.mail import Mailer
from services.chassis.outbox import Relay, relay_loop
from services.chassis.publisher import Publisher, exchange_of
from services.chassis.tokens import load_private_key, load_trusted_keys
from services.identity.adapters.argon2_passwords import Argon2PasswordHasher
from services.identity.adapters.jwt_access_tokens import JwtAccessTokens
from services.identity.adapters.letter_texts import LetterTexts
from services.identity.adapters.mongo_subscribers import subscribers_of
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
from services.identity.bootstrap_stores import Stores
from services.identity.config import Settings
from services.identity.domain.password import PasswordPolicy
from services.identity.domain.ports import AccessTokens, SocialProviders


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


def build_grpc(settings: Settings, stores: Stores, /) -> UseCases:
    """Return the use cases, wired to MongoDB and the social providers."""
    sessions, secrets = stores.sessions, _secrets(settings)
    attempts = _attempts(settings, stores, secrets)
    signed_in = SignedIn(sessions=sessions, subscribers=stores.subscribers, clock=stores.clock)
    access_tokens = _access_tokens(settings)
    tokens = TokenPair(access_tokens=access_tokens, refresh_tokens=RefreshTokens(secrets=secrets))
    open_session = OpenSession(sessions=sessions, tokens=tokens, clock=stores.clock)
    hasher, policy = _hasher(settings), _policy(settings)
    providers = _providers(settings)
    return UseCases(
        start_registration=StartRegistration(
            registrations=stores.registrations,
            subscribers=stores.subscribers,
            policy=policy,
            hasher=hasher,
            attempts=attempts,
            clock=stores.clock,
        ),
        confirm_registration=ConfirmRegistration(
            registrations=stores.registrations,
            settle=_settle(stores),
            open_session=open_session,
            secrets=secrets,
            clock=stores.clock,
        ),
        create_session=CreateSession(
            subscribers=stores.subscribers, hasher=hasher, attempts=attempts, open_session=open_session
        ),
        refresh_session=RefreshSession(sessions=sessions, signed_in=signed_in, tokens=tokens, clock=stores.clock),
        list_sessions=ListSessions(sessions=sessions, signed_in=signed_in, clock=stores.clock),
        end_session=EndSession(sessions=sessions, signed_in=signed_in, clock=stores.clock),
        start_social_login=StartSocialLogin(
            logins=stores.social_logins,
            providers=providers,
            secrets=secrets,
            return_urls=settings.return_urls,
            clock=stores.clock,
        ),
        complete_social_login=CompleteSocialLogin(
            logins=stores.social_logins,
            subscribers=stores.subscribers,
            providers=providers,
            secrets=secrets,
            open_session=open_session,
            clock=stores.clock,
        ),
        get_profile=GetProfile(signed_in=signed_in),
        update_profile=UpdateProfile(subscribers=stores.subscribers, signed_in=signed_in),
        change_password=ChangePassword(
            subscribers=stores.subscribers,
            signed_in=signed_in,
            policy=policy,
            hasher=hasher,
            attempts=attempts,
        ),
        get_contact=GetContact(subscribers=stores.subscribers),
        providers=providers,
        access_tokens=access_tokens,
        key_set=access_tokens.key_set(),
        clock=stores.clock,
    )


def build_dispatcher(settings: Settings, stores: Stores, /) -> Dispatcher:
    """Return the loops: the relay of events, and registrations with a step due."""
    secrets = _secrets(settings)
    waker = ChangeStreamWaker(stores.database)
    lease = LeaderLease(stores.database["leases"], name="relay", owner=stores.owner, ttl_s=settings.relay_lease_s)
    publisher = Publisher(settings.amqp_url, exchange=exchange_of("identity"))
    relay = Relay([subscribers_of(stores.database)], publisher=publisher, lease=lease)
    mailer = Mailer(settings.smtp_url, sender=settings.mail_from)
    advance = AdvanceRegistration(
        registrations=stores.registrations,
        settle=_settle(stores),
        postman=SmtpPostman(mailer, texts=LetterTexts(), sender=settings.mail_from, public_url=settings.public_url),
        attempts=_attempts(settings, stores, secrets),
        secrets=secrets,
        clock=stores.clock,
    )
    return Dispatcher(
        [
            relay_loop(relay, waker),
            DispatcherLoop(
                "registrations",
                advance,
                waker=waker,
                concurrency=2,  # a mail server that takes its time with one letter does not hold up the next
                due=stores.registrations.due,
            ),
        ],
        waker=waker,
    )


def _secrets(settings: Settings) -> DerivedSecrets:
    return DerivedSecrets(settings.secret_key_file.read_bytes().strip())


def _attempts(settings: Settings, stores: Stores, secrets: DerivedSecrets) -> Attempts:
    return Attempts(throttle=stores.throttle, rates=_rates(settings), secrets=secrets)


def _settle(stores: Stores) -> SettleRegistration:
    return SettleRegistration(registrations=stores.registrations, subscribers=stores.subscribers, clock=stores.clock)


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
