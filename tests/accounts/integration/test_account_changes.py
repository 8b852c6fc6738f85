"""Another owner, another number: told over the feed, seen over the contract by whoever has linked the account."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.accounts.v1 import ordering_pb2
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import feed_pb2
from pymongo.database import Database

from services.accounts.adapters.mongo_service_orders import MongoServiceOrderRepository
from services.chassis.clock import SystemClock
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from services.chassis.grpc_values import time_from_proto, time_to_proto
from services.chassis.ids import new_id
from tests.accounts.integration.cabinet import ANNA, BORIS, Cabinet, link_request, posting_request
from tests.accounts.integration.scripted_region import NUMBER
from tests.accounts.integration.test_feed import make_bill_message
from tests.accounts.ordering_builders import make_order
from tests.support import eventually
from tests.support.feed_line import FeedLine

_NEW = "5400200077"
_AGO = timedelta(seconds=1)


class Journal:
    """The region's journal, one record after the other."""

    def __init__(self, cabinet: Cabinet) -> None:
        self._line = FeedLine(cabinet.by_service("region:54").remote)
        self._position = 0

    def tell(self, **news: Any) -> None:
        self._position += 1
        (answer,) = self._line.send(feed_pb2.FeedRecord(position=self._position, **news))
        assert not answer.rejected, answer

    def owner_changed(self, *, at: datetime, number: str = NUMBER) -> None:
        self.tell(owner_change=feed_pb2.OwnerChange(number=number, changed_at=time_to_proto(at)))

    def number_changed(self, *, at: datetime, old: str = NUMBER, new: str = _NEW) -> None:
        change = feed_pb2.NumberChange(old_number=old, new_number=new, changed_at=time_to_proto(at))
        self.tell(number_change=change)

    def balance(self, kopecks: int, *, number: str, as_of: datetime) -> None:
        balance = money_pb2.Money(amount_minor=kopecks, currency="RUB")
        self.tell(balance=feed_pb2.BalanceRecord(number=number, balance=balance, as_of=time_to_proto(as_of)))


@pytest.fixture
def journal(cabinet: Cabinet) -> Journal:
    return Journal(cabinet)


def _now() -> datetime:
    return SystemClock().now()


def _shown(cabinet: Cabinet, account_id: str) -> pb.BillingAccount:
    request = pb.GetBillingAccountRequest(billing_account_id=account_id, refresh_within_ms=9000)
    shown: pb.BillingAccount = cabinet.by(ANNA).accounts("GetBillingAccount", request).billing_account
    return shown


def _authorize(cabinet: Cabinet, account_id: str, action: pb.Action.ValueType, subscriber_id: str = ANNA) -> Any:
    request = pb.AuthorizeActionRequest(subscriber_id=subscriber_id, billing_account_id=account_id, action=action)
    return cabinet.by_service("documents").accounts("AuthorizeAction", request)


_PATHS: dict[str, Callable[[Cabinet, str], Any]] = {
    "charges": lambda cabinet, link: cabinet.by(ANNA).accounts(
        "ListCharges", pb.ListChargesRequest(billing_account_id=link)
    ),
    "payments": lambda cabinet, link: cabinet.by(ANNA).accounts(
        "ListCreditedPayments", pb.ListCreditedPaymentsRequest(billing_account_id=link)
    ),
    "documents": lambda cabinet, link: _authorize(cabinet, link, pb.ACTION_DOCUMENTS),
    "content": lambda cabinet, link: _authorize(cabinet, link, pb.ACTION_ORDER_CONTENT),
    "autopay": lambda cabinet, link: _authorize(cabinet, link, pb.ACTION_MANAGE),
    "decision": lambda cabinet, link: cabinet.by_service("payments").accounts(
        "GetDecisionBalance", pb.GetDecisionBalanceRequest(billing_account_id=link)
    ),
    "fee": lambda cabinet, link: cabinet.by_service("content").accounts(
        "PlaceCharge",
        pb.PlaceChargeRequest(
            charge_id=new_id("ord"),
            billing_account_id=link,
            amount=money_pb2.Money(amount_minor=100, currency="RUB"),
            description="Кино",
        ),
    ),
    "tariffs": lambda cabinet, link: cabinet.by(ANNA).ordering(
        "ListTariffPlans", ordering_pb2.ListTariffPlansRequest(billing_account_id=link)
    ),
    "changes": lambda cabinet, link: cabinet.by(ANNA).ordering(
        "ListTariffChanges", ordering_pb2.ListTariffChangesRequest(billing_account_id=link)
    ),
    "orders": lambda cabinet, link: cabinet.by(ANNA).ordering(
        "ListServiceOrders", ordering_pb2.ListServiceOrdersRequest(billing_account_id=link)
    ),
    "promises": lambda cabinet, link: cabinet.by(ANNA).ordering(
        "ListPromisedPayments", ordering_pb2.ListPromisedPaymentsRequest(billing_account_id=link)
    ),
}


