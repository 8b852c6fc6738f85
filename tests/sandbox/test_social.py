"""The social provider through a real OpenID Connect code flow, driven by authlib as a relying party would."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.sandbox.programs import Program
from tests.support.ports import free_port

CLIENT_ID, CLIENT_SECRET = "kabinet", "secret_of_the_kabinet_client"
REDIRECT_URI = "http://localhost:18080/social/callback"
VERIFIER = "a-verifier-that-is-long-enough-to-be-taken-seriously"


@pytest.fixture(scope="module")
def social(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A provider with one client."""
    listen = f"127.0.0.1:{free_port()}"
    program = Program(
        module="sandbox.social",
        base_url=f"http://{listen}",
        log_file=tmp_path_factory.mktemp("social") / "social.log",
        environment={
            "SOCIAL_LISTEN": listen,
            "SOCIAL_CLIENT_ID": CLIENT_ID,
            "SOCIAL_CLIENT_SECRET": CLIENT_SECRET,
            "SOCIAL_REDIRECT_URIS": f"{REDIRECT_URI}, http://localhost:18080/other",
        },
    )
    program.start()
    yield program
    assert program.stop() == 0


@pytest.fixture
def metadata(social: Program) -> dict[str, Any]:
    """What the provider says about itself."""
    return dict(social.call("GET", "/.well-known/openid-configuration")[1])


def _client(*, secret: str = CLIENT_SECRET) -> OAuth2Session:
    return OAuth2Session(
        CLIENT_ID, secret, scope="openid profile email", redirect_uri=REDIRECT_URI, code_challenge_method="S256"
    )


def _authorize(
    metadata: dict[str, Any], *, sub: str = "demo-anna", nonce: str = "nonce-1", **change: str | None
) -> httpx.Response:
    """Let a user log in at the provider; a parameter changed to None is left out of the request."""
    client = _client()
    url, _ = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce=nonce, state="state-1"
    )
    client.close()
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()} | change
    parameters = {name: value for name, value in query.items() if value is not None}
    return httpx.post(metadata["authorization_endpoint"], params=parameters, data={"sub": sub}, timeout=30)


def _code(answer: httpx.Response) -> str:
    assert answer.status_code == 302, answer.text
    location = urlsplit(answer.headers["Location"])
    assert location._replace(query="").geturl() == REDIRECT_URI
    query = parse_qs(location.query)
    assert query["state"] == ["state-1"]
    return query["code"][0]


def _exchange(metadata: dict[str, Any], code: str, **change: str | None) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    } | change
    data = {name: value for name, value in form.items() if value is not None}
    return httpx.post(metadata["token_endpoint"], data=data, auth=(CLIENT_ID, CLIENT_SECRET), timeout=30)


def test_the_code_flow_ends_with_a_signed_token_for_a_known_subject(metadata: dict[str, Any]) -> None:
    code = _code(_authorize(metadata, sub="demo-anna", nonce="nonce-7"))

    with _client() as client:
        token = client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=VERIFIER)
    keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"], timeout=30).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims

    assert (claims["iss"], claims["sub"], claims["nonce"]) == (metadata["issuer"], "demo-anna", "nonce-7")
    assert CLIENT_ID in claims["aud"]
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    user = httpx.get(metadata["userinfo_endpoint"], headers=headers, timeout=30).json()
    assert (user["sub"], user["email"], user["email_verified"]) == ("demo-anna", "anna@example.test", True)
    assert "refresh_token" not in token


def test_a_user_may_have_no_address_at_all(metadata: dict[str, Any]) -> None:
    token = _exchange(metadata, _code(_authorize(metadata, sub="demo-vera"))).json()

    headers = {"Authorization": f"Bearer {token['access_token']}"}
    user = httpx.get(metadata["userinfo_endpoint"], headers=headers, timeout=30).json()

    assert user["sub"] == "demo-vera"
    assert "email" not in user


