"""Confirming: one use, five tries, one owner of a login, and no half-made subscriber after a crash."""

from datetime import timedelta

import pytest

from services.identity.domain.events import SubscriberRegistered
from services.identity.domain.registration import CodeWrong, Registration, RegistrationNotFound, State
from services.identity.domain.session import SessionEnded
from services.identity.domain.subscriber import Subscriber
from tests.identity.office import Office


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


def _confirm(office: Office, registration: Registration, code: str | None = None) -> Subscriber:
    tokens = office.confirm_registration(
        registration_id=registration.registration_id, code=code or office.code_of(registration), user_agent="a browser"
    )
    return office.get_profile(session_id=tokens.session_id)


def test_the_mailed_code_makes_the_subscriber_and_says_so_once() -> None:
    office = Office()
    registration = office.begin()

    subscriber = _confirm(office, registration)

    assert (subscriber.login, subscriber.email) == ("anna.petrova", "anna@example.test")
    assert [type(event) for event in office.subscribers.announced] == [SubscriberRegistered]
    with pytest.raises(RegistrationNotFound):
        _confirm(office, registration)


def test_a_wrong_code_says_how_many_tries_are_left_and_the_fifth_ends_it() -> None:
    office = Office()
    registration = office.begin()
    wrong, left = _wrong(office.code_of(registration)), []

    for _ in range(5):
        with pytest.raises(CodeWrong) as refused:
            _confirm(office, registration, wrong)
        left.append(refused.value.metadata["tries_left"])

    assert left == ["4", "3", "2", "1", "0"]
    with pytest.raises(RegistrationNotFound):
        _confirm(office, registration)


@pytest.mark.parametrize("code", ["", "x", "1234567", "١٢٣٤٥٦٧٨", "0" * 1000])
def test_a_code_of_any_form_is_just_wrong(code: str) -> None:
    office = Office()
    registration = office.begin()

    with pytest.raises(CodeWrong):
        office.confirm_registration(registration_id=registration.registration_id, code=code, user_agent="")


def test_a_taken_login_cannot_be_confirmed_even_with_the_code_that_was_never_mailed() -> None:
    office = Office()
    office.register(login="anna.petrova", email="anna@example.test")
    registration = office.begin(login="anna.petrova", email="other@example.test")

    with pytest.raises(CodeWrong):
        _confirm(office, registration)

    owner = office.subscribers.find_by_login("anna.petrova")
    assert owner is not None and owner.email == "anna@example.test"


def test_of_two_confirmations_of_one_login_exactly_one_wins() -> None:
    office = Office()
    first = office.begin(email="anna@example.test")
    second = office.begin(email="other@example.test")

    winner = _confirm(office, second)

    with pytest.raises(RegistrationNotFound):
        _confirm(office, first)
    assert winner.email == "other@example.test"
    assert office.registrations.get(first.registration_id).state is State.ENDED


def test_an_unknown_registration_answers_like_one_that_has_ended() -> None:
    office = Office()
    expired = office.begin()
    office.clock.move(timedelta(minutes=10))

    messages = set()
    for registration_id in (expired.registration_id, "reg_00000000000000000000000000000000"):
        with pytest.raises(RegistrationNotFound) as refused:
            office.confirm_registration(registration_id=registration_id, code="00000000", user_agent="")
        messages.add((str(refused.value), tuple(refused.value.metadata)))

    assert len(messages) == 1


def test_after_a_crash_between_the_try_and_the_subscriber_the_janitor_makes_them() -> None:
    office = Office()
    registration = office.begin()
    registration.try_code(matches=True, now=office.clock.now())
    office.registrations.save(registration)
    office.clock.move(timedelta(seconds=30))

    assert office.advance_registration()

    assert office.subscribers.get(registration.subscriber_id).login == "anna.petrova"
    assert not office.advance_registration()
    assert len(office.subscribers.announced) == 1


def test_after_a_crash_between_the_subscriber_and_the_record_of_it_the_janitor_makes_no_second() -> None:
    office = Office()
    registration = office.begin()
    registration.try_code(matches=True, now=office.clock.now())
    office.registrations.save(registration)
    office.subscribers.save(Subscriber.of_registration(registration, now=office.clock.now()))
    office.clock.move(timedelta(seconds=30))

    office.advance_registration()

    assert len(office.subscribers.announced) == 1
    settled = office.registrations.get(registration.registration_id)
    assert (settled.state, settled.due_at, settled.password_hash) == (State.CONFIRMED, None, "")


def test_the_session_of_a_stranger_is_none() -> None:
    with pytest.raises(SessionEnded):
        Office().get_profile(session_id="ses_1")