@pytest.mark.parametrize("path", _PATHS)
def test_no_way_leads_a_former_owner_to_anything(cabinet: Cabinet, journal: Journal, path: str) -> None:
    link = cabinet.linked().billing_account_id
    _PATHS[path](cabinet, link)
    calls = len(cabinet.region.calls)
    journal.owner_changed(at=_now())

    with pytest.raises(RemoteError) as refused:
        _PATHS[path](cabinet, link)

    assert (refused.value.kind, refused.value.reason) == (Kind.PERMISSION_DENIED, "PROOF_OUTDATED")
    assert len(cabinet.region.calls) == calls


def test_a_former_owner_sees_no_figures_and_may_pay_and_unlink(cabinet: Cabinet, journal: Journal) -> None:
    link = cabinet.linked().billing_account_id
    before = _shown(cabinet, link)
    journal.owner_changed(at=_now())
    journal.balance(777, number=NUMBER, as_of=_now())

    after = _shown(cabinet, link)

    assert (before.standing, after.standing) == (pb.ACCOUNT_STANDING_CLEAR, pb.ACCOUNT_STANDING_OWNER_CHANGED)
    assert before.balance.HasField("value")
    assert list(after.allowed_actions) == [pb.ACTION_PAY]
    assert not after.balance.HasField("value")
    assert (after.tariff_plan.tariff_plan_id, list(after.services.items)) == ("", [])
    assert (list(after.last_charges.items), list(after.last_payments.items)) == ([], [])
    assert _authorize(cabinet, link, pb.ACTION_PAY).number == NUMBER
    every = pb.ListAuthorizedAccountsRequest(subscriber_id=ANNA, action=pb.ACTION_DOCUMENTS)
    assert list(cabinet.by_service("documents").accounts("ListAuthorizedAccounts", every).accounts) == []
    cabinet.by(ANNA).accounts("UnlinkBillingAccount", pb.UnlinkBillingAccountRequest(billing_account_id=link))


def test_proving_it_again_heals_the_link_and_is_asked_of_the_region(cabinet: Cabinet, journal: Journal) -> None:
    link = cabinet.linked().billing_account_id
    journal.owner_changed(at=_now() - _AGO)
    journal.owner_changed(at=_now())
    cabinet.region.proofs = {"contract_code": "new-code"}

    with pytest.raises(RemoteError) as refused:
        cabinet.by(ANNA).accounts("LinkBillingAccount", link_request())
    healed = cabinet.by(ANNA).accounts("LinkBillingAccount", link_request(value="new-code")).billing_account

    assert refused.value.reason == "OWNERSHIP_NOT_PROVED"
    assert (healed.billing_account_id, healed.standing) == (link, pb.ACCOUNT_STANDING_CLEAR)
    assert pb.ACTION_MANAGE in healed.allowed_actions
    assert _shown(cabinet, link).balance.HasField("value")


def test_the_new_owner_is_told_of_nothing_issued_before(cabinet: Cabinet, journal: Journal) -> None:
    changed_at = _now() - _AGO
    journal.owner_changed(at=changed_at)

    link = cabinet.linked(BORIS).billing_account_id

    (spell,) = _authorize(cabinet, link, pb.ACTION_DOCUMENTS, BORIS).numbers
    assert (spell.number, spell.HasField("until")) == (NUMBER, False)
    assert time_from_proto(spell.since) == changed_at


def test_the_new_owner_sees_nothing_that_the_former_one_had_asked_for_and_that_is_over(
    cabinet: Cabinet, journal: Journal, database: Database[dict[str, Any]]
) -> None:
    orders = MongoServiceOrderRepository(database)
    over, open_ = (make_order(request_id=tap, now=_now() - 2 * _AGO) for tap in ("one", "two"))
    over.refuse("SERVICE_NOT_FEASIBLE", now=_now())
    for order in (over, open_):
        orders.save(order)
    journal.owner_changed(at=_now() - _AGO)

    link = cabinet.linked(BORIS).billing_account_id

    request = ordering_pb2.ListServiceOrdersRequest(billing_account_id=link)
    shown = cabinet.by(BORIS).ordering("ListServiceOrders", request).service_orders
    assert [order.service_order_id for order in shown] == [open_.wish_id]