@pytest.mark.parametrize(
    ("verifier", "error"),
    [
        (None, "invalid_request"),
        ("too-short", "invalid_request"),
        (VERIFIER.upper(), "invalid_grant"),
        (create_s256_code_challenge(VERIFIER), "invalid_grant"),
    ],
)
def test_a_code_without_its_verifier_buys_nothing(metadata: dict[str, Any], verifier: str | None, error: str) -> None:
    code = _code(_authorize(metadata))

    answer = _exchange(metadata, code, code_verifier=verifier)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_wrong_verifier_spends_the_code(metadata: dict[str, Any]) -> None:
    code = _code(_authorize(metadata))
    _exchange(metadata, code, code_verifier=VERIFIER.upper())

    answer = _exchange(metadata, code)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_works_once(metadata: dict[str, Any]) -> None:
    code = _code(_authorize(metadata))
    first = _exchange(metadata, code)

    second = _exchange(metadata, code)

    assert (first.status_code, second.status_code) == (200, 400)


def test_a_code_of_another_redirect_uri_is_refused(metadata: dict[str, Any]) -> None:
    code = _code(_authorize(metadata))

    answer = _exchange(metadata, code, redirect_uri="http://localhost:18080/other")

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"redirect_uri": "http://evil.test/callback"},
        {"redirect_uri": f"{REDIRECT_URI}/more"},
        {"client_id": "somebody-else"},
    ],
)
def test_an_authorization_request_that_is_not_right_goes_nowhere(
    metadata: dict[str, Any], change: dict[str, Any]
) -> None:
    answer = _authorize(metadata, **change)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_nonce_is_required(metadata: dict[str, Any]) -> None:
    answer = _authorize(metadata, **{"nonce": ""})

    assert "code=" not in answer.headers.get("Location", "")
    assert answer.status_code in (302, 400)


def test_a_wrong_client_secret_gets_no_token(metadata: dict[str, Any]) -> None:
    form = {"grant_type": "authorization_code", "code": _code(_authorize(metadata)), "redirect_uri": REDIRECT_URI}

    answer = httpx.post(
        metadata["token_endpoint"],
        data=form | {"code_verifier": VERIFIER},
        auth=(CLIENT_ID, "another_secret"),
        timeout=30,
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_refusal_by_the_user_comes_back_as_such(metadata: dict[str, Any]) -> None:
    parameters = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": create_s256_code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }

    answer = httpx.post(metadata["authorization_endpoint"], params=parameters, data={"action": "deny"}, timeout=30)

    assert answer.headers["Location"].startswith(f"{REDIRECT_URI}?error=access_denied")


def test_the_page_offers_the_demo_users_without_a_script(metadata: dict[str, Any]) -> None:
    client = _client()
    url, _ = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce="nonce-1"
    )
    client.close()

    page = httpx.get(url, timeout=30)

    assert re.findall(r'name="sub" value="([^"]+)"', page.text) == ["demo-anna", "demo-boris", "demo-vera"]
    assert "<script" not in page.text
    assert "://" not in re.sub(r"http://localhost:18080\S*", "", page.text)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/oauth2/clients"), ("GET", "/oidc/login"), ("GET", "/oauth2/end_session"), ("GET", "/console")],
)
def test_what_the_library_opens_for_convenience_is_shut(social: Program, method: str, path: str) -> None:
    status, _ = social.call(method, path, {} if method == "POST" else None)

    assert status == 404


def test_an_error_shows_no_debugger(social: Program) -> None:
    answer = httpx.get(f"{social.base_url}/?__debugger__=yes&cmd=resource&f=debugger.js", timeout=30)

    assert "javascript" not in answer.headers["Content-Type"]
    assert "Debugger" not in answer.text


def test_it_answers_under_its_own_name_only(social: Program) -> None:
    answer = httpx.get(f"{social.base_url}/.well-known/openid-configuration", headers={"Host": "evil.test"}, timeout=30)

    assert answer.status_code == 421
