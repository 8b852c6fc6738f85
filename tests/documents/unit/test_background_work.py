"""From announcement to mailbox with everything around it scripted: what happens when a part fails at a bad moment."""

import pytest

from services.chassis.errors import VersionConflict
from services.documents.application.advance_customer_bill import RecordRegionalBill
from services.documents.domain.account import Account
from services.documents.domain.bill_delivery import DeliveryState
from services.documents.domain.consent import EndCause
from services.documents.domain.customer_bill import BillState
from services.documents.domain.events import CustomerBillArchived, CustomerBillMailed
from services.documents.domain.mailing import MailingState
from services.documents.domain.ports import MailOutcome
from tests.documents.builders import NOVOSIBIRSK, make_consent, make_content, make_delivery, make_recipient
from tests.documents.office import REGIONAL_BILL_ID, Office

_ANOTHER = "cnf_" + "9" * 32


@pytest.fixture
def office() -> Office:
    return Office()


def test_archives_a_bill_announces_it_and_mails_it_once(office: Office) -> None:
    office.subscribe()

    office.issue_bill()
    office.issue_bill()
    office.work()

    assert office.bill.state is BillState.ARCHIVED
    assert [type(event) for event in office.bills.table.published] == [CustomerBillArchived]
    assert [type(event) for event in office.mailings.table.published] == [CustomerBillMailed]
    assert office.post.bills == [("maria@example.com", office.mailing.mailing_id)]
    assert office.bill.due_at is None
    assert office.mailing.due_at is None


def test_mails_nothing_to_those_who_have_not_consented_or_have_another_account(office: Office) -> None:
    office.deliveries.save(make_delivery(digit="2"))
    office.subscribe("3", account=Account(region="54", number="999"))
    office.subscribe("4", account=Account(region="77", number=NOVOSIBIRSK.number))
    office.issue_bill()

    office.work()

    assert office.post.bills == []


def test_writes_one_mail_to_an_address_that_two_subscribers_share(office: Office) -> None:
    office.subscribe("1")
    office.subscribe("2")
    office.subscribe("3", email="other@example.com")
    office.issue_bill()

    office.work()

    assert sorted(to for to, _ in office.post.bills) == ["maria@example.com", "other@example.com"]
    mailed = {event.billing_account_id for event in office.mailings.table.published}
    assert mailed == {"acc_" + digit * 32 for digit in "123"}


def test_writes_one_mail_to_an_address_that_two_subscribers_spell_differently(office: Office) -> None:
    office.subscribe("1", email="Maria@example.com")
    office.subscribe("2", email="maria@example.com")
    office.issue_bill()

    office.work()

    assert office.post.bills == [("Maria@example.com", office.mailing.mailing_id)]
    mailed = {event.billing_account_id for event in office.mailings.table.published}
    assert mailed == {"acc_" + digit * 32 for digit in "12"}


def test_suspends_every_spelling_of_an_address_that_refuses(office: Office) -> None:
    office.subscribe("1", email="Maria@example.com")
    office.subscribe("2", email="maria@example.com")
    office.post.outcomes = [MailOutcome.REFUSED]
    office.issue_bill()

    office.work()

    assert [office.delivery(digit).state for digit in "12"] == [DeliveryState.SUSPENDED] * 2


def test_takes_two_domains_of_different_owners_for_two_addresses(office: Office) -> None:
    office.subscribe("1", email="maria@straße.example")
    office.subscribe("2", email="maria@strasse.example")
    office.issue_bill()

    office.work()

    assert len(office.post.bills) == 2


def test_keeps_the_bill_due_while_accounts_is_down_and_goes_on_after(office: Office) -> None:
    office.subscribe()
    office.issue_bill()
    office.accounts.down = True
    office.work()
    office.clock.advance(hours=30)
    office.work()
    pauses_of_a_long_outage = office.bill.due_at

    office.accounts.down = False
    office.clock.advance(minutes=10)
    office.work()

    assert pauses_of_a_long_outage is not None
    assert len(office.post.bills) == 1


