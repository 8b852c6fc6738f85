"""Sending a browser to a social provider (F25)."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.errors import FieldInvalid
from services.chassis.ids import new_id
from services.chassis.return_url import check_return_url
from services.identity.application.derived_secrets import DerivedSecrets, hash_of
from services.identity.domain.ports import SocialLoginRepository, SocialProviders
from services.identity.domain.social_login import SocialLogin

_SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedSocialLogin:
    """A social login under way and where the browser goes next."""

    social_login_id: str
    authorization_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSocialLogin:
    """Begins a code flow with PKCE, state and nonce, bound to the browser that begins it."""

    logins: SocialLoginRepository
    providers: SocialProviders
    secrets: DerivedSecrets
    return_urls: Sequence[str]
    clock: Clock

    def __call__(self, *, provider: str, return_url: str, browser_secret: str) -> StartedSocialLogin:
        """Return where to send the browser.

        Raises `ReturnUrlNotAllowed`, `FieldInvalid`, `SocialProviderNotFound`, `SocialProviderUnavailable`.
        """
        check_return_url(return_url, allowed=self.return_urls)
        if len(browser_secret) < _SHORTEST_SECRET:
            raise FieldInvalid(field="browser_secret", rule=f"at least {_SHORTEST_SECRET} characters")
        social_login_id = new_id("soc")
        state = self.secrets.social_state(social_login_id)
        url = self.providers.authorization_url(
            provider,
            state=state,
            nonce=self.secrets.social_nonce(social_login_id),
            verifier=self.secrets.social_verifier(social_login_id),
            return_url=return_url,
        )
        self.logins.save(
            SocialLogin.start(
                social_login_id=social_login_id,
                provider=provider,
                return_url=return_url,
                state_hash=hash_of(state),
                browser_secret_hash=hash_of(browser_secret),
                now=self.clock.now(),
            )
        )
        return StartedSocialLogin(social_login_id=social_login_id, authorization_url=url)
