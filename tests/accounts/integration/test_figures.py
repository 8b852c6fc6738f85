"""Figures over real gRPC: fresh, stale, unknown; and a region that hangs, which costs its own figures only."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.common.v1 import figure_pb2
from kabinet.regional.v1 import billing_pb2 as regional_pb
from pymongo.database import Database

from services.accounts.adapters import region_gate
from services.chassis import grpc_guard
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from tests.accounts.integration.cabinet import ANNA, BORIS, Cabinet, rub
from tests.support import eventually
from tests.support.query_plans import collections_read, query_plans

_FOREVER_S = 90  # longer than any call to a region may take
_LETS_A_REGION_HANG = pytest.mark.parametrize("overrides", [{"region_timeout_s": 60}])


def _overview(cabinet: Cabinet, *, within_ms: int = 9000) -> pb.BillingAccount:
    request = pb.ListBillingAccountsRequest(refresh_within_ms=within_ms)
    listed = cabinet.by(ANNA).accounts("ListBillingAccounts", request, cap_s=_FOREVER_S)
    (account,) = listed.billing_accounts
    assert isinstance(account, pb.BillingAccount)
    return account


def _decision_balance(cabinet: Cabinet, account_id: str, **asked: Any) -> Any:
    return cabinet.by_service("payments").accounts(
        "GetDecisionBalance", pb.GetDecisionBalanceRequest(billing_account_id=account_id, **asked)
    )


def _break(cabinet: Cabinet, account_id: str) -> None:
    """Let the region refuse calls until it is left alone."""
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")
    for _ in range(3):
        with pytest.raises(RemoteError):
            _decision_balance(cabinet, account_id)


@contextmanager
def _hanging(cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the region keep every call until the block ends, and have another balance then.

    Calls to the cabinet may last longer than those to regions. So whatever waited in the block for the region would
    outlast the call to it, and that call's answer, which brings the balance, would never come.
    """
    monkeypatch.setattr(grpc_guard, "_LONGEST_CALL_S", _FOREVER_S)
    released = threading.Event()

    def hang(_method: str) -> None:
        assert released.wait(_FOREVER_S)

    cabinet.region.before, cabinet.region.balance = hang, 777_00
    try:
        yield
    finally:
        released.set()


def _came_late(cabinet: Cabinet) -> bool:
    """Say whether the balance is remembered that the region has told after it had hung; nobody is asked."""
    return bool(_overview(cabinet, within_ms=0).balance.value == rub(777_00))


def test_the_overview_shows_every_figure_with_its_moment_and_freshness(cabinet: Cabinet) -> None:
    cabinet.linked()

    account = _overview(cabinet)

    assert account.balance.value == rub(100_00)
    assert (account.tariff_plan.name, account.tariff_plan.monthly_fee) == ("Трио", rub(750_00))
    assert [(service.kind, service.state) for service in account.services.items] == [("internet", "active")]
    assert (len(account.last_charges.items), account.billing_mode) == (5, "advance")
    figures = (
        account.balance,
        account.tariff_plan,
        account.services,
        account.last_charges,
        account.last_payments,
    )
    assert {figure.status.freshness for figure in figures} == {figure_pb2.FRESHNESS_FRESH}
    assert all(figure.status.as_of.seconds > 0 for figure in figures)
    kinds = ["balance", "tariff_plan", "services", "charges", "payments"]
    assert [(figure.status.kind, figure.status.region) for figure in figures] == [(kind, "54") for kind in kinds]
    assert account.region_available


def test_without_time_to_wait_it_asks_nobody(cabinet: Cabinet) -> None:
    cabinet.linked()
    cabinet.region.calls.clear()

    account = _overview(cabinet, within_ms=0)

    assert account.balance.status.freshness == figure_pb2.FRESHNESS_UNKNOWN
    assert cabinet.region.calls == []


