"""Grants over real gRPC: an owner and a relative, what each may do, and every way a grant ends."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.accounts.v1 import grants_pb2, ordering_pb2
from kabinet.common.v1 import figure_pb2
from pymongo.database import Database

from services.chassis.clock import SystemClock
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from tests.accounts.integration.cabinet import ANNA, BORIS, Cabinet, link_request, rub
from tests.support import eventually

_VERA = "sub_" + "c" * 32
_PAY = [pb.ACTION_VIEW, pb.ACTION_PAY]
_NEXT_YEAR = (SystemClock().now().date() + timedelta(days=365)).isoformat()


@pytest.fixture
def owners(cabinet: Cabinet) -> str:
    """Anna's own account."""
    account_id: str = cabinet.linked(ANNA).billing_account_id
    return account_id


def _offer(cabinet: Cabinet, owners: str, **fields: Any) -> Any:
    request = grants_pb2.CreateGrantRequest(
        **({"request_id": "req-1", "billing_account_id": owners, "actions": _PAY, "label": "сын"} | fields)
    )
    return cabinet.by(ANNA).grants("CreateGrant", request)


def _accept(cabinet: Cabinet, code: str, subscriber_id: str = BORIS, **fields: Any) -> pb.BillingAccount:
    request = link_request(kind="grant_code", value=code, **fields)
    request.relation = pb.RELATION_RELATIVE
    linked: pb.BillingAccount = cabinet.by(subscriber_id).accounts("LinkBillingAccount", request).billing_account
    return linked


def _given(cabinet: Cabinet, owners: str) -> Sequence[grants_pb2.GivenGrant]:
    request = grants_pb2.ListGrantsRequest(billing_account_id=owners)
    grants: Sequence[grants_pb2.GivenGrant] = cabinet.by(ANNA).grants("ListGrants", request).grants
    return grants


def _mine(cabinet: Cabinet, subscriber_id: str = BORIS) -> Sequence[pb.BillingAccount]:
    listed = cabinet.by(subscriber_id).accounts("ListBillingAccounts", pb.ListBillingAccountsRequest())
    accounts: Sequence[pb.BillingAccount] = listed.billing_accounts
    return accounts


def _refused(call: Callable[[], object]) -> tuple[Kind, str]:
    with pytest.raises(RemoteError) as refused:
        call()
    return refused.value.kind, refused.value.reason


def _authorize(cabinet: Cabinet, account_id: str, action: pb.Action.ValueType, subscriber_id: str = BORIS) -> Any:
    request = pb.AuthorizeActionRequest(subscriber_id=subscriber_id, billing_account_id=account_id, action=action)
    return cabinet.by_service("payments").accounts("AuthorizeAction", request)


def _unlink(cabinet: Cabinet, subscriber_id: str, account_id: str) -> None:
    cabinet.by(subscriber_id).accounts(
        "UnlinkBillingAccount", pb.UnlinkBillingAccountRequest(billing_account_id=account_id)
    )


def test_an_offer_becomes_a_relatives_account_that_both_sides_see(cabinet: Cabinet, owners: str) -> None:
    offered = _offer(cabinet, owners, monthly_pay_limit=rub(1000_00), ends_on=_NEXT_YEAR)
    assert offered.grant.state == grants_pb2.GRANT_STATE_OFFERED
    assert not offered.grant.HasField("accepted_at")

    account = _accept(cabinet, offered.code)

    assert (account.number, account.relation, list(account.allowed_actions)) == (
        "5400200001",
        pb.RELATION_RELATIVE,
        _PAY,
    )
    assert (account.grant.grant_id, list(account.grant.actions)) == (offered.grant.grant_id, _PAY)
    assert (account.grant.monthly_pay_limit, account.grant.ends_on) == (rub(1000_00), _NEXT_YEAR)
    assert not account.grant.frozen
    (given,) = _given(cabinet, owners)
    assert (given.state, given.label, given.accepted_at) == (
        grants_pb2.GRANT_STATE_ACTIVE,
        "сын",
        account.grant.accepted_at,
    )
    assert cabinet.region.calls.count("VerifyOwnership") == 1  # Anna's own


def test_allows_what_was_granted_with_its_limit_and_nothing_else(cabinet: Cabinet, owners: str) -> None:
    account_id = _accept(cabinet, _offer(cabinet, owners, monthly_pay_limit=rub(500)).code).billing_account_id

    assert _authorize(cabinet, account_id, pb.ACTION_PAY).monthly_pay_limit == rub(500)
    assert not _authorize(cabinet, owners, pb.ACTION_PAY, ANNA).HasField("monthly_pay_limit")
    for action in (pb.ACTION_DOCUMENTS, pb.ACTION_MANAGE, pb.ACTION_ORDER_CONTENT):
        refusal = _refused(lambda action=action: _authorize(cabinet, account_id, action))  # type: ignore[misc]
        assert refusal == (Kind.PERMISSION_DENIED, "ACTION_NOT_ALLOWED")
    boris = cabinet.by(BORIS)
    plans = ordering_pb2.ListTariffPlansRequest(billing_account_id=account_id)
    assert _refused(lambda: boris.ordering("ListTariffPlans", plans))[1] == "ACTION_NOT_ALLOWED"
    assert boris.accounts("ListCharges", pb.ListChargesRequest(billing_account_id=account_id)).charges.items