def test_the_new_owner_sees_no_row_of_before_not_even_from_memory(cabinet: Cabinet, journal: Journal) -> None:
    anna = cabinet.linked().billing_account_id
    wanted = pb.ListChargesRequest(billing_account_id=anna, page_size=100)
    assert cabinet.by(ANNA).accounts("ListCharges", wanted).charges.items
    journal.owner_changed(at=_now())
    boris = cabinet.linked(BORIS).billing_account_id
    cabinet.region.refuse(Kind.UNAVAILABLE, "AWAY")

    shown = cabinet.by(BORIS).accounts("ListCharges", pb.ListChargesRequest(billing_account_id=boris, page_size=100))

    assert list(shown.charges.items) == []


def test_an_account_goes_on_under_its_new_number(
    cabinet: Cabinet, journal: Journal, database: Database[dict[str, Any]]
) -> None:
    link = cabinet.linked().billing_account_id
    _shown(cabinet, link)
    database["billing_accounts"].update_many({}, {"$set": {"outbox": []}})
    cabinet.region.number = _NEW
    journal.number_changed(at=_now())
    journal.balance(777, number=NUMBER, as_of=_now() + _AGO)

    shown = _shown(cabinet, link)
    again = cabinet.by(ANNA).accounts("LinkBillingAccount", link_request(number=NUMBER)).billing_account

    assert (shown.number, list(shown.former_numbers), shown.region_available) == (_NEW, [NUMBER], True)
    assert again.billing_account_id == link
    assert database["snapshots"].count_documents({"_id": f"54:{NUMBER}", "balance": None}) == 1
    (present, former) = _authorize(cabinet, link, pb.ACTION_DOCUMENTS).numbers
    assert (present.number, present.HasField("since"), former.number) == (_NEW, True, NUMBER)
    assert not former.HasField("until")


def test_money_under_way_finds_the_account_under_its_new_number(cabinet: Cabinet, journal: Journal) -> None:
    link = cabinet.linked().billing_account_id
    payment_id = new_id("pay")
    payments = cabinet.by_service("payments")
    payments.accounts("RequestPosting", posting_request(payment_id, link))
    cabinet.region.number = _NEW
    journal.number_changed(at=_now())

    cabinet.start_dispatcher()

    def posted() -> bool:
        answer = payments.accounts("RequestPosting", posting_request(payment_id, link))
        return bool(answer.posting.state == pb.POSTING_STATE_POSTED)

    assert eventually(posted)
    assert cabinet.region.postings[payment_id].number == _NEW
    late = payments.accounts("RequestPosting", posting_request(new_id("pay"), link))
    assert late.posting.state == pb.POSTING_STATE_REQUESTED


def test_a_posting_that_was_applied_under_the_old_number_is_recognised(cabinet: Cabinet, journal: Journal) -> None:
    link = cabinet.linked().billing_account_id
    payment_id = new_id("pay")
    payments = cabinet.by_service("payments")

    def lose_the_answer(method: str) -> None:
        cabinet.region.number = _NEW
        journal.number_changed(at=_now())
        cabinet.region.recover()
        cabinet.region.refuse(Kind.UNAVAILABLE, "AWAY", method="PostPayment")
        raise RuntimeError("the answer is lost")

    cabinet.region.after = lose_the_answer
    payments.accounts("RequestPosting", posting_request(payment_id, link))
    cabinet.start_dispatcher()

    def posted() -> bool:
        answer = payments.accounts("RequestPosting", posting_request(payment_id, link))
        return bool(answer.posting.state == pb.POSTING_STATE_POSTED)

    assert eventually(posted)
    assert cabinet.region.applied == [payment_id]
    assert cabinet.region.postings[payment_id].number == NUMBER


def test_a_bill_tells_under_which_other_numbers_its_account_is_known(
    cabinet: Cabinet, journal: Journal, database: Database[dict[str, Any]]
) -> None:
    journal.number_changed(at=_now())
    journal.tell(bill=make_bill_message(number=_NEW))
    journal.tell(bill=make_bill_message(number=NUMBER, bill_number="late"))
    ids = {document["number"]: document["_id"] for document in database["regional_bills"].find()}

    def others(number: str) -> list[str]:
        request = pb.GetRegionalBillRequest(regional_bill_id=ids[number])
        return list(cabinet.by_service("documents").accounts("GetRegionalBill", request).other_numbers)

    assert (others(_NEW), others(NUMBER)) == ([NUMBER], [_NEW])
