"""Social login against a provider over real HTTP: the flow that works, and the ones that must not."""

import dataclasses
import time

import pytest
from joserfc.jwk import ECKey

from services.chassis.deadline import ending_within
from services.identity.domain.social_login import (
    SocialLoginNotFound,
    SocialLoginRefused,
    SocialProviderUnavailable,
)
from tests.identity.desk import Desk
from tests.identity.fakes import FakeProviders
from tests.identity.scripted_provider import (
    Answer,
    Claims,
    as_json,
    running_provider,
)


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
    desk.provider.token = lambda: Answer(body=b" " * 6000, pause_s=0.05)
    returned, began = desk.begin(), time.monotonic()

    with pytest.raises(SocialProviderUnavailable), ending_within(2):
        desk.end(returned)

    assert time.monotonic() - began < 60


@pytest.mark.parametrize("answer", [Answer(body=b" ", pause_s=60), Answer(body=b"{} ", breaks_off=True)])
def test_a_provider_that_does_not_finish_its_answer_is_unavailable(desk: Desk, answer: Answer) -> None:
    desk.provider.token = lambda: answer
    returned = desk.begin()

    with pytest.raises(SocialProviderUnavailable), ending_within(2):
        desk.end(returned)


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
