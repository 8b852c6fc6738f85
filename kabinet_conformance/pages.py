"""RB-3x: histories in pages, without gaps or repeats."""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

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
_PageOf = Callable[[Region, int, str], Any]


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


def _payments(region: Region, size: int, token: str) -> Any:
    return region.ask(billing_pb2.ListPaymentsRequest(number=region.target.account, page_size=size, page_token=token))


def _charges(region: Region, size: int, token: str) -> Any:
    return region.ask(billing_pb2.ListChargesRequest(number=region.target.account, page_size=size, page_token=token))


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
