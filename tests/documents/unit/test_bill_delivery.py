"""The life of a delivery: nothing goes out without a consent and a proved address."""

from datetime import timedelta
from typing import Any

import pytest

from services.documents.domain.bill_delivery import BillDelivery, ConfirmationNotFound, DeliveryState
from services.documents.domain.consent import ConsentEnded, ConsentGiven, EndCause
from tests.documents.builders import A_MORNING, NOVOSIBIRSK, make_consent, make_delivery, make_recipient


def agree(
    delivery: BillDelivery, *, email: str, confirmation_id: str, days_later: int = 0, version: str = "2026-01"
) -> None:
    delivery.agree(
        account=NOVOSIBIRSK,
        email=email,
        consent=make_consent(version=version, at=A_MORNING + timedelta(days=days_later)),
        confirmation_id=confirmation_id,
        now=A_MORNING + timedelta(days=days_later),
    )


def test_starts_off_with_nothing_agreed_to() -> None:
    delivery = BillDelivery(recipient=make_recipient(), account=NOVOSIBIRSK)

    assert delivery.state is DeliveryState.OFF
    assert delivery.consent is None


def test_waits_for_the_proof_of_the_address_after_a_consent() -> None:
    delivery = make_delivery()

    assert delivery.state is DeliveryState.AWAITING_CONFIRMATION
    assert delivery.due_at == A_MORNING


def test_keeps_the_link_when_the_same_address_is_given_again_while_it_lives() -> None:
    delivery = make_delivery()
    delivery.link_mailed(now=A_MORNING)

    agree(delivery, email="maria@example.com", confirmation_id="cnf_other", days_later=6)

    assert delivery.confirmation is not None
    assert delivery.confirmation.confirmation_id == "cnf_" + "1" * 32
    assert delivery.due_at is None
    assert len(delivery.consents) == 1


def test_says_whether_there_is_anything_to_save() -> None:
    delivery = make_delivery()
    same: dict[str, Any] = {
        "account": NOVOSIBIRSK,
        "email": "maria@example.com",
        "confirmation_id": "cnf_other",
        "now": A_MORNING,
    }

    assert not delivery.agree(**same, consent=make_consent())
    assert delivery.agree(**same, consent=make_consent(version="2026-02"))
    assert delivery.agree(**same | {"email": "new@example.com"}, consent=make_consent(version="2026-02"))


def test_makes_a_new_link_when_the_old_one_has_expired() -> None:
    delivery = make_delivery()

    agree(delivery, email="maria@example.com", confirmation_id="cnf_other", days_later=7)

    assert delivery.confirmation is not None
    assert delivery.confirmation.confirmation_id == "cnf_other"
    assert delivery.due_at == A_MORNING + timedelta(days=7)


def test_proves_another_address_before_writing_to_it() -> None:
    delivery = make_delivery(confirmed=True)

    agree(delivery, email="new@example.com", confirmation_id="cnf_other", days_later=1)

    assert delivery.state is DeliveryState.AWAITING_CONFIRMATION
    assert delivery.email == "new@example.com"


def test_refuses_the_link_of_an_address_that_was_replaced() -> None:
    delivery = make_delivery()
    agree(delivery, email="new@example.com", confirmation_id="cnf_other")

    with pytest.raises(ConfirmationNotFound):
        delivery.confirm(confirmation_id="cnf_" + "1" * 32, now=A_MORNING)


def test_records_a_new_version_of_the_text_without_asking_for_the_address_again() -> None:
    delivery = make_delivery(confirmed=True)

    agree(delivery, email="maria@example.com", confirmation_id="cnf_other", days_later=30, version="2026-02")

    assert delivery.state is DeliveryState.ON
    assert [record.version for record in delivery.consents if isinstance(record, ConsentGiven)] == [
        "2026-01",
        "2026-02",
    ]


def test_takes_the_same_link_twice() -> None:
    delivery = make_delivery(confirmed=True)

    delivery.confirm(confirmation_id="cnf_" + "1" * 32, now=A_MORNING + timedelta(days=30))

    assert delivery.state is DeliveryState.ON


def test_refuses_an_expired_link() -> None:
    delivery = make_delivery()

    with pytest.raises(ConfirmationNotFound):
        delivery.confirm(confirmation_id="cnf_" + "1" * 32, now=A_MORNING + timedelta(days=7))


@pytest.mark.parametrize("cause", list(EndCause))
def test_forgets_the_address_at_the_end_and_keeps_the_record_of_consents(cause: EndCause) -> None:
    delivery = make_delivery(confirmed=True)

    delivery.end(cause=cause, now=A_MORNING)
    delivery.end(cause=cause, now=A_MORNING)

    assert delivery.state is DeliveryState.OFF
    assert delivery.email == ""
    assert delivery.consents == (make_consent(), ConsentEnded(cause=cause, at=A_MORNING))
    with pytest.raises(ConfirmationNotFound):
        delivery.confirm(confirmation_id="cnf_" + "1" * 32, now=A_MORNING)


def test_needs_a_new_proof_after_the_address_refused_mail() -> None:
    delivery = make_delivery(confirmed=True)
    delivery.suspend(email="maria@example.com")

    agree(delivery, email="maria@example.com", confirmation_id="cnf_other")

    assert delivery.state is DeliveryState.AWAITING_CONFIRMATION
    assert delivery.due_at == A_MORNING


def test_is_not_suspended_by_the_refusal_of_an_address_it_no_longer_has() -> None:
    delivery = make_delivery(confirmed=True)

    delivery.suspend(email="old@example.com")

    assert delivery.state is DeliveryState.ON


def test_drops_the_link_after_24_hours_in_vain_so_that_the_subscriber_can_ask_again() -> None:
    delivery = make_delivery()
    now = A_MORNING
    while delivery.due_at is not None:
        now = delivery.due_at
        delivery.link_deferred(now=now)

    agree(delivery, email="maria@example.com", confirmation_id="cnf_other", days_later=2)

    assert timedelta(hours=22) < now - A_MORNING <= timedelta(hours=24)
    assert delivery.confirmation is not None
    assert delivery.confirmation.confirmation_id == "cnf_other"
