"""Letters of registrations: sent once, retried when the server defers, given up when it refuses."""

from datetime import timedelta

from services.identity.domain.ports import Delivery
from services.identity.domain.registration import LetterKind
from tests.identity.builders import make_rates
from tests.identity.office import Office


def _drain(office: Office) -> None:
    while office.advance_registration():
        pass


def test_sends_the_code_once() -> None:
    office = Office()
    registration = office.begin()

    _drain(office)

    ((letter, reference, values),) = office.postman.letters
    assert letter.kind is LetterKind.CODE
    assert reference == f"{registration.registration_id}.code"
    assert values == {"login": "anna.petrova", "code": office.code_of(registration), "minutes": "10"}


def test_a_letter_about_something_taken_holds_no_code() -> None:
    office = Office()
    office.register(login="anna.petrova", email="anna@example.test")
    office.begin(login="anna.petrova", email="other@example.test")

    _drain(office)

    assert [letter.kind for letter, _, _ in office.postman.letters] == [
        LetterKind.LOGIN_UNAVAILABLE,
        LetterKind.LOGIN_TAKEN,
    ]
    assert all("code" not in values for _, _, values in office.postman.letters)


def test_tries_a_deferred_letter_again_under_the_same_reference() -> None:
    office = Office()
    office.begin()
    office.postman.outcome = Delivery.LATER
    _drain(office)

    office.postman.outcome = Delivery.TAKEN
    office.clock.move(timedelta(seconds=2))
    _drain(office)

    references = [reference for _, reference, _ in office.postman.letters]
    assert len(references) == 2 and len(set(references)) == 1


def test_gives_a_refused_letter_up() -> None:
    office = Office()
    office.begin()
    office.postman.outcome = Delivery.NEVER
    _drain(office)

    office.clock.move(timedelta(minutes=5))
    _drain(office)

    assert len(office.postman.letters) == 1


def test_writes_no_letter_whose_code_has_ended() -> None:
    office = Office()
    office.begin()
    office.clock.move(timedelta(minutes=10))

    _drain(office)

    assert office.postman.letters == []
    office.clock.move(timedelta(days=1))
    assert office.registrations.claim_due() is None


def test_tells_an_owner_three_times_a_day_at_most() -> None:
    office = Office()
    office.register(login="anna.petrova", email="anna@example.test")
    for number in range(5):
        office.begin(login="anna.petrova", email=f"other-{number}@example.test")

    _drain(office)

    told = [letter.kind for letter, _, _ in office.postman.letters]
    assert told.count(LetterKind.LOGIN_TAKEN) == 3
    assert told.count(LetterKind.LOGIN_UNAVAILABLE) == 5


def test_a_notice_that_the_mail_server_defers_counts_once() -> None:
    office = Office(rates=make_rates(notice_per_owner="1/day"))
    office.register(login="anna.petrova", email="anna@example.test")
    office.begin(login="anna.petrova", email="other@example.test")
    office.advance_registration()  # the letter to the address; the notice to the owner comes next
    office.postman.outcome = Delivery.LATER
    for _ in range(4):
        _drain(office)
        office.clock.move(timedelta(seconds=20))

    office.postman.outcome = Delivery.TAKEN
    _drain(office)
    office.begin(login="anna.petrova", email="third@example.test")
    _drain(office)

    told = [letter.kind for letter, _, _ in office.postman.letters]
    assert told == [LetterKind.LOGIN_UNAVAILABLE, *[LetterKind.LOGIN_TAKEN] * 5, LetterKind.LOGIN_UNAVAILABLE]


def test_a_reader_who_confirms_before_the_answer_is_on_record_disturbs_nothing() -> None:
    office = Office()
    registration = office.begin()
    claimed = office.registrations.claim_due()
    assert claimed is not None

    office.confirm_registration(
        registration_id=registration.registration_id, code=office.code_of(registration), user_agent=""
    )
    _drain(office)

    assert office.postman.letters == []