def test_whoever_was_granted_paying_only_sees_no_figures(cabinet: Cabinet, owners: str) -> None:
    _accept(cabinet, _offer(cabinet, owners, actions=[pb.ACTION_PAY]).code)

    request = pb.ListBillingAccountsRequest(refresh_within_ms=1000)
    (shown,) = cabinet.by(BORIS).accounts("ListBillingAccounts", request).billing_accounts

    assert shown.balance.status.freshness == figure_pb2.FRESHNESS_UNKNOWN
    assert cabinet.region.calls.count("GetAccount") == 0


def test_managing_can_be_granted_and_is_the_owners_to_see(cabinet: Cabinet, owners: str) -> None:
    account_id = _accept(cabinet, _offer(cabinet, owners, actions=[pb.ACTION_MANAGE]).code).billing_account_id
    boris = cabinet.by(BORIS)
    plans = ordering_pb2.ListTariffPlansRequest(billing_account_id=account_id)

    assert boris.ordering("ListTariffPlans", plans).tariff_plans
    offer = grants_pb2.CreateGrantRequest(request_id="req-9", billing_account_id=account_id, actions=_PAY)
    assert _refused(lambda: boris.grants("CreateGrant", offer)) == (Kind.PERMISSION_DENIED, "ONLY_OWNER_GRANTS")


@pytest.mark.parametrize("wrong", [{"number": "5400299999"}, {"value": "00000-00000"}])
def test_a_wrong_number_and_a_wrong_code_are_refused_alike_without_asking_the_region(
    cabinet: Cabinet, owners: str, wrong: dict[str, str]
) -> None:
    code = _offer(cabinet, owners).code
    asked = len(cabinet.region.calls)

    refused = _refused(lambda: _accept(cabinet, wrong.get("value", code), **{"number": "5400200001"} | _number(wrong)))

    assert refused == (Kind.FAILED_PRECONDITION, "OWNERSHIP_NOT_PROVED")
    assert len(cabinet.region.calls) == asked


def _number(wrong: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in wrong.items() if name == "number"}


def test_guessing_codes_is_braked(cabinet: Cabinet, owners: str) -> None:
    code = _offer(cabinet, owners).code
    for _ in range(5):
        _refused(lambda: _accept(cabinet, "11111-11111"))

    assert _refused(lambda: _accept(cabinet, code))[1] == "TOO_MANY_ATTEMPTS"


def test_no_code_is_kept_anywhere(cabinet: Cabinet, owners: str, database: Database[dict[str, Any]]) -> None:
    code = _offer(cabinet, owners).code
    _accept(cabinet, code)

    everything = str([list(database[name].find()) for name in database.list_collection_names()])

    assert code not in everything
    assert code.replace("-", "") not in everything


def test_a_repeated_request_gets_the_grant_without_its_code(cabinet: Cabinet, owners: str) -> None:
    first, again = _offer(cabinet, owners), _offer(cabinet, owners)

    assert (again.grant.grant_id, again.code) == (first.grant.grant_id, "")
    assert _refused(lambda: _offer(cabinet, owners, label="дочь"))[1] == "REQUEST_ID_REUSED"


def test_ten_offers_of_one_request_at_once_are_one_with_one_code(cabinet: Cabinet, owners: str) -> None:
    with ThreadPoolExecutor(10) as taps:
        offered = list(taps.map(lambda _: _offer(cabinet, owners), range(10)))

    assert len({answer.grant.grant_id for answer in offered}) == 1
    assert len([answer.code for answer in offered if answer.code]) == 1
    assert len(_given(cabinet, owners)) == 1