def test_lets_other_bills_pass_one_that_cannot_be_drawn(office: Office) -> None:
    office.renderer.refuses.add(make_content().bill_number)
    office.issue_bill()
    office.accounts.regional_bills["rbl_2"] = make_content(bill_number="good")
    RecordRegionalBill(bills=office.bills, clock=office.clock)(regional_bill_id="rbl_2", region="54")

    office.work()

    states = {row.regional_bill_id: row.state for row in office.bills.table.rows.values()}
    assert states == {REGIONAL_BILL_ID: BillState.RECEIVED, "rbl_2": BillState.ARCHIVED}
    assert all(row.due_at for row in office.bills.table.rows.values() if row.state is BillState.RECEIVED)


def test_does_not_mail_when_the_link_ended_and_its_event_has_not_come(office: Office) -> None:
    office.subscribe()
    office.issue_bill()
    while office.advance_bill():
        pass
    del office.accounts.links[make_recipient()]

    office.work()

    assert office.post.bills == []
    assert office.mailing.state is MailingState.CANCELLED
    assert office.delivery().state is DeliveryState.OFF
    assert office.delivery().email == ""


def test_does_not_mail_when_the_consent_was_withdrawn_after_the_mailing_was_made(office: Office) -> None:
    office.subscribe()
    office.issue_bill()
    while office.advance_bill():
        pass
    delivery = office.delivery()
    delivery.end(cause=EndCause.WITHDRAWN, now=office.clock.now())
    office.deliveries.save(delivery)

    office.work()

    assert office.post.bills == []


def _mailed_to(office: Office) -> list[str]:
    return [email for email, _ in office.post.bills]


def _moves_to(office: Office, email: str, *, confirms: bool) -> None:
    delivery = office.delivery()
    delivery.agree(
        account=delivery.account, email=email, consent=make_consent(), confirmation_id=_ANOTHER, now=office.clock.now()
    )
    if confirms:
        delivery.confirm(confirmation_id=_ANOTHER, now=office.clock.now())
    office.deliveries.save(delivery)


def _proves(office: Office) -> None:
    delivery = office.delivery()
    delivery.confirm(confirmation_id=_ANOTHER, now=office.clock.now())
    office.deliveries.save(delivery)
    office.clock.advance(minutes=10)
    office.work()


@pytest.mark.parametrize("confirms_at_once", [True, False])
def test_a_mail_that_was_deferred_goes_to_the_address_that_is_proved_meanwhile(
    office: Office, confirms_at_once: bool
) -> None:
    office.subscribe(email="old@example.com")
    office.issue_bill()
    office.post.outcomes = [MailOutcome.DEFERRED]
    office.work()
    _moves_to(office, "new@example.com", confirms=confirms_at_once)
    office.clock.advance(minutes=2)
    office.work()
    before_proof = _mailed_to(office)

    _proves(office)

    assert before_proof == (["new@example.com"] if confirms_at_once else [])
    assert _mailed_to(office) == ["new@example.com"]
    states = {mailing.email: mailing.state for mailing in office.mailings.table.rows.values()}
    assert states == {"old@example.com": MailingState.CANCELLED, "new@example.com": MailingState.SENT}


def test_a_bill_that_comes_before_its_address_is_proved_is_mailed_once_it_is(office: Office) -> None:
    office.subscribe(email="old@example.com")
    _moves_to(office, "new@example.com", confirms=False)
    office.issue_bill()
    office.work()
    unproved = _mailed_to(office)

    _proves(office)

    assert (unproved, _mailed_to(office)) == ([], ["new@example.com"])


def test_a_bill_for_an_address_that_nobody_proves_is_not_mailed_and_waits_no_longer_than_the_link(
    office: Office,
) -> None:
    office.subscribe(email="old@example.com")
    _moves_to(office, "new@example.com", confirms=False)
    office.issue_bill()
    office.work()
    waiting = office.mailing.state

    office.clock.advance(days=8)
    office.work()

    assert (waiting, office.mailing.state) == (MailingState.DUE, MailingState.CANCELLED)
    assert office.post.bills == []


def test_does_not_mail_a_bill_of_an_account_that_the_link_no_longer_leads_to(office: Office) -> None:
    office.subscribe()
    office.issue_bill()
    while office.advance_bill():
        pass
    office.accounts.links[make_recipient()] = Account(region="54", number="another")

    office.work()

    assert office.post.bills == []


