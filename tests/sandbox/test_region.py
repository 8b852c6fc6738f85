"""The reference region through its real gRPC contract, its back office and a real feed receiver."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import billing_pb2

from tests.sandbox.feed_receiver import FeedReceiver
from tests.sandbox.regions import ADVANCE, AMOUNT, CREDIT, Cabinet, Region, reason_of
from tests.support import eventually


def test_answers_a_wrong_number_and_a_wrong_proof_alike(cabinet: Cabinet) -> None:
    def verified(number: str, value: str) -> bool:
        request = billing_pb2.VerifyOwnershipRequest(number=number)
        request.proof.kind, request.proof.value = "contract_code", value
        return bool(cabinet.call(cabinet.billing.VerifyOwnership, request).verified)

    answers = [verified(ADVANCE, "1207-NSK"), verified(ADVANCE, "0000-NSK"), verified("5499999999", "1207-NSK")]

    assert answers == [True, False, False]


def test_credits_a_payment_once_however_often_it_is_posted(cabinet: Cabinet) -> None:
    before = cabinet.balance(ADVANCE)

    with ThreadPoolExecutor(8) as pool:
        postings = list(pool.map(lambda _: cabinet.post("pay_1"), range(20)))

    assert all(posting == postings[0] for posting in postings)
    assert cabinet.balance(ADVANCE) == before + 45_000


def test_refuses_a_payment_id_with_another_sum_and_credits_nothing(cabinet: Cabinet) -> None:
    cabinet.post("pay_1")
    before = cabinet.balance(ADVANCE)

    with pytest.raises(grpc.RpcError) as error:
        cabinet.post("pay_1", amount=money_pb2.Money(amount_minor=1, currency="RUB"))

    assert reason_of(error) == "PAYMENT_ID_REUSED"
    assert cabinet.balance(ADVANCE) == before


def test_refuses_a_closed_account_for_good(region: Region, cabinet: Cabinet) -> None:
    region.control(f"accounts/{ADVANCE}/closing", {})

    with pytest.raises(grpc.RpcError) as error:
        cabinet.post("pay_1")

    assert reason_of(error) == "ACCOUNT_CLOSED"


def test_tells_of_an_old_mandate_until_it_ends_and_of_none_where_there_was_none(
    region: Region, cabinet: Cabinet
) -> None:
    def mandate() -> billing_pb2.OldMandate | None:
        answer = cabinet.call(cabinet.billing.GetAccount, billing_pb2.GetAccountRequest(number=ADVANCE))
        return answer.old_mandate if answer.HasField("old_mandate") else None

    states = [mandate()]
    for state in ("active", "ended"):
        assert region.control(f"accounts/{ADVANCE}/old-mandate", {"state": state}).status_code == 200
        states.append(mandate())

    assert states[0] is None
    assert [told.state for told in states[1:] if told] == [
        billing_pb2.OLD_MANDATE_STATE_ACTIVE,
        billing_pb2.OLD_MANDATE_STATE_ENDED,
    ]
    assert region.control(f"accounts/{ADVANCE}/old-mandate", {"state": "paused"}).status_code == 400


def test_suspends_an_overdrawn_advance_account_and_restores_it_by_the_payment(region: Region, cabinet: Cabinet) -> None:
    region.control(f"accounts/{ADVANCE}/charges", {"charge_id": "fee", "amount_minor": 20_000})
    suspended = cabinet.call(cabinet.billing.GetAccount, billing_pb2.GetAccountRequest(number=ADVANCE)).services

    posting = cabinet.post("pay_1")

    assert {service.state for service in suspended} == {billing_pb2.SERVICE_STATE_SUSPENDED}
    assert posting.HasField("service_restored_at")
    assert not cabinet.post("pay_2").HasField("service_restored_at")


def test_bills_an_order_only_when_the_advance_covers_it(cabinet: Cabinet) -> None:
    def order(charge_id: str, amount_minor: int) -> Any:
        amount = money_pb2.Money(amount_minor=amount_minor, currency="RUB")
        request = billing_pb2.PlaceChargeRequest(charge_id=charge_id, number=ADVANCE, amount=amount, description="Кино")
        return cabinet.call(cabinet.billing.PlaceCharge, request)

    billed = order("ord_1", 14_900)
    with pytest.raises(grpc.RpcError) as error:
        order("ord_2", 14_900)

    assert billed.balance_after.amount_minor == 100
    assert order("ord_1", 14_900) == billed
    assert reason_of(error) == "INSUFFICIENT_FUNDS"


@pytest.mark.parametrize("wrong", [{"audience": "region:77"}, {"issuer": "payments"}])
def test_answers_nobody_but_the_cabinet_speaking_to_it(cabinet: Cabinet, wrong: dict[str, str]) -> None:
    with pytest.raises(grpc.RpcError) as error:
        cabinet.call(cabinet.billing.GetAccount, billing_pb2.GetAccountRequest(number=ADVANCE), **wrong)

    assert reason_of(error) == "CREDENTIALS_MISSING"


def test_pages_charges_newest_first_without_gaps(cabinet: Cabinet) -> None:
    def page(token: str) -> Any:
        request = billing_pb2.ListChargesRequest(number=ADVANCE, page_size=2, page_token=token)
        return cabinet.call(cabinet.billing.ListCharges, request)

    first = page("")
    second = page(first.next_page_token)

    times = [charge.charged_at.ToDatetime() for charge in [*first.charges, *second.charges]]
    assert len(times) == 3
    assert times == sorted(times, reverse=True)
    assert second.next_page_token == ""


def test_tells_balances_and_bills_until_the_cabinet_has_them(
    region: Region, cabinet: Cabinet, feed: FeedReceiver
) -> None:
    eventually(lambda: feed.balances)
    feed.refusing = True
    cabinet.post("pay_1")
    month = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    issued = region.control(f"accounts/{CREDIT}/bills", {"month": month}).json()
    region.program.kill()
    feed.refusing = False

    region.program.start()

    eventually(lambda: feed.bills)
    bill = feed.bills[0]
    assert bill.bill_number == issued["bill_number"]
    total = sum(line.amount.amount_minor for line in bill.lines)
    closing = bill.opening_balance.amount_minor - total + bill.payments_received.amount_minor
    assert bill.amount_due.amount_minor == max(0, -closing)
    assert feed.balances[-1].number == ADVANCE


def test_tells_again_what_the_cabinet_has_not_taken(region: Region, cabinet: Cabinet, feed: FeedReceiver) -> None:
    feed.takes_at_once = 1
    for number in range(5):
        cabinet.post(f"pay_{number}")
    balance = cabinet.balance(ADVANCE)

    eventually(lambda: feed.balances and feed.balances[-1].balance.amount_minor == balance)

    told = [record.balance.amount_minor for record in feed.balances if record.number == ADVANCE]
    assert told[-5:] == [balance - 45_000 * left for left in range(4, -1, -1)]


def test_loses_nothing_that_it_answered_when_it_is_killed(region: Region, cabinet: Cabinet) -> None:
    posting = cabinet.post("pay_1")
    region.program.kill()

    region.program.start()

    request = billing_pb2.GetPostingRequest(payment_id="pay_1")
    assert cabinet.call(cabinet.billing.GetPosting, request).posting == posting


def test_fails_after_applying_when_the_script_says_so(region: Region, cabinet: Cabinet) -> None:
    region.arm(fault="error_after", method="PostPayment", key="pay_1")

    with pytest.raises(grpc.RpcError):
        cabinet.post("pay_1")

    request = billing_pb2.GetPostingRequest(payment_id="pay_1")
    assert cabinet.call(cabinet.billing.GetPosting, request).posting.amount == AMOUNT


def test_refuses_an_unknown_fault_script(region: Region) -> None:
    assert region.control("faults", {"fault": "sloww_ms:1"}).status_code == 400


def test_streams_one_journal_that_goes_on_after_a_kill(region: Region, cabinet: Cabinet, feed: FeedReceiver) -> None:
    cabinet.post("pay_1")
    eventually(lambda: feed.balances and feed.balances[-1].balance.amount_minor == cabinet.balance(ADVANCE))
    region.program.kill()
    before = feed.position

    region.program.start()
    cabinet.post("pay_2")

    eventually(lambda: feed.position > before)
    assert sorted(feed.records) == list(range(1, feed.position + 1))
    assert len(feed.journals) == 1


def test_an_account_of_a_new_owner_has_new_proofs_and_no_history(
    region: Region, cabinet: Cabinet, feed: FeedReceiver
) -> None:
    codes = {"payer_name": "Новосёлова Анна", "contract_code": "NEW-1", "bill_code": "NEW-2"}
    assert region.control(f"accounts/{ADVANCE}/owner", codes).status_code == 200

    def verified(kind: str, value: str) -> bool:
        request = billing_pb2.VerifyOwnershipRequest(number=ADVANCE)
        request.proof.kind, request.proof.value = kind, value
        return bool(cabinet.call(cabinet.billing.VerifyOwnership, request).verified)

    rows = cabinet.call(cabinet.billing.ListPayments, billing_pb2.ListPaymentsRequest(number=ADVANCE)).payments
    eventually(lambda: feed.owner_changes)
    assert feed.owner_changes[0].number == ADVANCE
    assert (verified("contract_code", "1207-NSK"), verified("contract_code", "NEW-1")) == (False, True)
    assert list(rows) == []


@pytest.mark.parametrize(("profile", "former_answers"), [("", False), ("former_numbers", True)])
def test_an_account_goes_on_under_another_number(
    region: Region, cabinet: Cabinet, feed: FeedReceiver, profile: str, former_answers: bool
) -> None:
    new = "5400299999"
    region.turn_on_profile(profile)
    before = cabinet.balance(ADVANCE)

    assert region.control(f"accounts/{ADVANCE}/number", {"new_number": new}).json()["old_number"] == ADVANCE
    posting = cabinet.post("pay_1", number=new)

    assert (posting.number, cabinet.balance(new)) == (new, before + 45_000)
    eventually(lambda: feed.number_changes and feed.balances[-1].number == new)
    assert [(change.old_number, change.new_number) for change in feed.number_changes] == [(ADVANCE, new)]
    if former_answers:
        assert cabinet.balance(ADVANCE) == before + 45_000
    else:
        with pytest.raises(grpc.RpcError) as error:
            cabinet.balance(ADVANCE)
        assert reason_of(error) == "ACCOUNT_NOT_FOUND"


def test_gives_no_account_a_number_that_is_or_was_anothers(region: Region) -> None:
    assert region.control(f"accounts/{ADVANCE}/number", {"new_number": CREDIT}).status_code == 400


def test_shows_a_period_and_says_from_when_on_it_keeps_rows(cabinet: Cabinet) -> None:
    every = cabinet.call(cabinet.billing.ListCharges, billing_pb2.ListChargesRequest(number=ADVANCE))
    newest, *older = every.charges

    def of_period(**bounds: Any) -> Any:
        request = billing_pb2.ListChargesRequest(number=ADVANCE, **bounds)
        return cabinet.call(cabinet.billing.ListCharges, request)

    assert list(of_period(begins_at=newest.charged_at).charges) == [newest]
    assert list(of_period(ends_at=newest.charged_at).charges) == older
    assert {of_period(ends_at=moment).kept_from.ToJsonString() for moment in (None, newest.charged_at)} == {
        "2014-06-30T17:00:00Z"
    }
