"""Social login against a provider over real HTTP: the flow that works, and the ones that must not."""

import dataclasses
import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from services.chassis.clock import SystemClock
from services.chassis.deadline import ending_within
from services.identity.adapters.oidc_providers import OidcProvider, OidcProviders
from services.identity.application.complete_social_login import CompletedSocialLogin, Returned
from services.identity.domain.social_login import (
    SocialLoginNotFound,
    SocialLoginRefused,
    SocialProviderUnavailable,
)
from tests.identity.fakes import FakeProviders
from tests.identity.office import BROWSER_SECRET, CALLBACK, Office
from tests.identity.scripted_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    Answer,
    Claims,
    ScriptedProvider,
    as_json,
    running_provider,
)


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    """A provider that does everything right until told otherwise."""
    with running_provider() as running:
        yield running


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


@pytest.fixture
def desk(provider: ScriptedProvider) -> Desk:
    """Identity's side."""
    return Desk(provider)


def test_the_whole_flow_makes_a_subscriber_of_issuer_and_subject(desk: Desk) -> None:
    completed = desk.enter()

    subscriber = desk.office.get_profile(session_id=completed.tokens.session_id)
    (linked,) = subscriber.social_identities
    assert (linked.identity.issuer, linked.identity.subject) == (desk.provider.issuer, "anna")
    assert (completed.created, subscriber.display_name, subscriber.email) == (True, "Анна Петрова", None)


def test_an_email_of_the_provider_opens_nobody_s_cabinet(desk: Desk) -> None:
    owner = desk.office.register(email="anna@example.test")

    completed = desk.enter()

    assert completed.created
    subscriber = desk.office.get_profile(session_id=completed.tokens.session_id)
    assert subscriber.subscriber_id != owner.subscriber_id


def test_what_the_provider_says_of_itself_is_asked_once(desk: Desk) -> None:
    for _ in range(3):
        desk.enter()

    assert desk.provider.asked.count("/.well-known/openid-configuration") == 1
    assert desk.provider.asked.count("/jwks") == 1


def test_a_new_key_of_the_provider_is_found_after_a_moment(desk: Desk) -> None:
    desk.enter()
    desk.provider.key = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})

    with pytest.raises(SocialLoginRefused):
        desk.enter()
    desk.moment += 11

    assert desk.enter().created is False


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "another state"},
        {"state": ""},
        {"browser_secret": "a secret of another browser"},
        {"browser_secret": ""},
        {"social_login_id": "soc_00000000000000000000000000000000"},
    ],
    ids=["wrong state", "no state", "other browser", "no browser", "other login"],
)
def test_a_return_that_does_not_fit_asks_the_provider_nothing(desk: Desk, changes: dict[str, str]) -> None:
    returned = dataclasses.replace(desk.begin(), **changes)

    with pytest.raises(SocialLoginNotFound):
        desk.end(returned)

    assert "/token" not in desk.provider.asked


def test_a_return_that_is_repeated_is_not_found(desk: Desk) -> None:
    returned = desk.begin()
    desk.end(returned)

    with pytest.raises(SocialLoginNotFound):
        desk.end(returned)

    assert desk.provider.asked.count("/token") == 1


def test_a_used_code_brought_into_another_login_is_refused(desk: Desk) -> None:
    used = desk.begin()
    desk.end(used)

    with pytest.raises(SocialLoginRefused):
        desk.end(dataclasses.replace(desk.begin(), code=used.code))


def test_a_stolen_code_brought_into_the_thief_s_own_login_fails_on_pkce(desk: Desk) -> None:
    victim, thief = desk.begin(), desk.begin()

    with pytest.raises(SocialLoginRefused):
        desk.end(dataclasses.replace(thief, code=victim.code))


def test_a_code_that_the_provider_never_gave_is_refused(desk: Desk) -> None:
    with pytest.raises(SocialLoginRefused):
        desk.end(dataclasses.replace(desk.begin(), code="invented"))


def _without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def _with(**changes: object) -> Callable[[Claims], Claims]:
    return lambda claims: claims | changes


_NOW = int(time.time())

_WRONG_CLAIMS = {
    "another issuer": _with(iss="https://evil.test"),
    "the issuer with a slash": lambda claims: claims | {"iss": f"{claims['iss']}/"},
    "no issuer": _without("iss"),
    "another audience": _with(aud="somebody-else"),
    "several audiences and nobody authorized": _with(aud=[CLIENT_ID, "somebody-else"]),
    "somebody else authorized": _with(azp="somebody-else"),
    "no audience": _without("aud"),
    "expired": _with(exp=_NOW - 3600),
    "no end": _without("exp"),
    "an end that is no number": _with(exp="tomorrow"),
    "issued in the future": _with(iat=_NOW + 3600),
    "issued long ago": _with(iat=_NOW - 7200),
    "no time of issue": _without("iat"),
    "another nonce": _with(nonce="another nonce"),
    "no nonce": _without("nonce"),
    "a nonce that is no text": _with(nonce=["a"]),
    "no subject": _without("sub"),
    "an empty subject": _with(sub=""),
    "a subject that is no text": _with(sub={"$ne": None}),
    "an endless subject": _with(sub="a" * 256),
}


@pytest.mark.parametrize("claims", _WRONG_CLAIMS.values(), ids=_WRONG_CLAIMS.keys())
def test_a_token_with_a_wrong_claim_is_refused(desk: Desk, claims: Callable[[Claims], Claims]) -> None:
    desk.provider.claims = claims

    with pytest.raises(SocialLoginRefused):
        desk.enter()