def test_does_not_count_an_outage_of_accounts_against_the_24_hours(office: Office) -> None:
    office.subscribe()
    office.issue_bill()
    while office.advance_bill():
        pass
    office.accounts.down = True
    for _ in range(30):
        office.work()
        office.clock.advance(hours=1)

    office.accounts.down = False
    office.post.outcomes = [MailOutcome.DEFERRED]
    office.work()
    office.clock.advance(seconds=10)
    office.work()

    assert len(office.post.bills) == 1


def test_tries_a_soft_bounce_again_until_it_is_taken(office: Office) -> None:
    office.subscribe()
    office.issue_bill()
    office.post.outcomes = [MailOutcome.DEFERRED] * 3

    for _ in range(10):
        office.work()
        office.clock.advance(minutes=20)

    assert office.mailing.state is MailingState.SENT
    assert len(office.post.bills) == 1


def test_suspends_the_delivery_after_a_hard_bounce(office: Office) -> None:
    office.subscribe()
    office.issue_bill()
    office.post.outcomes = [MailOutcome.REFUSED]

    office.work()

    assert office.delivery().state is DeliveryState.SUSPENDED
    assert office.mailing.state is MailingState.REFUSED
    assert office.mailing.due_at is None
    assert office.mailings.table.published == []


def test_sends_no_second_mail_when_the_answer_to_the_first_was_lost(office: Office) -> None:
    office.subscribe()
    office.issue_bill()
    office.post.outcomes = [MailOutcome.UNCERTAIN]

    for _ in range(30):
        office.work()
        office.clock.advance(hours=1)

    assert len(office.post.bills) == 1
    assert office.mailing.state is MailingState.UNCERTAIN


def test_sends_no_second_mail_when_killed_while_the_body_was_leaving(office: Office) -> None:
    office.subscribe()
    office.issue_bill()

    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    office.post.during_body = kill
    with pytest.raises(Killed):
        office.work()
    office.post.during_body = lambda: None
    office.clock.advance(minutes=6)
    office.work()

    assert office.post.bills == []  # the one that left is at the server, or lost: nobody knows
    assert office.mailing.state is MailingState.UNCERTAIN


def test_sends_the_mail_after_all_when_killed_before_the_body(office: Office) -> None:
    office.subscribe()
    office.issue_bill()
    while office.advance_bill():
        pass
    office.mailings.claim_due()

    office.mailings.table.expire_leases()
    office.work()

    assert len(office.post.bills) == 1


def test_stops_a_zombie_before_the_body(office: Office) -> None:
    office.subscribe()
    office.issue_bill()
    while office.advance_bill():
        pass
    zombies_view = office.mailings.claim_due()
    office.mailings.table.expire_leases()
    office.work()

    assert zombies_view is not None
    zombies_view.begin(recipients=zombies_view.recipients, now=office.clock.now())
    with pytest.raises(VersionConflict):
        office.mailings.save(zombies_view)
    assert len(office.post.bills) == 1


def test_believes_an_answer_that_came_after_another_had_stopped_waiting(office: Office) -> None:
    office.subscribe()
    office.issue_bill()

    def be_slow() -> None:
        office.clock.advance(minutes=6)
        while office.advance_mailing():
            pass
        assert office.mailing.state is MailingState.UNCERTAIN

    office.post.during_body = be_slow
    office.work()

    assert office.mailing.state is MailingState.SENT
    assert len(office.mailings.table.published) == 1


@pytest.mark.parametrize(
    ("outcomes", "state", "mails"),
    [
        ([], DeliveryState.AWAITING_CONFIRMATION, 1),
        ([MailOutcome.DEFERRED], DeliveryState.AWAITING_CONFIRMATION, 2),
        ([MailOutcome.UNCERTAIN], DeliveryState.AWAITING_CONFIRMATION, 2),
        ([MailOutcome.REFUSED], DeliveryState.SUSPENDED, 1),
    ],
)
def test_mails_the_link_until_it_is_taken(
    office: Office, outcomes: list[MailOutcome], state: DeliveryState, mails: int
) -> None:
    office.ask_for_proof()
    office.post.outcomes = outcomes

    for _ in range(5):
        office.mail_confirmation()
        office.clock.advance(minutes=2)

    assert office.delivery().state is state
    assert office.post.links == [("maria@example.com", "token-cnf_" + "1" * 32)] * mails
