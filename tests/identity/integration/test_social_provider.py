"""Social login over gRPC with the sandbox's provider: the code flow as a browser goes through it."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from kabinet.identity.v1 import identity_pb2 as pb

from deploy.local.keys import Keys
from services.chassis.grpc_client import RemoteError
from services.identity.bootstrap_stores import open_stores
from services.identity.entrypoints.servicer import build_server
from tests.identity.integration.conftest import CLIENT, Identity, SettingsMaker
from tests.sandbox.programs import Program
from tests.support.ports import free_port

_CALLBACK = "https://kabinet.example/social/callback"
_BROWSER = "a secret of this browser"
_SECRET = "a secret of the sandbox's client"


@pytest.fixture(scope="module")
def social(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The provider, as a process of its own."""
    listen = f"127.0.0.1:{free_port()}"
    program = Program(
        module="sandbox.social",
        base_url=f"http://{listen}",
        log_file=tmp_path_factory.mktemp("social") / "social.log",
        environment={
            "SOCIAL_LISTEN": listen,
            "SOCIAL_CLIENT_ID": "kabinet",
            "SOCIAL_CLIENT_SECRET": _SECRET,
            "SOCIAL_REDIRECT_URIS": _CALLBACK,
        },
    )
    program.start()
    yield program
    program.stop()


@pytest.fixture
def identity(keys: Keys, make_settings: SettingsMaker, social: Program) -> Iterator[Identity]:
    """An identity that knows the provider."""
    settings = make_settings(social_issuer=social.base_url, social_client_id="kabinet", social_client_secret=_SECRET)
    stores = open_stores(settings, role="grpc")
    server = build_server(settings, stores)
    server.start()
    running = Identity(address=f"127.0.0.1:{server.port}", keys=keys)
    try:
        yield running
    finally:
        running.close()
        server.stop(grace_s=1)
        stores.close()


def _start(identity: Identity) -> pb.StartSocialLoginResponse:
    request = pb.StartSocialLoginRequest(provider="demo-id", return_url=_CALLBACK, browser_secret=_BROWSER)
    answer: pb.StartSocialLoginResponse = identity.call("StartSocialLogin", request)
    return answer


def _agree(authorization_url: str, *, sub: str = "demo-anna") -> dict[str, str]:
    """Be somebody at the provider and return what the browser brings back."""
    answer = httpx.post(authorization_url, data={"sub": sub}, follow_redirects=False, timeout=30)
    assert answer.headers["Location"].startswith(_CALLBACK), answer.text
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def _complete(
    identity: Identity, brought: dict[str, str], *, social_login_id: str = "", browser_secret: str = _BROWSER
) -> pb.CompleteSocialLoginResponse:
    request = pb.CompleteSocialLoginRequest(
        social_login_id=social_login_id,
        code=brought["code"],
        state=brought["state"],
        browser_secret=browser_secret,
        client=CLIENT,
    )
    answer: pb.CompleteSocialLoginResponse = identity.call("CompleteSocialLogin", request)
    return answer


def test_the_provider_is_listed(identity: Identity) -> None:
    answer = identity.call("ListSocialProviders", pb.ListSocialProvidersRequest())

    assert [(each.provider, each.name) for each in answer.providers] == [("demo-id", "Социальная сеть (демо)")]


def test_who_agrees_at_the_provider_has_the_same_kind_of_session(identity: Identity) -> None:
    first = _complete(identity, _agree(_start(identity).authorization_url))
    started = _start(identity)
    second = _complete(identity, _agree(started.authorization_url), social_login_id=started.social_login_id)

    answer = identity.call("GetProfile", pb.GetProfileRequest(), access_token=second.tokens.access_token)
    assert (first.created, second.created) == (True, False)
    assert (answer.profile.login, answer.profile.email) == ("", "")
    assert answer.profile.display_name == "Анна Петрова"
    assert identity.refresh(first.tokens.refresh_token).session_id == first.tokens.session_id


def test_an_address_that_the_provider_vouches_for_links_to_nobody(identity: Identity) -> None:
    identity.register(email="anna@example.test")

    assert _complete(identity, _agree(_start(identity).authorization_url)).created


def test_a_return_in_another_browser_or_a_second_time_is_not_found(identity: Identity) -> None:
    brought = _agree(_start(identity).authorization_url)

    with pytest.raises(RemoteError) as stolen:
        _complete(identity, brought, browser_secret="a secret of another browser")
    entered = _complete(identity, brought)
    with pytest.raises(RemoteError) as repeated:
        _complete(identity, brought)

    assert entered.tokens.access_token
    assert stolen.value.reason == repeated.value.reason == "SOCIAL_LOGIN_NOT_FOUND"


def test_a_code_of_another_person_s_login_is_refused(identity: Identity) -> None:
    victim = _agree(_start(identity).authorization_url, sub="demo-anna")
    thief = _agree(_start(identity).authorization_url, sub="demo-boris")

    with pytest.raises(RemoteError) as refused:
        _complete(identity, thief | {"code": victim["code"]})

    assert refused.value.reason == "SOCIAL_LOGIN_REFUSED"


def test_the_browser_is_sent_back_to_our_own_pages_only(identity: Identity) -> None:
    request = pb.StartSocialLoginRequest(
        provider="demo-id", return_url="https://evil.test/callback", browser_secret=_BROWSER
    )

    with pytest.raises(RemoteError) as refused:
        identity.call("StartSocialLogin", request)

    assert refused.value.reason == "RETURN_URL_NOT_ALLOWED"
