"""Social providers by OpenID Connect: code flow with PKCE S256, by Authlib; ID tokens verified by joserfc."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from services.chassis.clock import Clock
from services.chassis.logs import get_logger
from services.identity.adapters.oidc_discovery import Discovery, ProviderSilent
from services.identity.adapters.oidc_id_token import Expected, KeyUnknown, account_of
from services.identity.adapters.outbound_http import limit, origin_of
from services.identity.domain.social_account import ProviderName, SocialAccount
from services.identity.domain.social_login import (
    SocialLoginRefused,
    SocialProviderNotFound,
    SocialProviderUnavailable,
)

_log = get_logger(__name__)
_OUR_FAULT = frozenset({"invalid_client", "unauthorized_client"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """A provider as it is registered with us, and we with it."""

    provider: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ("openid", "profile")
    client_authentication: str = "client_secret_basic"
    other_origins: tuple[str, ...] = ()  # where its endpoints are, when not all are where its issuer is

    @property
    def origins(self) -> frozenset[str]:
        """The only places that are asked on this provider's behalf."""
        return frozenset({origin_of(self.issuer), *map(origin_of, self.other_origins)})


class OidcProviders:
    """`SocialProviders` by OpenID Connect."""

    def __init__(
        self,
        providers: Sequence[OidcProvider],
        *,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` is the machine's: a token ends by the provider's time, whatever day a test suite pretends it is."""
        self._providers = {provider.provider: provider for provider in providers}
        self._discovery = {
            provider.provider: Discovery(issuer=provider.issuer, origins=provider.origins, monotonic=monotonic)
            for provider in providers
        }
        self._clock = clock

    def names(self) -> Sequence[ProviderName]:
        return [ProviderName(provider=each.provider, name=each.name) for each in self._providers.values()]

    def authorization_url(self, provider: str, /, *, state: str, nonce: str, verifier: str, return_url: str) -> str:
        known = self._get(provider)
        try:
            endpoint = self._discovery[provider].endpoints().authorization
            if origin_of(endpoint) not in known.origins:
                raise ProviderSilent("its page for people is somewhere else")
        except (ProviderSilent, requests.RequestException) as error:
            raise _unavailable(provider, error) from error
        with self._client(known, return_url) as client:
            url, _ = client.create_authorization_url(endpoint, state=state, code_verifier=verifier, nonce=nonce)
        return str(url)

    def redeem(self, provider: str, /, *, code: str, nonce: str, verifier: str, return_url: str) -> SocialAccount:
        known = self._get(provider)
        discovery = self._discovery[provider]
        try:
            id_token = self._exchange(known, discovery, code=code, verifier=verifier, return_url=return_url)
            return self._believe(known, discovery, id_token, nonce)
        except (ProviderSilent, requests.RequestException, OSError) as error:
            raise _unavailable(provider, error) from error

    def _exchange(self, known: OidcProvider, discovery: Discovery, *, code: str, verifier: str, return_url: str) -> str:
        endpoint = discovery.endpoints().token
        with self._client(known, return_url) as client:
            try:
                answer = client.fetch_token(
                    endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
                )
            except OAuthError as error:
                raise _verdict(known.provider, str(error.error)) from error
            except (ValueError, TypeError, AttributeError) as error:  # no JSON, or no object
                raise ProviderSilent("no token answer") from error
        id_token = answer.get("id_token")
        if not isinstance(id_token, str):
            raise SocialLoginRefused("The provider sent no ID token.")
        return id_token

    def _believe(self, known: OidcProvider, discovery: Discovery, id_token: str, nonce: str) -> SocialAccount:
        expected = Expected(issuer=known.issuer, client_id=known.client_id, nonce=nonce, now=self._clock.now())
        try:
            return account_of(id_token, keys=discovery.keys(), expected=expected)
        except KeyUnknown:
            pass
        try:
            return account_of(id_token, keys=discovery.newer_keys(), expected=expected)
        except KeyUnknown:
            raise SocialLoginRefused(
                "The provider's token is signed by a key that the provider does not show."
            ) from None

    def _client(self, known: OidcProvider, return_url: str) -> OAuth2Session:
        client = OAuth2Session(
            known.client_id,
            known.client_secret,
            token_endpoint_auth_method=known.client_authentication if known.client_secret else "none",
            scope=" ".join(known.scopes),
            redirect_uri=return_url,
            code_challenge_method="S256",
        )
        limit(client, origins=known.origins)
        return client

    def _get(self, provider: str) -> OidcProvider:
        try:
            return self._providers[provider]
        except KeyError:
            raise SocialProviderNotFound("There is no such social network here.") from None


def _verdict(provider: str, error: str) -> SocialLoginRefused | SocialProviderUnavailable:
    if error in _OUR_FAULT:
        return _unavailable(provider, ProviderSilent(error))
    _log.info("social_code_refused", provider=provider, error=error)
    return SocialLoginRefused("The provider does not accept the code.")


def _unavailable(provider: str, error: Exception) -> SocialProviderUnavailable:
    _log.warning("social_provider_unavailable", provider=provider, error=type(error).__name__, answer=str(error)[:200])
    return SocialProviderUnavailable("The social network does not answer.", provider=provider)
