"""Claims of two subscribers to one account: what they freeze, and how that ends; over real gRPC and MongoDB."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.accounts.v1 import ordering_pb2 as ordering
from pymongo.database import Database

from services.accounts.adapters.mongo_billing_accounts import MongoBillingAccountRepository
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.ports import BillingAccountRepository
from services.accounts.domain.proof_ladder import Relation, Rung
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from tests.accounts.builders import A_MORNING, KEY, SettableClock, make_account
from tests.accounts.fakes import FakeBillingAccounts
from tests.accounts.integration.cabinet import ANNA, BORIS, Cabinet, link_request, rub

_ALL = [pb.ACTION_VIEW, pb.ACTION_DOCUMENTS, pb.ACTION_PAY, pb.ACTION_MANAGE, pb.ACTION_ORDER_CONTENT]
_LOOKING = [pb.ACTION_VIEW, pb.ACTION_DOCUMENTS]


@pytest.fixture(params=["fake", "mongo"])
def accounts(request: pytest.FixtureRequest) -> BillingAccountRepository:
    if request.param == "fake":
        return FakeBillingAccounts()
    real = MongoBillingAccountRepository(request.getfixturevalue("database"), clock=SettableClock())
    real.ensure_indexes()
    return real


def test_claims_to_accounts_are_told_and_nothing_that_is_none(accounts: BillingAccountRepository) -> None:
    other = AccountKey("54", "5400200002")
    anna, boris = make_account(subscriber_id=ANNA), make_account(subscriber_id=BORIS, rung=Rung.VIEW)
    anna.prove("contact_code", request_id=None, now=A_MORNING + timedelta(minutes=5))
    ended = make_account(subscriber_id="sub_ended")
    ended.unlink(now=A_MORNING)
    payer = make_account(subscriber_id="sub_payer", rung=Rung.PAY)
    son = make_account(subscriber_id="sub_son", relation=Relation.RELATIVE)
    for account in (anna, boris, ended, payer, son):
        accounts.save(account)

    claims = accounts.claims_to([KEY, other])

    assert set(claims) == {KEY}
    assert set(claims[KEY]) == {anna.claim, boris.claim}
    assert accounts.claims_to([]) == {}


def test_a_link_from_before_there_were_claims_is_read_and_claims_since_it_was_made(
    database: Database[dict[str, Any]],
) -> None:
    repository = MongoBillingAccountRepository(database, clock=SettableClock())
    account = make_account()
    repository.save(account)
    old = {"$set": {"rung": "full"}, "$unset": {"claimed_at": "", "confirmed_at": ""}}
    database["billing_accounts"].update_one({"_id": account.billing_account_id}, old)

    read = repository.get(account.billing_account_id)

    assert read is not None
    assert (read.rung, read.claimed_at) == (Rung.MANAGE, account.linked_at)
    assert repository.claims_to([KEY]) == {KEY: [read.claim]}


def _shown(cabinet: Cabinet, subscriber_id: str) -> pb.BillingAccount:
    (account,) = (
        cabinet.by(subscriber_id).accounts("ListBillingAccounts", pb.ListBillingAccountsRequest()).billing_accounts
    )
    shown: pb.BillingAccount = account
    return shown


def _standings(cabinet: Cabinet) -> list[str]:
    names = [pb.AccountStanding.Name(_shown(cabinet, subscriber_id).standing) for subscriber_id in (ANNA, BORIS)]
    return [name.removeprefix("ACCOUNT_STANDING_").lower() for name in names]


def _reason(call: Callable[[], object]) -> str:
    with pytest.raises(RemoteError) as refused:
        call()
    assert (refused.value.kind, refused.value.metadata) == (Kind.FAILED_PRECONDITION, {})
    return refused.value.reason


def _authorize(cabinet: Cabinet, link: pb.BillingAccount, action: pb.Action.ValueType, *, by: str = ANNA) -> Any:
    request = pb.AuthorizeActionRequest(subscriber_id=by, billing_account_id=link.billing_account_id, action=action)
    return cabinet.by_service("payments").accounts("AuthorizeAction", request)


def test_two_claims_freeze_money_for_both_and_leave_them_to_look(cabinet: Cabinet) -> None:
    anna = cabinet.linked(ANNA)
    assert (_shown(cabinet, ANNA).standing, list(anna.allowed_actions)) == (pb.ACCOUNT_STANDING_CLEAR, _ALL)

    boris = cabinet.linked(BORIS, kind="bill_code")

    assert _standings(cabinet) == ["disputed", "disputed"]
    for subscriber_id, link in ((ANNA, anna), (BORIS, boris)):
        assert list(_shown(cabinet, subscriber_id).allowed_actions) == _LOOKING
        for action in _LOOKING:
            assert _authorize(cabinet, link, action, by=subscriber_id).number == KEY.number
        for action in (pb.ACTION_PAY, pb.ACTION_MANAGE, pb.ACTION_ORDER_CONTENT):
            assert _reason(partial(_authorize, cabinet, link, action, by=subscriber_id)) == "ACCOUNT_DISPUTED"


def test_every_way_to_move_money_or_to_change_the_account_is_refused(cabinet: Cabinet) -> None:
    anna = cabinet.linked(ANNA)
    account_id = anna.billing_account_id
    charge = pb.PlaceChargeRequest(
        charge_id="ord_1", billing_account_id=account_id, amount=rub(100), description="Фильм"
    )
    cabinet.by_service("content").accounts("PlaceCharge", charge)
    plan = ordering.CreateTariffQuoteRequest(billing_account_id=account_id, tariff_plan_id="nsk-100")
    cabinet.linked(BORIS)
    subscriber = cabinet.by(ANNA)
    new_charge = pb.PlaceChargeRequest(
        charge_id="ord_2", billing_account_id=account_id, amount=rub(100), description="Фильм"
    )
    balance = pb.GetDecisionBalanceRequest(billing_account_id=account_id)
    order = ordering.CreateServiceOrderRequest(request_id="r", billing_account_id=account_id, offer_code="tv-1")
    promise = ordering.TakePromisedPaymentRequest(request_id="r", billing_account_id=account_id, amount=rub(100))
    asked_before = list(cabinet.region.calls)

    refusals = [
        _reason(lambda: subscriber.ordering("CreateTariffQuote", plan)),
        _reason(lambda: subscriber.ordering("CreateServiceOrder", order)),
        _reason(lambda: subscriber.ordering("TakePromisedPayment", promise)),
        _reason(lambda: cabinet.by_service("content").accounts("PlaceCharge", new_charge)),
        _reason(lambda: cabinet.by_service("payments").accounts("GetDecisionBalance", balance)),
    ]

    assert refusals == ["ACCOUNT_DISPUTED"] * 5
    assert cabinet.region.calls == asked_before
    assert cabinet.by_service("content").accounts("PlaceCharge", charge), "a fee that stands already is told as ever"


def test_a_list_over_all_accounts_leaves_out_what_is_frozen_and_no_more(cabinet: Cabinet) -> None:
    cabinet.linked(ANNA)
    cabinet.linked(BORIS)

    def authorized(action: pb.Action.ValueType) -> int:
        request = pb.ListAuthorizedAccountsRequest(subscriber_id=ANNA, action=action)
        return len(cabinet.by_service("documents").accounts("ListAuthorizedAccounts", request).accounts)

    assert (authorized(pb.ACTION_DOCUMENTS), authorized(pb.ACTION_PAY)) == (1, 0)


def test_a_code_of_the_contact_settles_it_and_the_latest_code_counts(cabinet: Cabinet) -> None:
    cabinet.linked(ANNA)
    boris = cabinet.linked(BORIS)

    confirmed = cabinet.confirmed(ANNA)
    assert list(confirmed.allowed_actions) == _ALL
    assert _standings(cabinet) == ["clear", "disputed"]
    assert _reason(lambda: _authorize(cabinet, boris, pb.ACTION_PAY, by=BORIS)) == "ACCOUNT_DISPUTED"

    cabinet.confirmed(BORIS)
    assert _standings(cabinet) == ["disputed", "clear"]


def test_a_code_given_before_the_other_claim_settles_nothing(cabinet: Cabinet) -> None:
    cabinet.linked(ANNA)
    cabinet.confirmed(ANNA)

    cabinet.linked(BORIS)

    assert _standings(cabinet) == ["disputed", "disputed"]


def test_a_claim_becomes_a_relative_s_account_and_the_dispute_ends(cabinet: Cabinet) -> None:
    cabinet.linked(ANNA)
    boris = cabinet.linked(BORIS)
    request = pb.ChangeRelationRequest(billing_account_id=boris.billing_account_id, relation=pb.RELATION_RELATIVE)

    for _ in range(2):
        changed = cabinet.by(BORIS).accounts("ChangeRelation", request).billing_account

    assert (changed.relation, list(changed.allowed_actions)) == (pb.RELATION_RELATIVE, _ALL[:-1])
    assert _standings(cabinet) == ["clear", "clear"]
    request.relation = pb.RELATION_OWN
    with pytest.raises(RemoteError) as refused:
        cabinet.by(BORIS).accounts("ChangeRelation", request)
    assert (refused.value.reason, refused.value.metadata["field"]) == ("FIELD_INVALID", "relation")


def test_a_foreign_account_is_as_good_as_none_when_its_relation_is_changed(cabinet: Cabinet) -> None:
    annas = cabinet.linked(ANNA).billing_account_id

    for account_id in (annas, "acc_" + "0" * 32):
        with pytest.raises(RemoteError) as refused:
            cabinet.by(BORIS).accounts(
                "ChangeRelation",
                pb.ChangeRelationRequest(billing_account_id=account_id, relation=pb.RELATION_RELATIVE),
            )
        assert (refused.value.kind, refused.value.reason) == (Kind.NOT_FOUND, "BILLING_ACCOUNT_NOT_FOUND")


def test_a_claim_ends_with_its_link(cabinet: Cabinet) -> None:
    anna = cabinet.linked(ANNA)
    boris = cabinet.linked(BORIS)

    cabinet.by(BORIS).accounts(
        "UnlinkBillingAccount", pb.UnlinkBillingAccountRequest(billing_account_id=boris.billing_account_id)
    )

    assert _shown(cabinet, ANNA).standing == pb.ACCOUNT_STANDING_CLEAR
    assert _authorize(cabinet, anna, pb.ACTION_MANAGE).number == KEY.number


@pytest.mark.parametrize(
    "request_of_boris",
    [
        link_request(kind="last_payment_minor", value="80000"),
        link_request(relation=pb.RELATION_RELATIVE),
    ],
)
def test_whoever_claims_nothing_disputes_nothing(
    cabinet: Cabinet, request_of_boris: pb.LinkBillingAccountRequest
) -> None:
    cabinet.linked(ANNA)

    boris = cabinet.by(BORIS).accounts("LinkBillingAccount", request_of_boris).billing_account

    assert _standings(cabinet) == ["clear", "clear"]
    assert _authorize(cabinet, boris, pb.ACTION_PAY, by=BORIS).number == KEY.number


def test_whoever_fails_the_proof_learns_nothing_of_links_and_disputes(cabinet: Cabinet) -> None:
    guesser = "sub_" + "c" * 32

    def guessed() -> tuple[Kind, str, str, dict[str, str]]:
        with pytest.raises(RemoteError) as refused:
            cabinet.by(guesser).accounts("LinkBillingAccount", link_request(value="guess"))
        error = refused.value
        return error.kind, error.reason, error.message, error.metadata

    nobody = guessed()
    cabinet.linked(ANNA)
    linked = guessed()
    cabinet.linked(BORIS)
    disputed = guessed()

    assert nobody == linked == disputed


def test_the_code_is_asked_for_alike_for_every_number_and_known_to_nobody_here(
    cabinet: Cabinet, database: Database[dict[str, Any]]
) -> None:
    def asked(number: str) -> range:
        """Return how many seconds the code may be good for, as its asker sees it."""
        request = pb.SendOwnershipCodeRequest(region="54", number=number, client_address="192.0.2.7")
        asked_at = int(time.time())
        expires_at = cabinet.by(ANNA).accounts("SendOwnershipCode", request).expires_at.seconds
        return range(expires_at - int(time.time()), expires_at - asked_at + 1)

    known, unknown = asked(KEY.number), asked("5400299999")
    account = (
        cabinet.by(ANNA)
        .accounts("LinkBillingAccount", link_request(kind="contact_code", value=cabinet.region.sent_codes[0]))
        .billing_account
    )

    assert 600 in known
    assert 600 in unknown
    assert list(account.allowed_actions) == [pb.ACTION_VIEW, pb.ACTION_DOCUMENTS, pb.ACTION_PAY]
    kept = str([list(database[name].find()) for name in database.list_collection_names()])
    assert cabinet.region.sent_codes[0] not in kept


def test_codes_are_limited_and_a_region_that_sends_no_more_is_no_outage(cabinet: Cabinet) -> None:
    request = pb.SendOwnershipCodeRequest(region="54", number=KEY.number)

    def reason() -> str:
        with pytest.raises(RemoteError) as refused:
            cabinet.by(ANNA).accounts("SendOwnershipCode", request)
        assert refused.value.metadata["retry_after_s"]
        return refused.value.reason

    cabinet.region.refuse(Kind.FAILED_PRECONDITION, "TOO_MANY_CODES", method="SendOwnershipCode")
    assert {reason() for _ in range(5)} == {"TOO_MANY_ATTEMPTS"}
    cabinet.region.recover()
    for _ in range(3):
        cabinet.by(ANNA).accounts("SendOwnershipCode", request)

    assert reason() == "TOO_MANY_ATTEMPTS"
    assert len(cabinet.region.sent_codes) == 3
