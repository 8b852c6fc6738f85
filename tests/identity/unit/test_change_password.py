"""Changing the password: the other sessions end by the same save, and guesses are counted."""

import pytest

from services.chassis.errors import TooManyAttempts
from services.identity.application.create_session import CredentialsWrong
from services.identity.application.open_session import Tokens
from services.identity.domain.password import PasswordCommon, PasswordTooShort
from services.identity.domain.session import SessionEnded
from services.identity.domain.subscriber import NoPassword
from tests.identity.builders import PASSWORD, make_social_subscriber
from tests.identity.office import Office


def _log_in(office: Office, *, password: str = PASSWORD) -> Tokens:
    return office.create_session(
        login="anna.petrova", password=password, ip_address="192.0.2.7", user_agent="a browser"
    )


def test_a_new_password_ends_the_other_sessions_and_is_the_one_to_log_in_with() -> None:
    office = Office()
    office.register()
    mine, other = _log_in(office), _log_in(office)

    office.change_password(session_id=mine.session_id, current_password=PASSWORD, new_password="семь холодных чайников")

    with pytest.raises(SessionEnded):
        office.refresh_session(other.refresh_token)
    assert [each.session_id for each in office.list_sessions(session_id=mine.session_id)] == [mine.session_id]
    assert office.refresh_session(mine.refresh_token)
    with pytest.raises(CredentialsWrong):
        _log_in(office)
    assert _log_in(office, password="семь холодных чайников")


def test_a_session_opened_with_the_old_password_at_the_same_moment_is_worth_nothing() -> None:
    office = Office()
    stale = office.register()
    mine = _log_in(office)
    office.change_password(session_id=mine.session_id, current_password=PASSWORD, new_password="семь холодных чайников")

    late = office.open_session(stale, user_agent="a thief")

    with pytest.raises(SessionEnded):
        office.refresh_session(late.refresh_token)


def test_changing_needs_the_password_in_force_and_counts_guesses() -> None:
    office = Office()
    office.register()
    session_id = _log_in(office).session_id
    for _ in range(5):
        with pytest.raises(CredentialsWrong):
            office.change_password(
                session_id=session_id, current_password="wrong password", new_password="семь холодных чайников"
            )

    with pytest.raises(TooManyAttempts):
        office.change_password(session_id=session_id, current_password=PASSWORD, new_password="семь холодных чайников")


@pytest.mark.parametrize(
    ("new_password", "refusal"), [("short", PasswordTooShort), ("anna.petrova.2026", PasswordCommon)]
)
def test_refuses_a_new_password_that_will_not_do(new_password: str, refusal: type[Exception]) -> None:
    office = Office()
    office.register()
    session_id = _log_in(office).session_id

    with pytest.raises(refusal):
        office.change_password(session_id=session_id, current_password=PASSWORD, new_password=new_password)


def test_who_enters_by_a_social_network_has_no_password_to_change() -> None:
    office = Office()
    subscriber = make_social_subscriber()
    office.subscribers.save(subscriber)
    session_id = office.open_session(subscriber, user_agent="").session_id

    with pytest.raises(NoPassword):
        office.change_password(session_id=session_id, current_password="", new_password="семь холодных чайников")