@_LETS_A_REGION_HANG
def test_a_region_that_hangs_costs_freshness_and_not_time_and_comes_late_into_what_is_remembered(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    cabinet.linked()
    _overview(cabinet)

    with _hanging(cabinet, monkeypatch):
        account = _overview(cabinet, within_ms=200)

    assert account.balance.value == rub(100_00)
    assert not account.region_available
    eventually(lambda: _came_late(cabinet))


@pytest.mark.parametrize("overrides", [{"region_pause_s": 60}])
def test_a_region_that_is_down_is_soon_not_asked_any_more(cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region_gate, "_FIRST_PAUSE_S", 60)
    account_id = cabinet.linked().billing_account_id
    _overview(cabinet)
    _break(cabinet, account_id)

    cabinet.region.calls.clear()
    account = _overview(cabinet)
    with pytest.raises(RemoteError) as refused:
        _decision_balance(cabinet, account_id)

    assert (account.balance.value, account.region_available) == (rub(100_00), False)
    assert refused.value.reason == "REGION_UNAVAILABLE"
    assert cabinet.region.calls == []


def test_a_region_that_was_down_is_soon_asked_again_when_it_is_back(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    _break(cabinet, account_id)

    cabinet.region.recover()

    eventually(lambda: _overview(cabinet).region_available)
    assert _decision_balance(cabinet, account_id).balance == rub(100_00)


@_LETS_A_REGION_HANG
def test_a_region_that_keeps_one_caller_waiting_keeps_no_second_one(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    cabinet.linked()
    _overview(cabinet)

    with _hanging(cabinet, monkeypatch):
        _overview(cabinet, within_ms=1)
        eventually(lambda: not _overview(cabinet, within_ms=0).region_available)  # it is seen that the region hangs
        account = _overview(cabinet, within_ms=_FOREVER_S * 1000)

    assert (account.balance.value, account.region_available) == (rub(100_00), False)
    eventually(lambda: _came_late(cabinet))
    eventually(lambda: _overview(cabinet).region_available)


@_LETS_A_REGION_HANG
def test_a_region_that_did_not_answer_last_time_is_asked_and_not_waited_for(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    cabinet.linked()
    _overview(cabinet)
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")
    _overview(cabinet)
    cabinet.region.calls.clear()

    with _hanging(cabinet, monkeypatch):
        account = _overview(cabinet, within_ms=_FOREVER_S * 1000)
        eventually(lambda: "GetAccount" in cabinet.region.calls)

    assert not account.region_available
    eventually(lambda: _came_late(cabinet))
    eventually(lambda: _overview(cabinet).region_available)


def test_the_overview_reads_links_claims_and_snapshots_once_each_however_many_there_are(
    cabinet: Cabinet, database: Database[dict[str, Any]]
) -> None:
    cabinet.linked()
    link = database["billing_accounts"].find_one()
    assert link is not None
    database["billing_accounts"].insert_many(
        [{**link, "_id": f"acc_{number:032x}", "number": f"54003{number:05}"} for number in range(10)]
    )
    with query_plans(database) as plans, collections_read(database) as read:
        listed = cabinet.by(ANNA).accounts("ListBillingAccounts", pb.ListBillingAccountsRequest())

    assert len(listed.billing_accounts) == 11
    assert sorted(read) == ["billing_accounts", "billing_accounts", "snapshots"]
    assert {plan.split()[0] for plan in plans} <= {"IXSCAN", "IDHACK"}


def test_decides_on_what_the_region_says_now_and_remembers_it(cabinet: Cabinet) -> None:
    account = cabinet.linked()
    _overview(cabinet)
    cabinet.region.balance = -50_00

    answer = _decision_balance(cabinet, account.billing_account_id)

    assert answer.balance == rub(-50_00)
    assert _overview(cabinet, within_ms=0).balance.value == rub(-50_00)


def test_tells_who_decides_for_a_subscriber_on_what_terms_they_may_and_reads_everything_once(
    cabinet: Cabinet, database: Database[dict[str, Any]]
) -> None:
    account_id = cabinet.linked().billing_account_id
    terms = pb.AuthorizeActionRequest(
        subscriber_id=ANNA,
        billing_account_id=account_id,
        action=pb.ACTION_MANAGE,
        further_actions=[pb.ACTION_PAY],
    )

    alone = _decision_balance(cabinet, account_id)

    with collections_read(database) as read:
        answer = _decision_balance(cabinet, account_id, subscriber_id=ANNA, actions=[pb.ACTION_MANAGE, pb.ACTION_PAY])

    assert (alone.balance, answer.balance) == (rub(100_00), rub(100_00))
    assert answer.authorization == cabinet.by_service("payments").accounts("AuthorizeAction", terms)
    assert not alone.HasField("authorization")
    assert sorted(read) == ["billing_accounts", "billing_accounts", "snapshots"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"subscriber_id": BORIS, "actions": [pb.ACTION_PAY]}, "BILLING_ACCOUNT_NOT_FOUND"),
        ({"subscriber_id": "", "actions": [pb.ACTION_PAY]}, "BILLING_ACCOUNT_NOT_FOUND"),
        ({"subscriber_id": ANNA, "actions": [pb.ACTION_PAY, pb.ACTION_MANAGE]}, "ACTION_NOT_ALLOWED"),
        ({"subscriber_id": ANNA, "actions": [pb.ACTION_UNSPECIFIED]}, "FIELD_INVALID"),
    ],
)
def test_asks_no_region_for_a_subscriber_who_may_not(cabinet: Cabinet, asked: dict[str, Any], reason: str) -> None:
    account_id = cabinet.linked(ANNA, kind="last_payment_minor").billing_account_id
    asked_before = list(cabinet.region.calls)

    with pytest.raises(RemoteError) as refused:
        _decision_balance(cabinet, account_id, **asked)

    assert refused.value.reason == reason
    assert cabinet.region.calls == asked_before


@pytest.mark.parametrize(
    ("state", "active"),
    [
        (regional_pb.OLD_MANDATE_STATE_ACTIVE, True),
        (regional_pb.OLD_MANDATE_STATE_UNSPECIFIED, True),
        (regional_pb.OLD_MANDATE_STATE_ENDED, False),
    ],
)
def test_tells_of_the_regions_own_autopay_until_it_is_said_to_have_ended(
    cabinet: Cabinet, state: regional_pb.OldMandateState.ValueType, active: bool
) -> None:
    account = cabinet.linked()
    without = _decision_balance(cabinet, account.billing_account_id).old_mandate_active
    cabinet.region.old_mandate = regional_pb.OldMandate(state=state)

    answer = _decision_balance(cabinet, account.billing_account_id)

    assert (without, answer.old_mandate_active) == (False, active)
    assert _overview(cabinet, within_ms=0).old_autopay_active is active


@pytest.mark.parametrize(("kind", "reason"), [(Kind.UNAVAILABLE, "X"), (Kind.INTERNAL, "X"), (Kind.NOT_FOUND, "X")])
def test_decides_on_nothing_when_the_region_does_not_answer_however_young_the_last_figure(
    cabinet: Cabinet, kind: Kind, reason: str
) -> None:
    account = cabinet.linked()
    _overview(cabinet)
    cabinet.region.refuse(kind, reason)

    with pytest.raises(RemoteError) as refused:
        _decision_balance(cabinet, account.billing_account_id)

    assert (refused.value.kind, refused.value.reason) == (Kind.UNAVAILABLE, "REGION_UNAVAILABLE")


def test_refuses_a_page_token_that_nobody_gave(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id

    with pytest.raises(RemoteError) as refused:
        cabinet.by(ANNA).accounts(
            "ListCharges", pb.ListChargesRequest(billing_account_id=account_id, page_token="nonsense")
        )

    assert (refused.value.kind, refused.value.reason) == (Kind.INVALID, "PAGE_TOKEN_INVALID")


def test_bills_a_fee_once_and_shows_the_balance_after_it(cabinet: Cabinet) -> None:
    account_id = cabinet.linked().billing_account_id
    content = cabinet.by_service("content")
    request = pb.PlaceChargeRequest(
        charge_id="ord_1", billing_account_id=account_id, amount=rub(60_00), description="Фильм"
    )

    answers = [content.accounts("PlaceCharge", request) for _ in range(2)]

    assert answers[0] == answers[1]
    assert (answers[0].regional_charge_id, cabinet.region.balance) == ("R-ord_1", 40_00)
    assert _overview(cabinet, within_ms=0).balance.value == rub(40_00)
    with pytest.raises(RemoteError) as refused:
        content.accounts(
            "PlaceCharge",
            pb.PlaceChargeRequest(
                charge_id="ord_2", billing_account_id=account_id, amount=rub(40_01), description="Фильм"
            ),
        )
    assert (refused.value.kind, refused.value.reason) == (Kind.FAILED_PRECONDITION, "INSUFFICIENT_FUNDS")
