"""All use cases of identity, wired to fakes."""

from dataclasses import dataclass, field

from services.identity.application.advance_registration import AdvanceRegistration
from services.identity.application.change_password import ChangePassword
from services.identity.application.complete_social_login import CompleteSocialLogin
from services.identity.application.confirm_registration import ConfirmRegistration
from services.identity.application.create_session import CreateSession
from services.identity.application.derived_secrets import DerivedSecrets
from services.identity.application.manage_sessions import EndSession, ListSessions
from services.identity.application.open_session import OpenSession, TokenPair
from services.identity.application.profile import GetProfile, UpdateProfile
from services.identity.application.refresh_session import RefreshSession
from services.identity.application.refresh_tokens import RefreshTokens
from services.identity.application.settle_registration import SettleRegistration
from services.identity.application.signed_in import SignedIn
from services.identity.application.start_registration import Application, StartRegistration
from services.identity.application.start_social_login import StartSocialLogin
from services.identity.application.throttling import Attempts, Rates
from services.identity.domain.password import PasswordPolicy
from services.identity.domain.registration import Registration
from services.identity.domain.subscriber import Subscriber
from tests.identity.builders import CONSENTS, NOON, PASSWORD, make_account, make_rates, make_subscriber
from tests.identity.fakes import (
    CountingHasher,
    FakeAccessTokens,
    FakePostman,
    FakeProviders,
    FakeRegistrations,
    FakeSessions,
    FakeSocialLogins,
    FakeSubscribers,
    FakeThrottle,
    SettableClock,
)

BROWSER_SECRET = "a secret of this browser"
CALLBACK = "https://kabinet.example/social/callback"


@dataclass(slots=True, kw_only=True)
class Office:
    """Identity without its edges."""

    rates: Rates = field(default_factory=make_rates)
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOON))
    subscribers: FakeSubscribers = field(default_factory=FakeSubscribers)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    logins: FakeSocialLogins = field(default_factory=FakeSocialLogins)
    hasher: CountingHasher = field(default_factory=CountingHasher)
    throttle: FakeThrottle = field(default_factory=FakeThrottle)
    postman: FakePostman = field(default_factory=FakePostman)
    providers: FakeProviders = field(default_factory=lambda: FakeProviders(make_account()))
    secrets: DerivedSecrets = field(default_factory=lambda: DerivedSecrets(b"0" * 32))
    policy: PasswordPolicy = field(default_factory=lambda: PasswordPolicy(["qwerty", "password"]))
    registrations: FakeRegistrations = field(init=False)

    def __post_init__(self) -> None:
        self.registrations = FakeRegistrations(clock=self.clock)

    @property
    def attempts(self) -> Attempts:
        return Attempts(throttle=self.throttle, rates=self.rates, secrets=self.secrets)

    @property
    def tokens(self) -> TokenPair:
        return TokenPair(access_tokens=FakeAccessTokens(), refresh_tokens=RefreshTokens(secrets=self.secrets))

    @property
    def open_session(self) -> OpenSession:
        return OpenSession(sessions=self.sessions, tokens=self.tokens, clock=self.clock)

    @property
    def signed_in(self) -> SignedIn:
        return SignedIn(sessions=self.sessions, subscribers=self.subscribers, clock=self.clock)

    @property
    def settle(self) -> SettleRegistration:
        return SettleRegistration(registrations=self.registrations, subscribers=self.subscribers, clock=self.clock)

    @property
    def start_registration(self) -> StartRegistration:
        return StartRegistration(
            registrations=self.registrations,
            subscribers=self.subscribers,
            policy=self.policy,
            hasher=self.hasher,
            attempts=self.attempts,
            clock=self.clock,
        )

    @property
    def confirm_registration(self) -> ConfirmRegistration:
        return ConfirmRegistration(
            registrations=self.registrations,
            settle=self.settle,
            open_session=self.open_session,
            secrets=self.secrets,
            clock=self.clock,
        )

    @property
    def advance_registration(self) -> AdvanceRegistration:
        return AdvanceRegistration(
            registrations=self.registrations,
            settle=self.settle,
            postman=self.postman,
            attempts=self.attempts,
            secrets=self.secrets,
            clock=self.clock,
        )

    @property
    def create_session(self) -> CreateSession:
        return CreateSession(
            subscribers=self.subscribers,
            hasher=self.hasher,
            attempts=self.attempts,
            open_session=self.open_session,
        )

    @property
    def refresh_session(self) -> RefreshSession:
        return RefreshSession(sessions=self.sessions, signed_in=self.signed_in, tokens=self.tokens, clock=self.clock)

    @property
    def list_sessions(self) -> ListSessions:
        return ListSessions(sessions=self.sessions, signed_in=self.signed_in, clock=self.clock)

    @property
    def end_session(self) -> EndSession:
        return EndSession(sessions=self.sessions, signed_in=self.signed_in, clock=self.clock)

    @property
    def get_profile(self) -> GetProfile:
        return GetProfile(signed_in=self.signed_in)

    @property
    def update_profile(self) -> UpdateProfile:
        return UpdateProfile(subscribers=self.subscribers, signed_in=self.signed_in)

    @property
    def change_password(self) -> ChangePassword:
        return ChangePassword(
            subscribers=self.subscribers,
            signed_in=self.signed_in,
            policy=self.policy,
            hasher=self.hasher,
            attempts=self.attempts,
        )

    @property
    def start_social_login(self) -> StartSocialLogin:
        return StartSocialLogin(
            logins=self.logins,
            providers=self.providers,
            secrets=self.secrets,
            return_urls=("https://kabinet.example",),
            clock=self.clock,
        )

    @property
    def complete_social_login(self) -> CompleteSocialLogin:
        return CompleteSocialLogin(
            logins=self.logins,
            subscribers=self.subscribers,
            providers=self.providers,
            secrets=self.secrets,
            open_session=self.open_session,
            clock=self.clock,
        )

    def begin(self, *, login: str = "anna.petrova", email: str = "anna@example.test") -> Registration:
        """Start a registration."""
        return self.start_registration(
            Application(
                login=login, password=PASSWORD, email=email, consents=CONSENTS, language="ru", ip_address="192.0.2.7"
            )
        )

    def code_of(self, registration: Registration) -> str:
        """Return what a mailbox would show."""
        return self.secrets.registration_code(registration.registration_id)

    def register(self, *, login: str = "anna.petrova", email: str = "anna@example.test") -> Subscriber:
        """Make a subscriber."""
        subscriber = make_subscriber(login=login, email=email)
        self.subscribers.save(subscriber)
        return subscriber
