"""Linking, changing and ending links over real gRPC."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.common.v1 import figure_pb2
from pymongo.database import Database

from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from tests.accounts.integration.cabinet import ANNA, BORIS, Cabinet, link_request
from tests.support import eventually

_NOWHERE = "acc_" + "0" * 32


def _refusal(cabinet: Cabinet, subscriber_id: str, method: str, request: Any) -> tuple[Kind, str, str, dict[str, str]]:
    with pytest.raises(RemoteError) as refused:
        cabinet.by(subscriber_id).accounts(method, request)
    error = refused.value
    return error.kind, error.reason, error.message, error.metadata


def test_links_with_what_the_proof_deserves_and_knows_no_figures_yet(cabinet: Cabinet) -> None:
    account = cabinet.linked()

    assert (account.region, account.number, account.label) == ("54", "5400200001", "Дом")
    assert len(account.allowed_actions) == 5
    assert account.time_zone == "Asia/Novosibirsk"
    assert account.linked_at.seconds > 0
    assert account.balance.status.freshness == figure_pb2.FRESHNESS_UNKNOWN
    assert not account.balance.HasField("value")


def test_a_wrong_number_and_a_wrong_proof_are_refused_alike(cabinet: Cabinet) -> None:
    wrong_number = _refusal(cabinet, ANNA, "LinkBillingAccount", link_request(number="5400299999"))
    wrong_proof = _refusal(cabinet, ANNA, "LinkBillingAccount", link_request(value="0000-NSK"))

    assert wrong_number == wrong_proof
    assert wrong_proof[:2] == (Kind.FAILED_PRECONDITION, "OWNERSHIP_NOT_PROVED")


def test_five_wrong_proofs_in_an_hour_are_enough_for_one_subscriber_and_keep_no_other_out(cabinet: Cabinet) -> None:
    began_at = time.monotonic()
    for _ in range(5):
        _refusal(cabinet, ANNA, "LinkBillingAccount", link_request(value="guess"))

    kind, reason, _, metadata = _refusal(cabinet, ANNA, "LinkBillingAccount", link_request())
    took_s = time.monotonic() - began_at

    assert (kind, reason) == (Kind.RESOURCE_EXHAUSTED, "TOO_MANY_ATTEMPTS")
    assert 3600 - took_s - 1 <= int(metadata["retry_after_s"]) <= 3600
    assert cabinet.linked(BORIS).number == "5400200001"


def test_a_hundred_guesses_at_once_are_five_for_the_region(cabinet: Cabinet) -> None:
    def guess(number: int) -> str:
        return _refusal(cabinet, ANNA, "LinkBillingAccount", link_request(value=f"guess-{number}"))[1]

    with ThreadPoolExecutor(20) as pool:
        reasons = set(pool.map(guess, range(100)))

    assert cabinet.region.calls.count("VerifyOwnership") <= 5
    assert "TOO_MANY_ATTEMPTS" in reasons
    assert reasons <= {"TOO_MANY_ATTEMPTS", "OWNERSHIP_NOT_PROVED", "VERSION_CONFLICT", "REGION_UNAVAILABLE"}


def test_an_address_has_its_own_limit_and_stands_nowhere_in_the_clear(
    cabinet: Cabinet, database: Database[dict[str, Any]]
) -> None:
    for number in range(12):
        for _ in range(5):
            _refusal(cabinet, f"sub_{number:032x}", "LinkBillingAccount", link_request(number=f"54009{number:05}"))

    here = _refusal(cabinet, BORIS, "LinkBillingAccount", link_request())
    elsewhere = cabinet.by(BORIS).accounts("LinkBillingAccount", link_request(client_address="192.0.2.8"))

    assert here[1] == "TOO_MANY_ATTEMPTS"
    assert elsewhere.billing_account.number == "5400200001"
    assert "192.0.2" not in str(list(database["ownership_attempts"].find()))


def test_no_proof_is_kept_anywhere(cabinet: Cabinet, database: Database[dict[str, Any]]) -> None:
    cabinet.linked()
    _refusal(cabinet, BORIS, "LinkBillingAccount", link_request(value="guess-4471"))

    everything = str([list(database[name].find()) for name in database.list_collection_names()])

    assert "1207-NSK" not in everything
    assert "guess-4471" not in everything


def test_a_region_that_is_away_is_said_so_and_linked_when_it_is_back(cabinet: Cabinet) -> None:
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")

    refused = _refusal(cabinet, ANNA, "LinkBillingAccount", link_request())

    assert refused[:2] == (Kind.UNAVAILABLE, "REGION_UNAVAILABLE")
    assert refused[3] == {"region": "54"}
    cabinet.region.recover()
    assert cabinet.linked().number == "5400200001"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"region": "25"}, "REGION_NOT_FOUND"),
        ({"number": "{$ne:1}"}, "ACCOUNT_NUMBER_INVALID"),
        ({"label": "x" * 61}, "LABEL_INVALID"),
        ({"relation": pb.RELATION_UNSPECIFIED}, "FIELD_INVALID"),
        ({"proof": pb.Proof(kind="passport", value="1")}, "PROOF_KIND_UNKNOWN"),
    ],
)
def test_says_what_is_wrong_with_a_request(cabinet: Cabinet, change: dict[str, Any], reason: str) -> None:
    request = link_request()
    for name, value in change.items():
        if name == "proof":
            request.proof.CopyFrom(value)
        else:
            setattr(request, name, value)

    assert _refusal(cabinet, ANNA, "LinkBillingAccount", request)[1] == reason
    assert cabinet.region.calls == []


def test_two_subscribers_link_the_same_account_and_see_each_their_own(cabinet: Cabinet) -> None:
    annas, borises = cabinet.linked(ANNA), cabinet.linked(BORIS)

    listed = cabinet.by(BORIS).accounts("ListBillingAccounts", pb.ListBillingAccountsRequest())

    assert annas.billing_account_id != borises.billing_account_id
    assert [account.billing_account_id for account in listed.billing_accounts] == [borises.billing_account_id]


@pytest.mark.parametrize(
    "method",
    ["GetBillingAccount", "UpdateBillingAccount", "UnlinkBillingAccount", "ListCharges", "ListCreditedPayments"],
)
def test_a_foreign_account_looks_exactly_like_an_absent_one(cabinet: Cabinet, method: str) -> None:
    annas = cabinet.linked(ANNA).billing_account_id
    request = getattr(pb, f"{method}Request")

    foreign = _refusal(cabinet, BORIS, method, request(billing_account_id=annas))
    absent = _refusal(cabinet, BORIS, method, request(billing_account_id=_NOWHERE))

    assert foreign == absent
    assert foreign[:2] == (Kind.NOT_FOUND, "BILLING_ACCOUNT_NOT_FOUND")
    assert cabinet.by(ANNA).accounts("GetBillingAccount", pb.GetBillingAccountRequest(billing_account_id=annas))


def test_renames_and_unlinks_once_and_announces_both_ends(cabinet: Cabinet, database: Database[dict[str, Any]]) -> None:
    account_id = cabinet.linked().billing_account_id
    anna = cabinet.by(ANNA)

    renamed = anna.accounts(
        "UpdateBillingAccount", pb.UpdateBillingAccountRequest(billing_account_id=account_id, label=" Дача ")
    )
    for _ in range(2):
        anna.accounts("UnlinkBillingAccount", pb.UnlinkBillingAccountRequest(billing_account_id=account_id))

    assert renamed.billing_account.label == "Дача"
    assert not anna.accounts("ListBillingAccounts", pb.ListBillingAccountsRequest()).billing_accounts
    refused = _refusal(cabinet, ANNA, "GetBillingAccount", pb.GetBillingAccountRequest(billing_account_id=account_id))
    assert refused[1] == "BILLING_ACCOUNT_NOT_FOUND"
    (document,) = database["billing_accounts"].find()
    assert [entry["name"] for entry in document["outbox"]] == [
        "accounts.billing_account_linked.v1",
        "accounts.billing_account_unlinked.v1",
    ]


def _authorize(cabinet: Cabinet, subscriber_id: str, account_id: str, *actions: pb.Action.ValueType) -> Any:
    action, *further = actions
    request = pb.AuthorizeActionRequest(
        subscriber_id=subscriber_id, billing_account_id=account_id, action=action, further_actions=further
    )
    return cabinet.by_service("payments").accounts("AuthorizeAction", request)


def test_authorizes_what_the_proof_reaches_and_nothing_else(cabinet: Cabinet) -> None:
    account_id = cabinet.linked(ANNA, kind="last_payment_minor").billing_account_id

    authorized = _authorize(cabinet, ANNA, account_id, pb.ACTION_PAY)
    assert (authorized.region, authorized.number, authorized.time_zone) == ("54", "5400200001", "Asia/Novosibirsk")

    with pytest.raises(RemoteError) as refused:
        _authorize(cabinet, ANNA, account_id, pb.ACTION_VIEW)
    assert (refused.value.kind, refused.value.reason) == (Kind.PERMISSION_DENIED, "ACTION_NOT_ALLOWED")

    with pytest.raises(RemoteError) as refused:
        _authorize(cabinet, BORIS, account_id, pb.ACTION_PAY)
    assert refused.value.reason == "BILLING_ACCOUNT_NOT_FOUND"


def test_authorizes_several_actions_only_when_each_of_them_is_allowed(cabinet: Cabinet) -> None:
    account_id = cabinet.linked(ANNA, kind="last_payment_minor").billing_account_id

    assert _authorize(cabinet, ANNA, account_id, pb.ACTION_PAY, pb.ACTION_PAY).region == "54"

    with pytest.raises(RemoteError) as refused:
        _authorize(cabinet, ANNA, account_id, pb.ACTION_PAY, pb.ACTION_MANAGE)
    assert refused.value.reason == "ACTION_NOT_ALLOWED"


def test_lists_the_accounts_that_the_proofs_reach_and_nobody_else_s(cabinet: Cabinet) -> None:
    account_id = cabinet.linked(ANNA, kind="last_payment_minor").billing_account_id

    def authorized(subscriber_id: str, action: pb.Action.ValueType) -> list[str]:
        request = pb.ListAuthorizedAccountsRequest(subscriber_id=subscriber_id, action=action)
        answer = cabinet.by_service("documents").accounts("ListAuthorizedAccounts", request)
        return [account.billing_account_id for account in answer.accounts]

    assert authorized(ANNA, pb.ACTION_PAY) == [account_id]
    assert authorized(ANNA, pb.ACTION_DOCUMENTS) == []
    assert authorized(BORIS, pb.ACTION_PAY) == []


def test_whoever_may_only_pay_sees_no_figures(cabinet: Cabinet) -> None:
    account_id = cabinet.linked(ANNA, kind="last_payment_minor").billing_account_id
    cabinet.linked(BORIS)
    cabinet.by(BORIS).accounts("ListBillingAccounts", pb.ListBillingAccountsRequest(refresh_within_ms=9000))
    anna = cabinet.by(ANNA)

    shown = anna.accounts(
        "GetBillingAccount", pb.GetBillingAccountRequest(billing_account_id=account_id, refresh_within_ms=1000)
    ).billing_account

    assert list(shown.allowed_actions) == [pb.ACTION_PAY]
    assert shown.balance.status.freshness == figure_pb2.FRESHNESS_UNKNOWN
    assert (shown.billing_mode, len(shown.services.items), len(shown.last_charges.items)) == ("", 0, 0)
    refused = _refusal(cabinet, ANNA, "ListCharges", pb.ListChargesRequest(billing_account_id=account_id))
    assert refused[1] == "ACTION_NOT_ALLOWED"


@pytest.mark.parametrize("other", [{"number": "5400299999"}, {"relation": pb.RELATION_RELATIVE}])
def test_one_request_id_stands_for_one_account_and_relation(cabinet: Cabinet, other: dict[str, Any]) -> None:
    cabinet.by(ANNA).accounts("LinkBillingAccount", link_request(request_id="req-1"))

    refused = _refusal(cabinet, ANNA, "LinkBillingAccount", link_request(request_id="req-1", **other))

    assert refused[:2] == (Kind.ALREADY_EXISTS, "REQUEST_ID_REUSED")


def test_twenty_calls_at_once_with_one_request_id_make_one_link(cabinet: Cabinet) -> None:
    anna = cabinet.by(ANNA)

    def link(_number: int) -> str:
        def tried() -> str:
            try:
                linked = anna.accounts("LinkBillingAccount", link_request(request_id="req-1"))
            except RemoteError as error:
                assert error.kind in {Kind.ABORTED, Kind.RESOURCE_EXHAUSTED, Kind.UNAVAILABLE}, error
                return ""
            account_id: str = linked.billing_account.billing_account_id
            return account_id

        return eventually(tried)

    with ThreadPoolExecutor(20) as pool:
        account_ids = set(pool.map(link, range(20)))

    assert len(account_ids) == 1


def test_lists_all_regions_to_a_subscriber(cabinet: Cabinet) -> None:
    regions = cabinet.by(ANNA).accounts("ListRegions", pb.ListRegionsRequest()).regions

    assert len(regions) == 89
    (novosibirsk,) = [region for region in regions if region.connected]
    assert (novosibirsk.region, novosibirsk.cutover, novosibirsk.cutover_date) == (
        "54",
        pb.CUTOVER_READ_ONLY,
        "2014-07-01",
    )
