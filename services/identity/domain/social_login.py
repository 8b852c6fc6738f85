"""A social login under way: bound to one browser, one provider and ten minutes, and used once (F25)."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis.errors import DomainError, Kind

LIFETIME = timedelta(minutes=10)


class SocialLoginNotFound(DomainError):
    """There is no such social login to end: never begun, expired, used, or begun in another browser, alike."""

    reason = "SOCIAL_LOGIN_NOT_FOUND"
    kind = Kind.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no social login to end.")


class SocialLoginRefused(DomainError):
    """The provider did not vouch for anybody, or what it said does not hold."""

    reason = "SOCIAL_LOGIN_REFUSED"
    kind = Kind.UNAUTHENTICATED


class SocialProviderNotFound(DomainError):
    """There is no such provider."""

    reason = "SOCIAL_PROVIDER_NOT_FOUND"
    kind = Kind.NOT_FOUND


class SocialProviderUnavailable(DomainError):
    """The provider does not answer, or not in time."""

    reason = "SOCIAL_PROVIDER_UNAVAILABLE"
    kind = Kind.UNAVAILABLE


@dataclass(slots=True, kw_only=True)
class SocialLogin:
    """A browser that was sent to a provider.

    State, nonce and PKCE verifier are not here: they are made from the id and a secret of the service, so that nothing
    that lies in the database can end a login.
    """

    social_login_id: str
    provider: str
    return_url: str
    state_hash: str
    browser_secret_hash: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    version: int = 0

    @classmethod
    def start(
        cls,
        *,
        social_login_id: str,
        provider: str,
        return_url: str,
        state_hash: str,
        browser_secret_hash: str,
        now: datetime,
    ) -> "SocialLogin":
        """Begin one."""
        return cls(
            social_login_id=social_login_id,
            provider=provider,
            return_url=return_url,
            state_hash=state_hash,
            browser_secret_hash=browser_secret_hash,
            created_at=now,
            expires_at=now + LIFETIME,
        )

    def use(self, *, state_hash: str, browser_secret_hash: str, now: datetime) -> None:
        """Use it up; save before asking the provider. Raises `SocialLoginNotFound`.

        Another browser's try does not use it up: an attacker must not be able to spoil a login under way.
        """
        is_ours = hmac.compare_digest(state_hash, self.state_hash)
        is_same_browser = hmac.compare_digest(browser_secret_hash, self.browser_secret_hash)
        if not (is_ours and is_same_browser) or self.used_at is not None or now >= self.expires_at:
            raise SocialLoginNotFound
        self.used_at = now
