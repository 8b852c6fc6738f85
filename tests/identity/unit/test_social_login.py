"""Social login without a provider: bound to a browser, used once, and an account is (issuer, subject) only."""

import dataclasses
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from services.chassis.errors import FieldInvalid
from services.chassis.return_url import ReturnUrlNotAllowed
from services.identity.application.complete_social_login import CompletedSocialLogin, Returned
from services.identity.domain.social_login import (
    SocialLoginNotFound,
    SocialLoginRefused,
    SocialProviderNotFound,
)
from services.identity.domain.subscriber import SocialIdentity, SocialIdentityTaken, Subscriber
from tests.identity.builders import make_account
from tests.identity.fakes import FakeSubscribers
from tests.identity.office import BROWSER_SECRET, CALLBACK, Office


def _start(office: Office) -> Returned:
    started = office.start_social_login(provider="demo-id", return_url=CALLBACK, browser_secret=BROWSER_SECRET)
    (state,) = parse_qs(urlsplit(started.authorization_url).query)["state"]
    return Returned(
        social_login_id=started.social_login_id,
        code="a code",
        state=state,
        browser_secret=BROWSER_SECRET,
        user_agent="a browser",
    )


def _enter(office: Office) -> CompletedSocialLogin:
    return office.complete_social_login(_start(office))


def test_the_first_login_makes_a_subscriber_and_the_second_finds_them() -> None:
    office = Office()

    first, second = _enter(office), _enter(office)

    one, other = (office.get_profile(session_id=each.tokens.session_id) for each in (first, second))
    assert (first.created, second.created) == (True, False)
    assert one.subscriber_id == other.subscriber_id
    assert (one.login, one.email, one.display_name) == (None, None, "Анна Петрова")
    assert len(office.subscribers.announced) == 1


def test_the_same_subject_of_another_issuer_is_another_person() -> None:
    office = Office()
    first = _enter(office)
    office.providers.account = make_account(identity=SocialIdentity(issuer="https://other.example", subject="anna"))

    second = _enter(office)

    assert second.created
    assert first.tokens.session_id != second.tokens.session_id


def test_the_state_alone_finds_the_login() -> None:
    office = Office()
    returned = dataclasses.replace(_start(office), social_login_id="")

    assert office.complete_social_login(returned).created


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "another state"},
        {"browser_secret": "a secret of another browser"},
        {"social_login_id": "soc_00000000000000000000000000000000"},
        {"social_login_id": "", "state": "another state"},
        {"state": ""},
        {"browser_secret": ""},
    ],
)
def test_what_does_not_fit_is_not_found_and_spoils_nothing(changes: dict[str, str]) -> None:
    office = Office()
    returned = _start(office)

    with pytest.raises(SocialLoginNotFound):
        office.complete_social_login(dataclasses.replace(returned, **changes))

    assert office.providers.redeemed == []
    assert office.complete_social_login(returned).created


def test_a_login_is_used_once() -> None:
    office = Office()
    returned = _start(office)
    office.complete_social_login(returned)

    with pytest.raises(SocialLoginNotFound):
        office.complete_social_login(returned)

    assert office.providers.redeemed == ["a code"]


def test_a_login_is_good_for_ten_minutes() -> None:
    office = Office()
    returned = _start(office)
    office.clock.move(timedelta(minutes=10))

    with pytest.raises(SocialLoginNotFound):
        office.complete_social_login(returned)


def test_who_declines_at_the_provider_is_refused() -> None:
    office = Office()

    with pytest.raises(SocialLoginRefused):
        office.complete_social_login(dataclasses.replace(_start(office), code=""))


def test_refuses_to_begin_for_a_page_that_is_not_ours_or_a_secret_that_can_be_guessed() -> None:
    office = Office()

    with pytest.raises(ReturnUrlNotAllowed):
        office.start_social_login(provider="demo-id", return_url="https://evil.test/", browser_secret=BROWSER_SECRET)
    with pytest.raises(FieldInvalid):
        office.start_social_login(provider="demo-id", return_url=CALLBACK, browser_secret="short")
    with pytest.raises(SocialProviderNotFound):
        office.start_social_login(provider="nobody", return_url=CALLBACK, browser_secret=BROWSER_SECRET)


class _Late(FakeSubscribers):
    """Another window makes the subscriber between our look-up and our save."""

    def save(self, subscriber: Subscriber, /) -> None:
        if self.find_by_social_identity(subscriber.social_identities[0].identity) is None:
            identity = subscriber.social_identities[0].identity
            rival = Subscriber.of_social_identity(identity, display_name="", language="ru", now=subscriber.created_at)
            super().save(rival)
            raise SocialIdentityTaken
        super().save(subscriber)


def test_two_first_logins_at_once_are_one_subscriber() -> None:
    office = Office(subscribers=_Late())

    completed = _enter(office)

    assert not completed.created
    assert len(office.subscribers.announced) == 1
