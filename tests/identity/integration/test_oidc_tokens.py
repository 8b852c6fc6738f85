"""ID tokens that must not be believed: wrong claims, and signatures that are not the provider's."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from services.identity.domain.social_login import SocialLoginRefused
from tests.identity.desk import Desk
from tests.identity.scripted_provider import CLIENT_ID, CLIENT_SECRET, Claims, ScriptedProvider


def _without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def _with(**changes: object) -> Callable[[Claims], Claims]:
    return lambda claims: claims | changes


def _dated(name: str, *, seconds: int) -> Callable[[Claims], Claims]:
    return lambda claims: claims | {name: int(time.time()) + seconds}


_WRONG_CLAIMS = {
    "another issuer": _with(iss="https://evil.test"),
    "the issuer with a slash": lambda claims: claims | {"iss": f"{claims['iss']}/"},
    "no issuer": _without("iss"),
    "another audience": _with(aud="somebody-else"),
    "several audiences and nobody authorized": _with(aud=[CLIENT_ID, "somebody-else"]),
    "somebody else authorized": _with(azp="somebody-else"),
    "no audience": _without("aud"),
    "expired": _dated("exp", seconds=-3600),
    "no end": _without("exp"),
    "an end that is no number": _with(exp="tomorrow"),
    "issued in the future": _dated("iat", seconds=3600),
    "issued long ago": _dated("iat", seconds=-7200),
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
