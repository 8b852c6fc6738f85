"""Receiving a browser back from a social provider, and the subscriber behind its account (F25)."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.identity.application.derived_secrets import DerivedSecrets, hash_of
from services.identity.application.open_session import OpenSession, Tokens
from services.identity.application.repeating import repeated_on_conflict
from services.identity.domain.ports import SocialLoginRepository, SocialProviders, SubscriberRepository
from services.identity.domain.social_account import SocialAccount
from services.identity.domain.social_login import SocialLogin, SocialLoginRefused
from services.identity.domain.subscriber import SocialIdentityTaken, Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a browser brings back from a provider."""

    social_login_id: str
    code: str
    state: str
    browser_secret: str
    user_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedSocialLogin:
    """The session of a social login."""

    tokens: Tokens
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteSocialLogin:
    """Exchanges the code and opens a session.

    Only (issuer, subject) tells who it is. The first time it makes a new subscriber, whatever e-mail the provider may
    know: an address that the provider does not vouch for must open nobody's cabinet.
    """

    logins: SocialLoginRepository
    subscribers: SubscriberRepository
    providers: SocialProviders
    secrets: DerivedSecrets
    open_session: OpenSession
    clock: Clock

    def __call__(self, returned: Returned, /) -> CompletedSocialLogin:
        """Return the session. Raises `SocialLoginNotFound`, `SocialLoginRefused`, `SocialProviderUnavailable`."""
        login = repeated_on_conflict(lambda: self._use(returned))
        if not returned.code:
            raise SocialLoginRefused("The provider sent no code.")
        account = self.providers.redeem(
            login.provider,
            code=returned.code,
            nonce=self.secrets.social_nonce(login.social_login_id),
            verifier=self.secrets.social_verifier(login.social_login_id),
            return_url=login.return_url,
        )
        subscriber, created = self._subscriber_of(account)
        tokens = self.open_session(subscriber, user_agent=returned.user_agent)
        return CompletedSocialLogin(tokens=tokens, created=created)

    def _use(self, returned: Returned) -> SocialLogin:
        """Use the login up before the provider is asked: of two browsers' tries with one code one goes on."""
        state_hash = hash_of(returned.state)
        login = (
            self.logins.get(returned.social_login_id)
            if returned.social_login_id
            else self.logins.get_by_state(state_hash)
        )
        login.use(
            state_hash=state_hash,
            browser_secret_hash=hash_of(returned.browser_secret),
            now=self.clock.now(),
        )
        self.logins.save(login)
        return login

    def _subscriber_of(self, account: SocialAccount) -> tuple[Subscriber, bool]:
        known = self.subscribers.find_by_social_identity(account.identity)
        if known is not None:
            return known, False
        new = Subscriber.of_social_identity(
            account.identity, display_name=account.display_name, language=account.language, now=self.clock.now()
        )
        try:
            self.subscribers.save(new)
        except SocialIdentityTaken:  # the same person, at the same moment, in another window
            return self._existing(account), False
        return new, True

    def _existing(self, account: SocialAccount) -> Subscriber:
        subscriber = self.subscribers.find_by_social_identity(account.identity)
        assert subscriber is not None, "a unique index has just said that there is one"
        return subscriber
