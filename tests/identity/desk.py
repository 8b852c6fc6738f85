"""Identity's social login in front of a real provider: what the tests of broken flows stand at."""

from services.chassis.clock import SystemClock
from services.identity.adapters.oidc_providers import OidcProvider, OidcProviders
from services.identity.application.complete_social_login import CompletedSocialLogin, Returned
from tests.identity.office import BROWSER_SECRET, CALLBACK, Office
from tests.identity.scripted_provider import CLIENT_ID, CLIENT_SECRET, ScriptedProvider


class Desk:
    """Identity's social login, asking a real provider."""

    def __init__(self, provider: ScriptedProvider) -> None:
        self.provider = provider
        self.moment = 1000.0
        self.office = Office()
        self.office.providers = self._providers()  # type: ignore[assignment]

    def begin(self) -> Returned:
        """Send a browser to the provider, where the person agrees."""
        started = self.office.start_social_login(provider="demo-id", return_url=CALLBACK, browser_secret=BROWSER_SECRET)
        code, state = self.provider.approve(started.authorization_url)
        return Returned(
            social_login_id=started.social_login_id,
            code=code,
            state=state,
            browser_secret=BROWSER_SECRET,
            user_agent="a browser",
        )

    def end(self, returned: Returned) -> CompletedSocialLogin:
        """Take the browser back."""
        return self.office.complete_social_login(returned)

    def enter(self) -> CompletedSocialLogin:
        """Do both."""
        return self.end(self.begin())

    def _providers(self) -> OidcProviders:
        known = OidcProvider(
            provider="demo-id",
            name="Demo",
            issuer=self.provider.issuer,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
        )
        return OidcProviders([known], clock=SystemClock(), monotonic=lambda: self.moment)
