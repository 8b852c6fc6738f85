"""Things of identity with defaults, so that a test says only what it is about."""

from datetime import UTC, datetime

from services.identity.application.throttling import Rates
from services.identity.domain.consent import Consent
from services.identity.domain.registration import LetterDue, LetterKind, Registration
from services.identity.domain.session import Session
from services.identity.domain.social_account import SocialAccount
from services.identity.domain.social_login import SocialLogin
from services.identity.domain.subscriber import SocialIdentity, Subscriber

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PASSWORD = "сорок тысяч обезьян"
CONSENTS = (("terms", "2026-01"), ("personal_data", "2026-01"))
ANNA = SocialIdentity(issuer="https://social.example", subject="anna")


def make_registration(
    *,
    login: str = "anna.petrova",
    email: str = "anna@example.test",
    letter: LetterKind = LetterKind.CODE,
    now: datetime = NOON,
) -> Registration:
    """Return a registration that has just begun."""
    return Registration.start(
        login=login,
        email=email,
        password_hash=f"v1:{PASSWORD}",
        consents=tuple(Consent(kind=kind, version=version, given_at=now) for kind, version in CONSENTS),
        language="ru",
        letters=[LetterDue(kind=letter, to=email, language="ru")],
        now=now,
    )


def make_subscriber(
    *, login: str = "anna.petrova", email: str = "anna@example.test", now: datetime = NOON
) -> Subscriber:
    """Return a subscriber with a password."""
    return Subscriber.of_registration(make_registration(login=login, email=email, now=now), now=now)


def make_social_subscriber(*, identity: SocialIdentity = ANNA, now: datetime = NOON) -> Subscriber:
    """Return a subscriber without a password."""
    return Subscriber.of_social_identity(identity, display_name="Анна", language="ru", now=now)


def make_session(*, subscriber_id: str = "sub_1", now: datetime = NOON, token_hash: str = "first") -> Session:
    """Return a session whose refresh token has the hash `first`."""
    session = Session.open(subscriber_id=subscriber_id, credentials_epoch=0, user_agent="a browser", now=now)
    session.issue(token_hash)
    return session


def make_social_login(*, state_hash: str = "state", now: datetime = NOON) -> SocialLogin:
    """Return a social login that a browser with the secret's hash `browser` began."""
    return SocialLogin.start(
        social_login_id="soc_0123456789abcdef0123456789abcdef",
        provider="demo-id",
        return_url="https://kabinet.example/social/callback",
        state_hash=state_hash,
        browser_secret_hash="browser",
        now=now,
    )


def make_account(*, identity: SocialIdentity = ANNA) -> SocialAccount:
    """Return what a provider vouches for."""
    return SocialAccount(identity=identity, display_name="Анна Петрова", language="ru")


def make_rates(
    *,
    login_per_address: str = "100/hour",
    login_per_login: str = "100/hour",
    login_per_pair: str = "5/hour",
    login_per_pair_under_attack: str = "2/hour",
    registration_per_address: str = "100/hour",
    notice_per_owner: str = "3/day",
) -> Rates:
    """Return limits."""
    return Rates(
        login_per_address=login_per_address,
        login_per_login=login_per_login,
        login_per_pair=login_per_pair,
        login_per_pair_under_attack=login_per_pair_under_attack,
        password_per_subscriber="5/hour",
        registration_per_address=registration_per_address,
        registration_per_email="5/hour",
        notice_per_owner=notice_per_owner,
    )
