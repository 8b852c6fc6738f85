"""A registration's life: five tries, ten minutes, one use."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain.registration import LetterKind, RegistrationNotFound, State
from tests.identity.builders import NOON, make_registration


def test_the_right_code_confirms_it_once() -> None:
    registration = make_registration()

    confirmed = registration.try_code(matches=True, now=NOON)

    assert (confirmed, registration.state) == (True, State.CONFIRMED)
    with pytest.raises(RegistrationNotFound):
        registration.try_code(matches=True, now=NOON)


def test_the_fifth_wrong_code_ends_it_and_forgets_the_password() -> None:
    registration = make_registration()

    answers = [registration.try_code(matches=False, now=NOON) for _ in range(5)]

    assert answers == [False] * 5
    assert (registration.state, registration.tries_left, registration.password_hash) == (State.ENDED, 0, "")
    with pytest.raises(RegistrationNotFound):
        registration.try_code(matches=True, now=NOON)


def test_its_code_ends_after_ten_minutes() -> None:
    registration = make_registration()

    with pytest.raises(RegistrationNotFound):
        registration.try_code(matches=True, now=NOON + timedelta(minutes=10))


@pytest.mark.parametrize("letter", [LetterKind.ADDRESS_TAKEN, LetterKind.LOGIN_UNAVAILABLE])
def test_no_code_confirms_one_for_something_that_is_taken(letter: LetterKind) -> None:
    registration = make_registration(letter=letter)

    confirmed = registration.try_code(matches=True, now=NOON)

    assert (confirmed, registration.tries_left) == (False, 4)


def test_a_letter_is_retried_with_growing_pauses_until_its_code_is_of_no_use() -> None:
    registration = make_registration()
    now, pauses = NOON, []

    while registration.due_at is not None:
        registration.letter_deferred(now=now)
        if registration.due_at is not None:
            pauses.append((registration.due_at - now).total_seconds())
            now = registration.due_at

    assert pauses[:6] == [2, 4, 8, 16, 32, 60]
    assert pauses == sorted(pauses)
    assert now < registration.expires_at


def test_an_expired_one_has_no_letter_to_send() -> None:
    registration = make_registration()

    assert registration.next_letter(now=NOON) is not None
    assert registration.next_letter(now=NOON + timedelta(minutes=10)) is None


def test_a_confirmed_one_stays_due_until_its_subscriber_exists() -> None:
    registration = make_registration()
    registration.try_code(matches=True, now=NOON)

    due_before = registration.due_at
    registration.settle()

    assert due_before is not None
    assert (registration.due_at, registration.password_hash) == (None, "")


@given(st.lists(st.booleans(), max_size=12))
def test_never_takes_more_than_five_tries(guesses: list[bool]) -> None:
    registration = make_registration()
    answers: list[bool | None] = []

    for matches in guesses:
        try:
            answers.append(registration.try_code(matches=matches, now=NOON))
        except RegistrationNotFound:
            answers.append(None)

    counted = [answer for answer in answers if answer is not None]
    assert len(counted) <= 5
    assert counted.count(True) <= 1
    assert registration.tries_left == 5 - counted.count(False)
