"""MongoDB killed, kept away, failing now and then: what was acknowledged is kept, what was not is refused honestly."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from typing import Any

import httpx
import pytest

from tests.bench.load import open_loop_by_threads
from tests.faults.people import Member, Order
from tests.faults.stage import Stage
from tests.support import eventually

_CROWD = 4
# https://www.mongodb.com/docs/manual/reference/error-codes/: the driver repeats the first by itself, the other not.
_TOO_BUSY, _OUT_OF_TIME = 262, 50
_LADDER_S = 90  # a message that half a minute's outage has turned away comes back after a minute
_OUTAGE_S = 30
_READ = ("/payments", "/billing-accounts", "/payment-methods", "/profile")


def test_a_kill_of_the_database_under_load_loses_no_acknowledged_payment(stage: Stage) -> None:
    orders = stage.orders(24, saved_card=True)
    known = len(stage.acknowledged)

    with ThreadPoolExecutor(_CROWD) as crowd:
        paying = [crowd.submit(stage.insist, order, timeout_s=60) for order in orders]
        eventually(lambda: len(stage.acknowledged) >= known + 6, timeout_s=20)
        stage.kill("mongo")
        payment_ids = [payment.result() for payment in paying]

    stage.settle(payment_ids)
    assert len(set(payment_ids)) == len(orders)


@pytest.mark.long
@pytest.mark.timeout(240)  # the outage, and the longest step of the ladder that messages climb in it
def test_half_a_minute_without_the_database_is_refused_for_now_and_leaves_no_half_payment(stage: Stage) -> None:
    before = stage.insist_on_all(stage.orders(2, saved_card=True))
    stage.settle(before)
    orders = stage.orders(_OUTAGE_S // 2, saved_card=True)
    reads = [partial(stage.read, order.member, path) for order, path in zip(orders, cycle(_READ), strict=False)]
    requests = iter([*(partial(stage.send, order) for order in orders), *reads])
    answers: list[httpx.Response] = []

    with stage.away("mongo"):
        open_loop_by_threads(lambda: answers.append(next(requests)()), rate=1, seconds=_OUTAGE_S, threads=8)

    refused = [(str(answer.url.path), *_refusal(answer)) for answer in answers]
    assert [answer for answer in refused if answer[1:] != (httpx.codes.SERVICE_UNAVAILABLE, True)] == []
    stage.settle(_paid(stage, orders))
    stage.wait_until_queues_are_empty(timeout_s=_LADDER_S)


def _paid(stage: Stage, orders: list[Order]) -> list[str]:
    payment_ids = stage.insist_on_all(orders)
    assert len(set(payment_ids)) == len(orders)
    return payment_ids


def _refusal(answer: httpx.Response) -> tuple[int, bool]:
    return answer.status_code, answer.headers.get("retry-after", "").isdigit()


@pytest.mark.parametrize("code", [_TOO_BUSY, _OUT_OF_TIME], ids=["too-busy", "out-of-time"])
@pytest.mark.parametrize("command", ["update", "findAndModify"])
@pytest.mark.parametrize("books", ["payments", "postings"])
def test_a_database_that_fails_now_and_then_costs_time_only(stage: Stage, books: str, command: str, code: int) -> None:
    namespace = stage.payments_name if books == "payments" else stage.postings_name
    orders = stage.orders(6, saved_card=True)
    # Nobody hears how the charges ended, so that each payment has to be claimed, and each posting anyway.
    stage.payer.arm(fault="reset_after", operation="create_payment", times=len(orders))

    with stage.failpoints.failing(command, namespace=namespace, times=6, code=code) as point:
        payment_ids = stage.insist_on_all(orders)
        stage.settle(payment_ids)
        assert point.has_met(6), "nothing failed, so nothing was shown"

    assert [stage.charges(payment_id) for payment_id in payment_ids] == [1] * len(orders)


def test_a_bill_whose_archiving_fails_at_first_is_archived_and_mailed_once(stage: Stage) -> None:
    member = stage.members[0]
    account_id, number = stage.open_account(member)
    email = _consent(stage, member, account_id)
    archive = f"{stage.suite.database('documents')}.archive"
    stage.offices[member.region].charge(number, charge_id=f"fee-{secrets.token_hex(8)}", amount_minor=10_000)

    with stage.failpoints.failing("insert", namespace=archive, times=1, code=_TOO_BUSY) as point:
        issued = stage.offices[member.region].issue_bill(number)
        point.wait_for(1)
        bill = eventually(lambda: _mailed(member, issued["bill_number"]), timeout_s=60, every_s=0.3)

    assert len([mail for mail in stage.mailbox.mails(email) if number in mail["subject"]]) == 1
    assert member.subscriber.download(f"/customer-bills/{bill['id']}/pdf").startswith(b"%PDF")


def _consent(stage: Stage, member: Member, account_id: str) -> str:
    """Have the account's bills delivered to an address of its own, and return it."""
    email = f"bills.{secrets.token_hex(4)}@example.test"
    path = f"/billing-accounts/{account_id}/bill-delivery"
    consent = {"version": member.subscriber.get(path)["consent_version"]}
    member.subscriber.put(path, {"email": email, "consent": consent})
    link = stage.mailbox.link(email, containing="/bill-delivery-confirmations/")
    member.subscriber.post(f"/bill-delivery-confirmations/{link.rsplit('/', 1)[-1]}", None)
    return email


def _mailed(member: Member, bill_number: str) -> dict[str, Any] | None:
    bills: list[dict[str, Any]] = member.subscriber.get("/customer-bills")["items"]
    return next((bill for bill in bills if bill["bill_number"] == bill_number and bill["mailed_at"]), None)
