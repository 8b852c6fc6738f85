"""RB-3x: histories in pages, without gaps or repeats."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

import grpc
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance.region import Region, new_id, rubles
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.values import expect_moment, expect_sum
from kabinet_conformance.verdicts import expect

BOOK = RuleBook()
_ROWS = 4
_MOST = 100
_DEFAULT = 20
_Request = TypeVar("_Request", billing_pb2.ListChargesRequest, billing_pb2.ListPaymentsRequest)
_PageOf = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The part of a history that is asked for."""

    begins_at: datetime | None = None
    ends_at: datetime | None = None

    def put_into(self, request: _Request, /) -> _Request:
        """Return the request with it."""
        if self.begins_at is not None:
            request.begins_at.FromDatetime(self.begins_at)
        if self.ends_at is not None:
            request.ends_at.FromDatetime(self.ends_at)
        return request


_ALL = Period()


@BOOK.rule(
    "RB-30",
    "Pages of payments put together are the history: newest first, each row once, none left out.",
    advice="Page by the position of the last row shown, which never changes, and never by OFFSET or by time alone.",
)
def payments_whole(region: Region) -> None:
    _some_payments(region)
    _expect_whole(region, _payments, lambda row: (row.payment_id, row.credited_at.ToDatetime()))


@BOOK.rule(
    "RB-31",
    "Pages of charges put together are the history: newest first, each row once, none left out.",
    advice="Page by the position of the last row shown, which never changes, and never by OFFSET or by time alone.",
)
def charges_whole(region: Region) -> None:
    _some_charges(region)
    _expect_whole(region, _charges, lambda row: (row.charge_id, row.charged_at.ToDatetime()))


@BOOK.rule(
    "RB-32",
    "A page begun stays in place when a new payment comes in between.",
    advice="Let the page token name the row where the page ended; a new row at the front then moves nothing.",
)
def stable(region: Region) -> None:
    _some_payments(region)
    first = _payments(region, 2, "")
    expected = _payments(region, 2, first.next_page_token)
    region.ask(_payment(region, 1))
    found = _payments(region, 2, first.next_page_token)
    expect(list(found.payments) == list(expected.payments), "the second page moved when a payment came in between")


@BOOK.rule(
    "RB-33",
    "A page has at most the rows asked for, at most 100, and 20 when nothing is asked for.",
    advice="Cut page_size to 100; a page_size beyond the contract may also be refused with INVALID_ARGUMENT.",
)
def sizes(region: Region) -> None:
    for asked, most in ((1, 1), (3, 3), (0, _DEFAULT), (_MOST + 1, _MOST), (2**31 - 1, _MOST)):
        answer = region.send(billing_pb2.ListPaymentsRequest(number=region.target.account, page_size=asked))
        if asked > _MOST and answer.code is grpc.StatusCode.INVALID_ARGUMENT:
            continue
        expect(answer.code is grpc.StatusCode.OK, f"page_size {asked} was answered with {answer}")
        expect(len(answer.body.payments) <= most, f"page_size {asked} brought {len(answer.body.payments)} rows")


@BOOK.rule(
    "RB-34",
    "A page token that the region did not make is INVALID_ARGUMENT.",
    advice="Check the token before using it; never answer the first page instead, for the cabinet would loop.",
)
def garbage_token(region: Region) -> None:
    for token in ("garbage", "-1", "1; DROP TABLE ledger", "A" * 5_000):
        for request in (
            billing_pb2.ListChargesRequest(number=region.target.account, page_token=token),
            billing_pb2.ListPaymentsRequest(number=region.target.account, page_token=token),
        ):
            region.expect_refusal(request, code=grpc.StatusCode.INVALID_ARGUMENT)


@BOOK.rule(
    "RB-35",
    "Every row has an id, a positive sum with its currency and a moment that is not in the future.",
    advice="Corrections are rows of their own with positive sums; a row without a moment cannot be shown.",
)
def rows(region: Region) -> None:
    for payment in _payments(region, _MOST, "").payments:
        expect(payment.payment_id and payment.channel, "a payment has no id or no channel")
        expect_sum(payment, "amount", at_least=1)
        expect_moment(payment, "credited_at")
    for charge in _charges(region, _MOST, "").charges:
        expect(charge.charge_id, "a charge has no id")
        expect_sum(charge, "amount", at_least=1)
        expect_moment(charge, "charged_at")


@BOOK.rule(
    "RB-36",
    "as_of of a page says when the books showed its rows.",
    advice="Set as_of in both lists, from the same reading of the books as the rows.",
)
def page_moments(region: Region) -> None:
    expect_moment(_payments(region, 1, ""), "as_of")
    expect_moment(_charges(region, 1, ""), "as_of")


@BOOK.rule(
    "RB-37",
    "A period is cut exactly: begins_at is its first moment, ends_at the first one after it.",
    advice="Compare the row's own moment: row >= begins_at AND row < ends_at, in UTC, whatever the page.",
)
def periods(region: Region) -> None:
    _some_payments(region)
    _some_charges(region)
    for page in (_payments, _charges):
        rows = _rows_of(page(region, _MOST, ""))
        newest, oldest = _moment_of(rows[0]), _moment_of(rows[-1])
        later = newest + timedelta(microseconds=1)
        _expect_ids(page, region, Period(begins_at=newest), [row for row in rows if _moment_of(row) == newest])
        _expect_ids(page, region, Period(ends_at=newest), [row for row in rows if _moment_of(row) < newest])
        _expect_ids(page, region, Period(begins_at=oldest, ends_at=later), list(rows))
        _expect_ids(page, region, Period(begins_at=later, ends_at=later + timedelta(days=1)), [])


