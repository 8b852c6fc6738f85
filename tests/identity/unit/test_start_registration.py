"""Beginning a registration: taken and free look alike to whoever asks."""

import dataclasses

import pytest

from services.chassis.email_address import EmailInvalid
from services.chassis.errors import FieldInvalid, TooManyAttempts
from services.identity.application.start_registration import Application
from services.identity.domain.consent import ConsentMissing
from services.identity.domain.login import LoginInvalid, LoginIsRegional
from services.identity.domain.password import PasswordCommon, PasswordTooShort
from services.identity.domain.registration import LetterKind
from tests.identity.builders import CONSENTS, PASSWORD, make_rates, make_social_subscriber
from tests.identity.office import Office

_GOOD = Application(
    login="anna.petrova",
    password=PASSWORD,
    email="Anna@Example.test",
    consents=CONSENTS,
    language="en",
    ip_address="192.0.2.7",
)


def test_a_free_login_gets_a_code_in_the_wanted_language() -> None:
    office = Office()

    registration = office.start_registration(_GOOD)

    (letter,) = registration.letters
    assert (letter.kind, letter.to, letter.language) == (LetterKind.CODE, "Anna@example.test", "en")
    assert office.registrations.get(registration.registration_id).confirmable


@pytest.mark.parametrize(
    ("login", "email"),
    [
        ("anna.petrova", "other@example.test"),
        ("other.login", "ANNA@example.test"),
        ("anna.petrova", "anna@example.test"),
        ("other.login", "other@example.test"),
    ],
    ids=["login taken", "address taken", "both taken", "both free"],
)
def test_taken_or_free_the_answer_has_the_same_form_for_the_same_work(login: str, email: str) -> None:
    office = Office()
    office.register(login="anna.petrova", email="anna@example.test")
    before = office.clock.now()

    registration = office.begin(login=login, email=email)

    assert office.hasher.work == 1
    assert registration.registration_id.startswith("reg_")
    assert (registration.expires_at - before).total_seconds() == 600


def test_the_owner_of_a_taken_address_is_told_instead_of_getting_a_code() -> None:
    office = Office()
    office.register(email="anna@example.test")

    registration = office.begin(login="other.login", email="Anna@example.test")

    assert [letter.kind for letter in registration.letters] == [LetterKind.ADDRESS_TAKEN]
    assert not registration.confirmable


def test_a_taken_login_is_told_to_its_owner_and_to_the_address_that_waits() -> None:
    office = Office()
    office.register(login="anna.petrova", email="anna@example.test")

    registration = office.begin(login="Anna.Petrova", email="other@example.test")

    assert [(letter.kind, letter.to) for letter in registration.letters] == [
        (LetterKind.LOGIN_UNAVAILABLE, "other@example.test"),
        (LetterKind.LOGIN_TAKEN, "anna@example.test"),
    ]
    assert not registration.confirmable


def test_somebody_of_a_social_network_takes_no_login_and_no_address() -> None:
    office = Office()
    office.subscribers.save(make_social_subscriber())

    assert office.begin().confirmable


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"login": "77-123456"}, LoginIsRegional),
        ({"login": "x"}, LoginInvalid),
        ({"password": "short"}, PasswordTooShort),
        ({"password": "passwordpassword"}, PasswordCommon),
        ({"email": "nobody"}, EmailInvalid),
        ({"email": "анна@example.test"}, EmailInvalid),
        ({"consents": CONSENTS[:1]}, ConsentMissing),
        ({"language": "fr"}, FieldInvalid),
    ],
)
def test_refuses_a_bad_application_before_any_work(changes: dict[str, object], refusal: type[Exception]) -> None:
    office = Office()

    with pytest.raises(refusal):
        office.start_registration(dataclasses.replace(_GOOD, **changes))  # type: ignore[arg-type]

    assert office.hasher.work == 0


def test_one_address_begins_so_many_and_another_goes_on() -> None:
    office = Office(rates=make_rates(registration_per_address="2/hour"))
    for number in range(2):
        office.begin(login=f"login-{number}", email=f"{number}@example.test")

    with pytest.raises(TooManyAttempts) as refused:
        office.begin(login="login-3", email="3@example.test")

    assert refused.value.metadata == {"retry_after_s": "60"}
    assert office.hasher.work == 2
    office.start_registration(dataclasses.replace(_GOOD, ip_address="192.0.2.8"))


def test_nobody_fills_a_mailbox_by_registering_its_address() -> None:
    office = Office()
    for number in range(5):
        office.start_registration(dataclasses.replace(_GOOD, login=f"login-{number}", ip_address=f"192.0.2.{number}"))

    with pytest.raises(TooManyAttempts):
        office.start_registration(dataclasses.replace(_GOOD, ip_address="192.0.2.99", email="ANNA@example.test"))
