"""An account is unlinked before its delivery was saved: the delivery does not live, whenever the event came."""

import pytest

from services.documents.domain.bill_delivery import DeliveryState
from services.documents.domain.consent import ConsentEnded, EndCause
from tests.documents.office import Office


@pytest.fixture
def office() -> Office:
    return Office()


def test_ends_a_delivery_instead_of_mailing_a_link_when_the_account_was_unlinked_before_it_was_saved(
    office: Office,
) -> None:
    office.ask_for_proof()
    office.accounts.links.clear()

    office.mail_confirmation()

    assert office.post.links == []
    assert office.delivery().state is DeliveryState.OFF
    (_, ended) = office.delivery().consents
    assert isinstance(ended, ConsentEnded) and ended.cause is EndCause.ACCOUNT_UNLINKED


def test_mails_the_link_when_accounts_is_back_however_long_it_was_down(office: Office) -> None:
    office.ask_for_proof()
    office.accounts.down = True
    for _ in range(30):
        office.mail_confirmation()
        office.clock.advance(hours=1)
    assert office.post.links == []

    office.accounts.down = False
    office.mail_confirmation()

    assert len(office.post.links) == 1