@BOOK.rule(
    "RB-38",
    "Pages of a period put together are the period: each row once, none left out, none from outside.",
    advice="Apply the period to every page: it comes with each request, also with those that bring a token.",
)
def pages_of_a_period(region: Region) -> None:
    _some_payments(region)
    _some_charges(region)
    for page in (_payments, _charges):
        rows = _rows_of(page(region, 2 * _ROWS, ""))
        period = Period(begins_at=_moment_of(rows[-1]), ends_at=_moment_of(rows[0]))
        at_once = [_id_of(row) for row in _rows_of(page(region, _MOST, "", period))]
        in_pages: list[str] = []
        token = ""
        while len(in_pages) <= len(at_once):
            answer = page(region, 2, token, period)
            in_pages += [_id_of(row) for row in _rows_of(answer)]
            token = answer.next_page_token
            if not token:
                break
        expect(in_pages == at_once, "pages of 2 put together are not the period that one large page shows")


@BOOK.rule(
    "RB-39",
    "kept_from is not in the future, and no row is older: whatever the page and the period.",
    advice="Leave it out when the books reach back to the account's beginning; after a migration tell its moment.",
)
def kept_from(region: Region) -> None:
    _some_payments(region)
    for page in (_payments, _charges):
        for period in (_ALL, Period(ends_at=datetime(2000, 1, 1, tzinfo=UTC))):
            answer = page(region, _MOST, "", period)
            if not answer.HasField("kept_from"):
                continue
            expect_moment(answer, "kept_from")
            kept = answer.kept_from.ToDatetime(tzinfo=UTC)
            older = [_id_of(row) for row in _rows_of(answer) if _moment_of(row) < kept]
            expect(not older, f"rows are older than kept_from: {older}")


def _expect_ids(page: _PageOf, region: Region, period: Period, expected: list[Any]) -> None:
    """Check that a period begins with these rows, and has no others when one page could hold more."""
    found = [_id_of(row) for row in _rows_of(page(region, _MOST, "", period))]
    wanted = [_id_of(row) for row in expected]
    right = found[: len(wanted)] == wanted and (len(found) == len(wanted) or len(found) == _MOST)
    expect(right, f"{period} brought {len(found)} rows, which are not the {len(wanted)} rows of that time")


def _expect_whole(region: Region, page: _PageOf, key: Callable[[Any], tuple[str, datetime]]) -> None:
    at_once = [key(row) for row in _rows_of(page(region, 3 * _ROWS, ""))]
    in_pages: list[tuple[str, datetime]] = []
    token = ""
    while len(in_pages) < len(at_once):
        answer = page(region, 3, token)
        in_pages += [key(row) for row in _rows_of(answer)]
        token = answer.next_page_token
        if not token:
            break
    ids = [row_id for row_id, _ in in_pages]
    repeated = sorted({row_id for row_id in ids if ids.count(row_id) > 1})
    expect(not repeated, f"rows came on two pages: {repeated}")
    expect(in_pages[: len(at_once)] == at_once, "pages of 3 put together are not what one large page shows")
    expect(all(newer[1] >= older[1] for newer, older in pairwise(at_once)), "rows do not come newest first")


def _rows_of(answer: Any) -> Any:
    return answer.payments if hasattr(answer, "payments") else answer.charges


def _id_of(row: Any) -> str:
    return str(row.payment_id if hasattr(row, "payment_id") else row.charge_id)


def _moment_of(row: Any) -> datetime:
    moment: datetime = (row.credited_at if hasattr(row, "credited_at") else row.charged_at).ToDatetime(tzinfo=UTC)
    return moment


def _payments(region: Region, size: int, token: str, period: Period = _ALL) -> Any:
    request = billing_pb2.ListPaymentsRequest(number=region.target.account, page_size=size, page_token=token)
    return region.ask(period.put_into(request))


def _charges(region: Region, size: int, token: str, period: Period = _ALL) -> Any:
    request = billing_pb2.ListChargesRequest(number=region.target.account, page_size=size, page_token=token)
    return region.ask(period.put_into(request))


def _payment(region: Region, kopecks: int) -> billing_pb2.PostPaymentRequest:
    return billing_pb2.PostPaymentRequest(
        payment_id=new_id("pay"), number=region.target.account, amount=rubles(kopecks)
    )


def _some_payments(region: Region) -> None:
    """Make sure that there are two pages: payments of one kopeck each."""
    for _ in range(_ROWS):
        region.ask(_payment(region, 1))


def _some_charges(region: Region) -> None:
    """Make sure that there are two pages, and money for them."""
    region.ask(_payment(region, _ROWS))
    for _ in range(_ROWS):
        region.send(
            billing_pb2.PlaceChargeRequest(
                charge_id=new_id("chg"), number=region.target.account, amount=rubles(1), description="Проверка"
            )
        )