def test_of_ten_relatives_with_one_code_at_once_one_is_let_in(cabinet: Cabinet, owners: str) -> None:
    code = _offer(cabinet, owners).code

    def accept(number: int) -> str:
        def tried() -> str:
            try:
                return _accept(cabinet, code, f"sub_{number:032x}").billing_account_id
            except RemoteError as error:
                if error.kind in {Kind.ABORTED, Kind.RESOURCE_EXHAUSTED, Kind.UNAVAILABLE}:
                    return ""
                assert error.reason == "GRANT_CODE_SPENT"
                return "refused"

        return eventually(tried)

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(accept, range(10)))

    assert outcomes.count("refused") == 9
    assert _given(cabinet, owners)[0].state == grants_pb2.GRANT_STATE_ACTIVE


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"request_id": ""}, "REQUEST_ID_MISSING"),
        ({"actions": []}, "FIELD_INVALID"),
        ({"actions": [pb.ACTION_UNSPECIFIED]}, "FIELD_INVALID"),
        ({"actions": [pb.ACTION_VIEW], "monthly_pay_limit": rub(1)}, "FIELD_INVALID"),
        ({"monthly_pay_limit": rub(-1)}, "FIELD_INVALID"),
        ({"ends_on": "31.12.2099"}, "FIELD_INVALID"),
        ({"ends_on": "2014-07-01"}, "FIELD_INVALID"),
        ({"label": "x" * 61}, "LABEL_INVALID"),
        ({"billing_account_id": "acc_" + "0" * 32}, "BILLING_ACCOUNT_NOT_FOUND"),
    ],
)
def test_says_what_is_wrong_with_an_offer(cabinet: Cabinet, owners: str, fields: dict[str, Any], reason: str) -> None:
    assert _refused(lambda: _offer(cabinet, owners, **fields))[1] == reason
    assert list(_given(cabinet, owners)) == []


@pytest.mark.parametrize("method", ["CreateGrant", "ListGrants", "EndGrant"])
def test_anothers_account_looks_absent(cabinet: Cabinet, owners: str, method: str) -> None:
    grant_id = _offer(cabinet, owners).grant.grant_id
    fields = {"CreateGrant": {"request_id": "r", "actions": _PAY}, "EndGrant": {"grant_id": grant_id}}.get(method, {})

    def refusal(account_id: str) -> tuple[Kind, str]:
        request = getattr(grants_pb2, f"{method}Request")(billing_account_id=account_id, **fields)
        return _refused(lambda: cabinet.by(BORIS).grants(method, request))

    assert refusal(owners) == refusal("acc_" + "0" * 32) == (Kind.NOT_FOUND, "BILLING_ACCOUNT_NOT_FOUND")


def test_anothers_grant_looks_absent_on_the_same_account(cabinet: Cabinet, owners: str) -> None:
    grant_id = _offer(cabinet, owners).grant.grant_id
    borises = cabinet.linked(BORIS).billing_account_id

    def refusal(wanted: str) -> tuple[Kind, str]:
        request = grants_pb2.EndGrantRequest(billing_account_id=borises, grant_id=wanted)
        return _refused(lambda: cabinet.by(BORIS).grants("EndGrant", request))

    assert refusal(grant_id) == refusal("grt_" + "0" * 32) == (Kind.NOT_FOUND, "GRANT_NOT_FOUND")


def _ended_by_owner(cabinet: Cabinet, owners: str, account: pb.BillingAccount) -> None:
    request = grants_pb2.EndGrantRequest(billing_account_id=owners, grant_id=account.grant.grant_id)
    for _ in range(2):
        ended = cabinet.by(ANNA).grants("EndGrant", request).grant
        assert (ended.state, ended.grant_end) == (grants_pb2.GRANT_STATE_ENDED, grants_pb2.GRANT_END_OWNER)


def _ended_by_relative(cabinet: Cabinet, owners: str, account: pb.BillingAccount) -> None:
    _unlink(cabinet, BORIS, account.billing_account_id)
    (given,) = _given(cabinet, owners)
    assert (given.state, given.grant_end) == (grants_pb2.GRANT_STATE_ENDED, grants_pb2.GRANT_END_RELATIVE)


def _owner_unlinked(cabinet: Cabinet, owners: str, account: pb.BillingAccount) -> None:
    _unlink(cabinet, ANNA, owners)


def _owner_gave_way(cabinet: Cabinet, owners: str, account: pb.BillingAccount) -> None:
    request = pb.ChangeRelationRequest(billing_account_id=owners, relation=pb.RELATION_RELATIVE)
    cabinet.by(ANNA).accounts("ChangeRelation", request)
    (given,) = _given(cabinet, owners)
    assert (given.state, given.grant_end) == (grants_pb2.GRANT_STATE_ENDED, grants_pb2.GRANT_END_OWNER)


def _owner_gave_way_and_unlinked(cabinet: Cabinet, owners: str, account: pb.BillingAccount) -> None:
    _owner_gave_way(cabinet, owners, account)
    _unlink(cabinet, ANNA, owners)