def _unsigned(provider: ScriptedProvider, claims: Claims) -> str:
    _, payload, _ = provider.default_sign(claims).split(".")
    return f"eyJhbGciOiJub25lIn0.{payload}."


def _signed_with_our_secret(_provider: ScriptedProvider, claims: Claims) -> str:
    key = OctKey.import_key(hashlib.sha256(CLIENT_SECRET.encode()).hexdigest())
    return jwt.encode({"alg": "HS256", "kid": "one"}, claims, key, algorithms=["HS256"])


def _signed_with_the_public_key(provider: ScriptedProvider, claims: Claims) -> str:
    """The classic confusion: the public key taken for a shared secret. By hand, for joserfc refuses to make one."""
    _, payload, _ = provider.default_sign(claims).split(".")
    signed = f"{_base64(json.dumps({'alg': 'HS256', 'kid': 'one'}).encode())}.{payload}"
    return f"{signed}.{_base64(hmac.digest(provider.key.as_pem(private=False), signed.encode(), hashlib.sha256))}"


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _signed_by_another_of_that_name(_provider: ScriptedProvider, claims: Claims) -> str:
    key = ECKey.generate_key("P-256", {"kid": "one"})
    return jwt.encode({"alg": "ES256", "kid": "one"}, claims, key, algorithms=["ES256"])


def _signed_by_a_key_in_the_header(_provider: ScriptedProvider, claims: Claims) -> str:
    key = ECKey.generate_key("P-256", {"kid": "mine"})
    header = {"alg": "ES256", "kid": "mine", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims, key, algorithms=["ES256"])


def _tampered(provider: ScriptedProvider, claims: Claims) -> str:
    header, _, signature = provider.default_sign(claims).split(".")
    _, payload, _ = provider.default_sign(claims | {"sub": "boris"}).split(".")
    return f"{header}.{payload}.{signature}"


@pytest.mark.parametrize(
    "sign",
    [
        _unsigned,
        _signed_with_our_secret,
        _signed_with_the_public_key,
        _signed_by_another_of_that_name,
        _signed_by_a_key_in_the_header,
        _tampered,
        lambda _provider, _claims: "",
        lambda _provider, _claims: "not a token",
        lambda _provider, _claims: "a.b.c",
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_token_that_the_provider_did_not_sign_is_refused(
    desk: Desk, sign: Callable[[ScriptedProvider, Claims], str]
) -> None:
    desk.provider.sign = sign

    with pytest.raises(SocialLoginRefused):
        desk.enter()


@pytest.mark.parametrize(
    "answer",
    [as_json({"access_token": "a", "token_type": "Bearer"}), as_json({"id_token": 7}), as_json({"error": "x"})],
)
def test_an_answer_without_a_token_is_refused(desk: Desk, answer: Answer) -> None:
    desk.provider.token = lambda: answer

    with pytest.raises(SocialLoginRefused):
        desk.enter()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=200, body=b"<html>"),
        as_json(["a"]),
        as_json("a"),
        as_json({"error": "invalid_client"}, status=401),
        as_json({"id_token": "a" * 300_000}),
    ],
    ids=["500", "no JSON", "a list", "a text", "our secret is wrong", "too long"],
)
def test_a_provider_that_is_not_itself_is_unavailable(desk: Desk, answer: Answer) -> None:
    desk.provider.token = lambda: answer

    with pytest.raises(SocialProviderUnavailable):
        desk.enter()


def test_no_redirect_is_followed_with_a_code_in_hand(desk: Desk) -> None:
    with running_provider() as elsewhere:
        desk.provider.token = lambda: Answer(status=307, headers={"Location": f"{elsewhere.issuer}/token"})

        with pytest.raises(SocialProviderUnavailable):
            desk.enter()

        assert elsewhere.asked == []


def test_no_redirect_is_followed_even_within_the_provider(desk: Desk) -> None:
    desk.provider.token = lambda: Answer(status=307, headers={"Location": "/elsewhere"})

    with pytest.raises(SocialProviderUnavailable):
        desk.enter()

    assert "/elsewhere" not in desk.provider.asked


def test_a_provider_that_sends_a_byte_at_a_time_holds_nobody_up(desk: Desk) -> None:
    desk.provider.token = lambda: Answer(body=b" " * 200, pause_s=0.05)
    returned, began = desk.begin(), time.monotonic()

    with pytest.raises(SocialProviderUnavailable), ending_within(0.5):
        desk.end(returned)

    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.test"},
        {"issuer": None},
        {"authorization_endpoint": "https://evil.test/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"token_endpoint": 7},
    ],
)
def test_a_provider_that_says_odd_things_of_itself_gets_no_browser(desk: Desk, changes: Claims) -> None:
    desk.provider.discovery = lambda document: document | changes

    with pytest.raises(SocialProviderUnavailable):
        desk.begin()


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri"])
def test_only_the_provider_s_own_origin_is_asked(desk: Desk, name: str) -> None:
    with running_provider() as elsewhere:
        desk.provider.discovery = lambda document: document | {name: f"{elsewhere.issuer}/{name}"}

        with pytest.raises(SocialProviderUnavailable):
            desk.enter()

        assert elsewhere.asked == []


def test_a_provider_that_is_not_there_is_unavailable_and_asked_again_when_it_is_back(desk: Desk) -> None:
    desk.provider.discovery = lambda document: {}
    with pytest.raises(SocialProviderUnavailable):
        desk.begin()

    desk.provider.discovery = lambda document: document

    assert desk.enter().created


def test_fakes_and_the_real_one_offer_the_same_names(desk: Desk) -> None:
    assert list(desk.office.providers.names()) == list(FakeProviders(account=None).names())  # type: ignore[arg-type]
