"""Mailing the bills of accounts that have another number, or another owner, than when it was consented to."""

from datetime import timedelta

import pytest

from services.documents.domain.account import Account, Spell
from services.documents.domain.mailing import MailingState
from tests.documents.builders import NOVOSIBIRSK, make_content, make_recipient
from tests.documents.office import Office

_OLD = Account(region="54", number="540000000001")


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_consent_under_a_former_number_holds_for_a_bill_under_the_new_one(office: Office) -> None:
    office.subscribe(account=_OLD)
    office.accounts.links[make_recipient()] = NOVOSIBIRSK
    office.accounts.spells[make_recipient()] = (Spell(account=NOVOSIBIRSK), Spell(account=_OLD))
    office.issue_bill(also_known_as=(_OLD,))

    office.work()

    assert [email for email, _ in office.post.bills] == ["maria@example.com"]


def test_a_bill_of_whoever_has_the_number_now_is_not_mailed_to_whoever_had_it(office: Office) -> None:
    office.subscribe()
    office.accounts.links[make_recipient()] = _OLD
    ended = make_content().issued_at
    office.accounts.spells[make_recipient()] = (Spell(account=_OLD), Spell(account=NOVOSIBIRSK, until=ended))
    office.issue_bill()

    office.work()

    assert office.post.bills == []
    assert office.mailing.state is MailingState.CANCELLED


def test_a_bill_issued_before_the_account_passed_on_is_not_mailed_to_its_new_owner(office: Office) -> None:
    office.subscribe()
    since = make_content().issued_at + timedelta(seconds=1)
    office.accounts.spells[make_recipient()] = (Spell(account=NOVOSIBIRSK, since=since),)
    office.issue_bill()

    office.work()

    assert office.post.bills == []
