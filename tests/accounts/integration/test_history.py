"""Histories over real gRPC and MongoDB: pages, periods, and gaps that are shown as gaps."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.common.v1 import figure_pb2

from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from services.chassis.grpc_values import time_from_proto, time_to_proto
from tests.accounts.integration.cabinet import ANNA, Cabinet

_NOT_KEPT = pb.HISTORY_GAP_REASON_NOT_KEPT
Period = tuple[Timestamp | None, Timestamp | None]
_SILENT = pb.HISTORY_GAP_REASON_REGION_UNAVAILABLE


class Reader:
    """Anna, reading the fees of her account."""

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet
        self._account_id = cabinet.linked().billing_account_id

    def page(self, token: str = "", *, period: Period = (None, None)) -> pb.ListChargesResponse:
        begins_at, ends_at = period
        request = pb.ListChargesRequest(
            billing_account_id=self._account_id, page_token=token, begins_at=begins_at, ends_at=ends_at
        )
        page: pb.ListChargesResponse = self._cabinet.by(ANNA).accounts("ListCharges", request)
        return page

    def payments(self) -> pb.CreditedPaymentsFigure:
        request = pb.ListCreditedPaymentsRequest(billing_account_id=self._account_id)
        figure: pb.CreditedPaymentsFigure = self._cabinet.by(ANNA).accounts("ListCreditedPayments", request).payments
        return figure


@pytest.fixture
def reader(cabinet: Cabinet) -> Reader:
    return Reader(cabinet)


def _ids(page: pb.ListChargesResponse) -> list[str]:
    return [item.charge_id for item in page.charges.items]


def _gaps(page: pb.ListChargesResponse) -> list[Any]:
    return [gap.reason for gap in page.charges.gaps]


def test_what_was_read_once_is_shown_page_by_page_while_the_region_is_away(cabinet: Cabinet, reader: Reader) -> None:
    first = reader.page()
    rest = reader.page(first.next_page_token)
    assert (len(_ids(first)), len(_ids(rest)), rest.next_page_token) == (20, 10, "")

    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")
    known = reader.page()
    known_rest = reader.page(known.next_page_token)

    assert (known.charges.items, known.charges.status) == (first.charges.items, first.charges.status)
    assert (_ids(known_rest), known_rest.next_page_token) == (_ids(rest), "")
    assert (_gaps(known), _gaps(known_rest)) == ([_SILENT], [])
    assert time_from_proto(known.charges.gaps[0].begins_at) > time_from_proto(known.charges.items[0].charged_at)


def test_a_page_that_was_never_read_is_a_gap_and_no_refusal(cabinet: Cabinet, reader: Reader) -> None:
    first = reader.page()
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")

    behind = reader.page(first.next_page_token)

    assert (_ids(behind), _gaps(behind), behind.next_page_token) == ([], [_SILENT], "")
    assert behind.charges.status.freshness == figure_pb2.FRESHNESS_UNKNOWN
    (gap,) = behind.charges.gaps
    assert not gap.HasField("begins_at")
    assert gap.ends_at.ToDatetime() - first.charges.items[-1].charged_at.ToDatetime() <= timedelta(milliseconds=2)
    payments = reader.payments()
    assert (payments.status.freshness, [gap.reason for gap in payments.gaps]) == (
        figure_pb2.FRESHNESS_UNKNOWN,
        [_SILENT],
    )


def test_a_listing_goes_on_when_the_region_goes_away_or_comes_back(cabinet: Cabinet, reader: Reader) -> None:
    first = reader.page()
    rest = reader.page(first.next_page_token)

    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")
    in_the_dark, begun_in_the_dark = reader.page(first.next_page_token), reader.page()
    cabinet.region.recover()
    gone_on = reader.page(begun_in_the_dark.next_page_token)

    assert _ids(in_the_dark) == _ids(gone_on) == _ids(rest)


def test_a_period_begins_with_its_first_moment_and_ends_before_its_last(cabinet: Cabinet, reader: Reader) -> None:
    newest, oldest = cabinet.region.fees[10].charged_at, cabinet.region.fees[15].charged_at

    period = reader.page(period=(oldest, newest))

    assert _ids(period) == [f"fee-{number}" for number in range(11, 16)]
    assert _gaps(period) == []


def test_a_period_that_was_read_is_shown_without_the_region_and_what_lies_around_it_is_a_gap(
    cabinet: Cabinet, reader: Reader
) -> None:
    bounds = (cabinet.region.fees[15].charged_at, cabinet.region.fees[10].charged_at)
    wider = (cabinet.region.fees[17].charged_at, cabinet.region.fees[8].charged_at)
    told = reader.page(period=bounds)
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")

    known, around = reader.page(period=bounds), reader.page(period=wider)

    assert (known.charges, known.next_page_token) == (told.charges, "")
    assert (_ids(around), _gaps(around)) == (_ids(told), [_SILENT, _SILENT])
    later, earlier = around.charges.gaps
    assert (later.begins_at, later.ends_at) == (bounds[1], wider[1])
    assert (earlier.begins_at, earlier.ends_at) == (wider[0], bounds[0])


def test_says_from_when_on_a_region_keeps_rows_as_long_as_that_matters(cabinet: Cabinet, reader: Reader) -> None:
    moved = datetime.now(UTC).replace(microsecond=0) - timedelta(days=25, hours=12)
    cabinet.region.kept_from = moved
    del cabinet.region.fees[26:]
    before_that = (time_to_proto(moved - timedelta(days=9)), time_to_proto(moved))

    first = reader.page()
    rest, older = reader.page(first.next_page_token), reader.page(period=before_that)
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")
    known = reader.page(reader.page().next_page_token)

    assert (_gaps(first), _gaps(rest), _gaps(older)) == ([], [_NOT_KEPT], [_NOT_KEPT])
    assert [time_from_proto(gap.ends_at) for page in (rest, older) for gap in page.charges.gaps] == [moved] * 2
    assert (_ids(older), _ids(known), _gaps(known)) == ([], _ids(rest), [_NOT_KEPT])


def test_rows_from_outside_of_the_period_are_no_answer(cabinet: Cabinet, reader: Reader) -> None:
    bounds = (cabinet.region.fees[5].charged_at, cabinet.region.fees[2].charged_at)
    expected = _ids(reader.page(period=bounds))
    cabinet.region.fees = [cabinet.region.fees[0], *cabinet.region.fees]
    cabinet.region.ignores_periods = True

    shown = reader.page(period=bounds)

    assert (expected, _ids(shown)) == (["fee-3", "fee-4", "fee-5"], ["fee-3", "fee-4", "fee-5"])


def test_refuses_a_period_that_ends_before_it_begins_and_a_token_that_nobody_gave(reader: Reader) -> None:
    now = datetime.now(UTC)

    with pytest.raises(RemoteError) as backwards:
        reader.page(period=(time_to_proto(now), time_to_proto(now - timedelta(days=1))))
    with pytest.raises(RemoteError) as invented:
        reader.page("WyIiLCAieCIsICJmZWUtMTkiXQ")

    assert (backwards.value.kind, backwards.value.reason) == (Kind.INVALID, "PERIOD_INVALID")
    assert invented.value.reason == "PAGE_TOKEN_INVALID"


def test_what_the_overview_has_read_is_remembered_too(cabinet: Cabinet, reader: Reader) -> None:
    cabinet.by(ANNA).accounts("ListBillingAccounts", pb.ListBillingAccountsRequest(refresh_within_ms=9000))
    cabinet.region.refuse(Kind.UNAVAILABLE, "BOOKS_CLOSED")

    known, payments = reader.page(), reader.payments()

    assert _ids(known) == [f"fee-{number}" for number in range(20)]
    assert payments.status.freshness == figure_pb2.FRESHNESS_FRESH
    assert [gap.reason for gap in payments.gaps] == [_SILENT]  # from the reading until now
