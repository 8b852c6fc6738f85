"""Changing the tariff plan, on real parts: the wish is saved, the region is told, and nothing is done twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2
from kabinet.accounts.v1 import ordering_pb2 as pb
from kabinet.regional.v1 import ordering_pb2 as regional
from pymongo.database import Database

from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from tests.accounts.integration.cabinet import ANNA, BORIS, Cabinet
from tests.support import eventually


def _quote(cabinet: Cabinet, account_id: str, plan_id: str = "nsk-max") -> pb.TariffQuote:
    request = pb.CreateTariffQuoteRequest(billing_account_id=account_id, tariff_plan_id=plan_id)
    quote: pb.TariffQuote = cabinet.by(ANNA).ordering("CreateTariffQuote", request).tariff_quote
    return quote


def _change(cabinet: Cabinet, quote: pb.TariffQuote, subscriber_id: str = ANNA) -> pb.TariffChange:
    request = pb.CreateTariffChangeRequest(tariff_quote_id=quote.tariff_quote_id)
    change: pb.TariffChange = cabinet.by(subscriber_id).ordering("CreateTariffChange", request).tariff_change
    return change


def _cancel(cabinet: Cabinet, change: pb.TariffChange, subscriber_id: str = ANNA) -> pb.TariffChange:
    request = pb.CancelTariffChangeRequest(tariff_change_id=change.tariff_change_id)
    canceled: pb.TariffChange = cabinet.by(subscriber_id).ordering("CancelTariffChange", request).tariff_change
    return canceled


def _states(cabinet: Cabinet, account_id: str, subscriber_id: str = ANNA) -> list[Any]:
    request = pb.ListTariffChangesRequest(billing_account_id=account_id)
    listed = cabinet.by(subscriber_id).ordering("ListTariffChanges", request).tariff_changes
    return [change.state for change in listed]


def test_lists_plans_quotes_and_schedules_once_for_a_double_tap(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    listed = cabinet.by(ANNA).ordering("ListTariffPlans", pb.ListTariffPlansRequest(billing_account_id=account_id))
    quote = _quote(cabinet, account_id)

    with ThreadPoolExecutor(4) as taps:
        changes = list(taps.map(lambda _: _change(cabinet, quote), range(4)))
    later = _change(cabinet, quote)

    assert [plan.tariff_plan_id for plan in listed.tariff_plans] == ["nsk-solo", "nsk-max"]
    assert (quote.next_bill.amount_minor, list(quote.lost)) == (900_00, ["Скидка за трио"])
    assert len({change.tariff_change_id for change in [*changes, later]}) == 1
    assert later.state == pb.TARIFF_CHANGE_STATE_SCHEDULED
    assert later.undo_until.seconds > 0
    assert cabinet.ordering.count("ScheduleTariffChange") == 1
    assert _states(cabinet, account_id) == [pb.TARIFF_CHANGE_STATE_SCHEDULED]


def test_waits_for_a_region_that_is_down_and_schedules_when_it_is_back(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    quote = _quote(cabinet, account_id)
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")

    change = _change(cabinet, quote)
    assert change.state == pb.TARIFF_CHANGE_STATE_REQUESTED
    for _ in range(2):
        cabinet.start_dispatcher()
    cabinet.region.recover()

    eventually(lambda: _states(cabinet, account_id) == [pb.TARIFF_CHANGE_STATE_SCHEDULED])
    assert list(cabinet.ordering.changes) == [change.tariff_change_id]


def test_a_lost_answer_is_asked_for_and_nothing_is_scheduled_twice(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    quote = _quote(cabinet, account_id)
    silent = iter([True])

    def lose_the_first_answer(_method: str) -> None:
        if next(silent, False):
            raise RuntimeError("the region dies with the answer in its mouth")

    cabinet.region.after = lose_the_first_answer

    assert _change(cabinet, quote).state == pb.TARIFF_CHANGE_STATE_REQUESTED
    cabinet.start_dispatcher()

    eventually(lambda: _states(cabinet, account_id) == [pb.TARIFF_CHANGE_STATE_SCHEDULED])
    assert (cabinet.ordering.count("ScheduleTariffChange"), cabinet.ordering.count("GetTariffChange")) == (1, 1)


@pytest.mark.parametrize("reason", ["TARIFF_QUOTE_OUTDATED", "ACCOUNT_CLOSED", "TARIFF_CHANGE_PENDING"])
def test_passes_on_why_the_region_refuses(cabinet: Cabinet, reason: str) -> None:
    quote = _quote(cabinet, cabinet.linked().billing_account_id)
    cabinet.region.refuse(Kind.FAILED_PRECONDITION, reason, method="ScheduleTariffChange")

    change = _change(cabinet, quote)

    assert (change.state, change.refusal_reason) == (pb.TARIFF_CHANGE_STATE_REFUSED, reason)
    assert not change.HasField("undo_until")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("TARIFF_PLAN_IN_FORCE", Kind.FAILED_PRECONDITION),
        ("PROMISED_PAYMENT_OPEN", Kind.FAILED_PRECONDITION),
        ("TARIFF_CHANGE_PENDING", Kind.FAILED_PRECONDITION),
    ],
)
def test_a_quote_is_refused_in_the_words_of_the_region(cabinet: Cabinet, reason: str, kind: Kind) -> None:
    account_id = cabinet.linked().billing_account_id
    cabinet.region.refuse(kind, reason, method="QuoteTariffChange")

    with pytest.raises(RemoteError) as refused:
        _quote(cabinet, account_id)

    assert (refused.value.kind, refused.value.reason) == (kind, reason)


def test_no_quote_without_a_region_nor_of_an_unknown_plan(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    with pytest.raises(RemoteError) as unknown:
        _quote(cabinet, account_id, "none")
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")
    with pytest.raises(RemoteError) as silent:
        _quote(cabinet, account_id)

    assert (unknown.value.kind, unknown.value.reason) == (Kind.NOT_FOUND, "TARIFF_PLAN_NOT_FOUND")
    assert (silent.value.kind, silent.value.reason) == (Kind.UNAVAILABLE, "REGION_UNAVAILABLE")


def test_takes_a_change_back_and_frees_the_account_for_another(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    spare = _quote(cabinet, account_id, "nsk-solo")
    change = _change(cabinet, _quote(cabinet, account_id))
    with pytest.raises(RemoteError) as pending:
        _change(cabinet, spare)

    states = [_cancel(cabinet, change).state for _ in range(2)]

    assert pending.value.reason == "TARIFF_CHANGE_PENDING"
    assert states == [pb.TARIFF_CHANGE_STATE_CANCELED] * 2
    assert cabinet.ordering.count("CancelTariffChange") == 1
    assert _change(cabinet, spare).state == pb.TARIFF_CHANGE_STATE_SCHEDULED
    assert _states(cabinet, account_id) == [pb.TARIFF_CHANGE_STATE_SCHEDULED, pb.TARIFF_CHANGE_STATE_CANCELED]


def test_takes_it_back_also_while_the_region_is_down(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    change = _change(cabinet, _quote(cabinet, account_id))
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")

    assert _cancel(cabinet, change).state == pb.TARIFF_CHANGE_STATE_CANCELING
    cabinet.start_dispatcher()
    cabinet.region.recover()

    eventually(lambda: _states(cabinet, account_id) == [pb.TARIFF_CHANGE_STATE_CANCELED])
    assert cabinet.ordering.changes[change.tariff_change_id].state == regional.TARIFF_CHANGE_STATE_CANCELED


def test_what_holds_already_cannot_be_taken_back(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    change = _change(cabinet, _quote(cabinet, account_id))
    cabinet.ordering.changes[change.tariff_change_id].state = regional.TARIFF_CHANGE_STATE_DONE

    with pytest.raises(RemoteError) as late:
        _cancel(cabinet, change)

    assert (late.value.kind, late.value.reason) == (Kind.FAILED_PRECONDITION, "TARIFF_CHANGE_DONE")
    assert _states(cabinet, account_id) == [pb.TARIFF_CHANGE_STATE_DONE]


def test_on_its_day_the_change_is_found_done_and_the_figures_are_read_anew(
    cabinet: Cabinet, database: Database[Any]
) -> None:
    account_id = cabinet.linked().billing_account_id
    cabinet.ordering.effective_date = "2026-01-01"
    change = _change(cabinet, _quote(cabinet, account_id))
    cabinet.ordering.changes[change.tariff_change_id].state = regional.TARIFF_CHANGE_STATE_DONE

    cabinet.start_dispatcher()

    eventually(lambda: _states(cabinet, account_id) == [pb.TARIFF_CHANGE_STATE_DONE])
    eventually(lambda: database["snapshots"].count_documents({"tariff_plan.value.tariff_plan_id": "nsk-trio"}) == 1)


def test_a_quote_ends_and_is_nobody_elses(cabinet: Cabinet, database: Database[Any]) -> None:
    quote = _quote(cabinet, cabinet.linked().billing_account_id)
    cabinet.linked(BORIS, relation=accounts_pb2.RELATION_RELATIVE)

    with pytest.raises(RemoteError) as foreign:
        _change(cabinet, quote, BORIS)
    database["tariff_quotes"].update_one({}, [{"$set": {"expires_at": {"$subtract": ["$expires_at", 600_000]}}}])
    with pytest.raises(RemoteError) as expired:
        _change(cabinet, quote)

    assert (foreign.value.kind, foreign.value.reason) == (Kind.NOT_FOUND, "TARIFF_QUOTE_NOT_FOUND")
    assert (expired.value.kind, expired.value.reason) == (Kind.FAILED_PRECONDITION, "TARIFF_QUOTE_EXPIRED")


def test_whoever_manages_the_account_sees_the_change_and_nobody_else_does(cabinet: Cabinet) -> None:
    change = _change(cabinet, _quote(cabinet, cabinet.linked().billing_account_id))
    with pytest.raises(RemoteError) as foreign:
        _cancel(cabinet, change, BORIS)
    paying = cabinet.linked(BORIS, kind="last_payment_minor", relation=accounts_pb2.RELATION_RELATIVE)
    with pytest.raises(RemoteError) as paying_only:
        _cancel(cabinet, change, BORIS)
    cabinet.linked(BORIS, relation=accounts_pb2.RELATION_RELATIVE)

    assert (foreign.value.kind, foreign.value.reason) == (Kind.NOT_FOUND, "TARIFF_CHANGE_NOT_FOUND")
    assert paying_only.value.kind == Kind.PERMISSION_DENIED
    assert _cancel(cabinet, change, BORIS).billing_account_id == paying.billing_account_id


_ON_ACCOUNT = [
    ("ListTariffPlans", pb.ListTariffPlansRequest),
    ("CreateTariffQuote", pb.CreateTariffQuoteRequest),
    ("ListTariffChanges", pb.ListTariffChangesRequest),
    ("ListServiceOffers", pb.ListServiceOffersRequest),
    ("CreateServiceOrder", pb.CreateServiceOrderRequest),
    ("ListServiceOrders", pb.ListServiceOrdersRequest),
    ("GetPromisedPaymentEligibility", pb.GetPromisedPaymentEligibilityRequest),
    ("TakePromisedPayment", pb.TakePromisedPaymentRequest),
    ("ListPromisedPayments", pb.ListPromisedPaymentsRequest),
]


@pytest.mark.parametrize(("method", "request_type"), _ON_ACCOUNT)
def test_needs_the_action_manage_and_hides_foreign_and_ended_accounts(
    cabinet: Cabinet, method: str, request_type: Any
) -> None:
    paying = cabinet.linked(ANNA, kind="last_payment_minor").billing_account_id
    foreign = cabinet.linked(BORIS, relation=accounts_pb2.RELATION_RELATIVE).billing_account_id
    cabinet.by(BORIS).accounts(
        "UnlinkBillingAccount", accounts_pb2.UnlinkBillingAccountRequest(billing_account_id=foreign)
    )
    extra = {"request_id": "r"} if "request_id" in request_type.DESCRIPTOR.fields_by_name else {}
    if method == "TakePromisedPayment":
        extra["amount"] = {"amount_minor": 100_00, "currency": "RUB"}  # type: ignore[assignment]

    outcomes = []
    for subscriber_id, account_id in ((ANNA, paying), (ANNA, foreign), (BORIS, foreign), (ANNA, "acc_none")):
        with pytest.raises(RemoteError) as refused:
            cabinet.by(subscriber_id).ordering(method, request_type(billing_account_id=account_id, **extra))
        outcomes.append(refused.value.reason)

    assert outcomes == ["ACTION_NOT_ALLOWED"] + ["BILLING_ACCOUNT_NOT_FOUND"] * 3
    assert set(cabinet.region.calls) == {"VerifyOwnership"}
