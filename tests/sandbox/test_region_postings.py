"""What the reference region tells of the cabinet's payments, and its habit of applying them twice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import billing_pb2

from sandbox.region import posted_payments
from tests.sandbox.regions import ADVANCE, AMOUNT, CREDIT, Cabinet, NearRegion, Region, reason_of
from tests.support import eventually


@pytest.fixture
def near_cabinet(tmp_path: Path) -> Iterator[Cabinet]:
    """The cabinet before a region within the test's own process."""
    region = NearRegion(folder=tmp_path)
    cabinet = Cabinet(address=region.address, key=region.key, clock=region.clock)
    yield cabinet
    cabinet.close()
    region.close()


def _moment(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def _request(*, hours: int = 1, page_size: int = 0, page_token: str = "") -> billing_pb2.ListPostingsRequest:
    now = datetime.now(UTC)
    return billing_pb2.ListPostingsRequest(
        posted_from=_moment(now - timedelta(hours=hours)),
        posted_before=_moment(now + timedelta(hours=hours)),
        page_size=page_size,
        page_token=page_token,
    )


def _listed(cabinet: Cabinet, request: billing_pb2.ListPostingsRequest) -> Any:
    return cabinet.call(cabinet.billing.ListPostings, request)


def test_lists_the_cabinets_payments_in_pages_with_the_totals_of_the_period(region: Region, cabinet: Cabinet) -> None:
    amounts = [money_pb2.Money(amount_minor=kopecks, currency="RUB") for kopecks in (100, 200, 300)]
    for number, amount in enumerate(amounts):
        cabinet.post(f"pay_{number}", number=ADVANCE if number else CREDIT, amount=amount)
    region.control(f"accounts/{ADVANCE}/payments", {"payment_id": "office", "amount_minor": 7})

    first = _listed(cabinet, _request(page_size=2))
    rest = _listed(cabinet, _request(page_size=2, page_token=first.next_page_token))

    rows = [*first.postings, *rest.postings]
    assert [(row.payment_id, row.number, row.amount) for row in rows] == [
        ("pay_0", CREDIT, amounts[0]),
        ("pay_1", ADVANCE, amounts[1]),
        ("pay_2", ADVANCE, amounts[2]),
    ]
    assert (len(first.postings), rest.next_page_token) == (2, "")
    assert {(page.total_count, page.total_amount.amount_minor) for page in (first, rest)} == {(3, 600)}


def test_a_list_and_its_totals_agree_whatever_is_paid_meanwhile(
    near_cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    near_cabinet.post("pay_1")
    read = posted_payments.of_period

    def read_and_be_overtaken(*arguments: Any, **period: Any) -> Any:
        monkeypatch.undo()
        rows = read(*arguments, **period)
        near_cabinet.post("pay_2")
        return rows

    monkeypatch.setattr(posted_payments, "of_period", read_and_be_overtaken)
    overtaken, after = _listed(near_cabinet, _request()), _listed(near_cabinet, _request())

    assert [(len(page.postings), page.total_count) for page in (overtaken, after)] == [(1, 1), (2, 2)]


def test_a_period_has_its_beginning_and_not_its_end(cabinet: Cabinet) -> None:
    posted_at = cabinet.post("pay_1").posted_at
    later = _moment(posted_at.ToDatetime(UTC) + timedelta(milliseconds=1))

    def count(posted_from: Timestamp, posted_before: Timestamp) -> int:
        request = billing_pb2.ListPostingsRequest(posted_from=posted_from, posted_before=posted_before)
        return int(_listed(cabinet, request).total_count)

    assert (count(posted_at, later), count(_moment(datetime(2014, 7, 1, tzinfo=UTC)), posted_at)) == (1, 0)
    with pytest.raises(grpc.RpcError) as refused:
        count(posted_at, posted_at)
    assert reason_of(refused) == "PERIOD_INVALID"


@pytest.mark.parametrize("token", ["x", "-1"])
def test_refuses_a_token_of_somebody_elses(cabinet: Cabinet, token: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        _listed(cabinet, _request(page_token=token))

    assert reason_of(refused) == "PAGE_TOKEN_INVALID"


def test_one_that_does_not_deduplicate_applies_a_payment_as_often_as_it_comes_and_its_ledger_shows_it(
    region: Region, cabinet: Cabinet
) -> None:
    before = cabinet.balance(ADVANCE)
    assert region.turn_on_profile("without_deduplication").is_success

    postings = [cabinet.post("pay_1") for _ in range(2)]

    assert cabinet.balance(ADVANCE) == before + 2 * AMOUNT.amount_minor
    assert [row.payment_id for row in _listed(cabinet, _request()).postings] == ["pay_1", "pay_1"]
    assert postings[0] != postings[1]
    found = cabinet.call(cabinet.billing.GetPosting, billing_pb2.GetPostingRequest(payment_id="pay_1")).posting
    assert found == postings[0]
    region.turn_on_profile("")
    assert cabinet.post("pay_1") == postings[0]


def test_a_payment_can_arrive_after_its_caller_was_told_that_there_is_no_answer(
    region: Region, cabinet: Cabinet
) -> None:
    before = cabinet.balance(ADVANCE)
    region.arm(fault="late_ms:300", method="PostPayment", key="pay_1")

    with pytest.raises(grpc.RpcError) as error:
        cabinet.post("pay_1")

    call: Any = error.value
    assert call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: cabinet.balance(ADVANCE) == before + AMOUNT.amount_minor)