@pytest.mark.parametrize(
    "end",
    [_ended_by_owner, _ended_by_relative, _owner_unlinked, _owner_gave_way, _owner_gave_way_and_unlinked],
)
def test_an_end_is_at_once_and_announced_once(
    cabinet: Cabinet,
    owners: str,
    database: Database[dict[str, Any]],
    end: Callable[[Cabinet, str, pb.BillingAccount], None],
) -> None:
    account = _accept(cabinet, _offer(cabinet, owners).code)

    end(cabinet, owners, account)

    assert list(_mine(cabinet)) == []
    refusal = _refused(lambda: _authorize(cabinet, account.billing_account_id, pb.ACTION_PAY))
    assert refusal == (Kind.NOT_FOUND, "BILLING_ACCOUNT_NOT_FOUND")
    cabinet.start_dispatcher()
    document = eventually(
        lambda: database["billing_accounts"].find_one(
            {"_id": account.billing_account_id, "unlinked_at": {"$type": "date"}, "work.due_at": None}
        )
    )
    assert [entry["name"] for entry in document["outbox"]] == [
        "accounts.billing_account_linked.v1",
        "accounts.billing_account_unlinked.v1",
    ]


def test_a_proof_links_what_a_dead_grant_still_holds(cabinet: Cabinet, owners: str) -> None:
    granted = _accept(cabinet, _offer(cabinet, owners).code)
    _unlink(cabinet, ANNA, owners)  # nobody carries out what that ends

    account = cabinet.linked(BORIS, relation=pb.RELATION_RELATIVE)

    assert account.billing_account_id != granted.billing_account_id
    assert [mine.billing_account_id for mine in _mine(cabinet)] == [account.billing_account_id]


def test_an_offer_is_taken_back_when_the_owner_makes_it_a_relatives(cabinet: Cabinet, owners: str) -> None:
    offered = _offer(cabinet, owners)
    cabinet.start_dispatcher()

    request = pb.ChangeRelationRequest(billing_account_id=owners, relation=pb.RELATION_RELATIVE)
    cabinet.by(ANNA).accounts("ChangeRelation", request)

    given = eventually(lambda: [one for one in _given(cabinet, owners) if one.state == grants_pb2.GRANT_STATE_ENDED])
    assert given[0].grant_end == grants_pb2.GRANT_END_OWNER
    assert _refused(lambda: _accept(cabinet, offered.code))[1] == "GRANT_CODE_SPENT"


def test_a_relative_by_proof_is_no_business_of_grants(cabinet: Cabinet, owners: str) -> None:
    request = link_request()
    request.relation = pb.RELATION_RELATIVE
    account = cabinet.by(_VERA).accounts("LinkBillingAccount", request).billing_account
    _unlink(cabinet, ANNA, owners)
    cabinet.start_dispatcher()

    assert not account.HasField("grant")
    assert [mine.billing_account_id for mine in _mine(cabinet, _VERA)] == [account.billing_account_id]


def test_every_connected_region_takes_a_grants_code(cabinet: Cabinet) -> None:
    regions = cabinet.by(ANNA).accounts("ListRegions", pb.ListRegionsRequest()).regions

    assert {region.region for region in regions if "grant_code" in region.proof_kinds} == {"54"}


def test_while_the_owner_is_in_doubt_everything_is_refused_as_frozen(cabinet: Cabinet) -> None:
    owners = cabinet.linked(ANNA).billing_account_id
    account_id = _accept(cabinet, _offer(cabinet, owners).code).billing_account_id
    rivals = cabinet.linked(_VERA).billing_account_id

    (mine,) = _mine(cabinet)
    charges = pb.ListChargesRequest(billing_account_id=account_id)

    assert (mine.grant.frozen, list(mine.allowed_actions), list(mine.grant.actions)) == (True, [], _PAY)
    assert _given(cabinet, owners)[0].state == grants_pb2.GRANT_STATE_FROZEN
    frozen = (Kind.PERMISSION_DENIED, "GRANT_FROZEN")
    assert _refused(lambda: _authorize(cabinet, account_id, pb.ACTION_PAY)) == frozen
    assert _refused(lambda: cabinet.by(BORIS).accounts("ListCharges", charges)) == frozen
    _unlink(cabinet, _VERA, rivals)
    assert _authorize(cabinet, account_id, pb.ACTION_PAY).number == "5400200001"


def test_the_list_asks_for_grantors_once_and_only_where_something_is_granted(
    cabinet: Cabinet, owners: str, database: Database[dict[str, Any]]
) -> None:
    _accept(cabinet, _offer(cabinet, owners).code)

    def queries_of(subscriber_id: str) -> int:
        database.command("profile", 2)
        try:
            _mine(cabinet, subscriber_id)
        finally:
            database.command("profile", 0)
        seen = database["system.profile"].count_documents({"ns": f"{database.name}.billing_accounts", "op": "query"})
        database.drop_collection("system.profile")
        return seen

    # links and claims; the grantor's link in between where something is granted
    assert (queries_of(ANNA), queries_of(BORIS)) == (2, 3)
