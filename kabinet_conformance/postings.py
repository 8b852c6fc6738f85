"""RB-8x: the cabinet's payments of a period, by which both sides' books are compared every day."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance.region import Region, new_id, rubles
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.verdicts import NotApplicable, expect

BOOK = RuleBook()
_PAGES = 50


@BOOK.rule(
    "RB-80",
    "ListPostings has each posting of the period once, in the order of posting, as PostPayment told it.",
    advice="List from the ledger, by the same time that posted_at tells; the id is the cabinet's, not your own.",
)
def lists_each_once(region: Region) -> None:
    sums = (2, 3, 4)
    posted = [_posted(region, kopecks) for kopecks in sums]
    rows = [row for page in _pages(region, *_around(posted), page_size=1000) for row in page.postings]
    ours = [row for row in rows if row.payment_id in {posting.payment_id for posting in posted}]
    expect(
        [row.payment_id for row in ours] == [posting.payment_id for posting in posted],
        f"of three payments it lists {[row.payment_id for row in ours]}",
    )
    for row, posting, kopecks in zip(ours, posted, sums, strict=True):
        expect(row.number == region.target.account, f"the account is {row.number!r}")
        expect(row.amount == rubles(kopecks), "a listed sum is not the posted one")
        expect(row.posted_at == posting.posted_at, "a listed time is not posted_at of the posting")


@BOOK.rule(
    "RB-81",
    "Pages of ListPostings have no gaps and no repeats, and each has the totals of the whole period.",
    advice="Count and sum over the period in the database, not over the page; page by the ledger's position.",
)
def totals(region: Region) -> None:
    period = _around([_posted(region, kopecks) for kopecks in (2, 3, 4)])
    whole = [row for page in _pages(region, *period, page_size=1000) for row in page.postings]
    pages = list(_pages(region, *period, page_size=2))
    expect([row for page in pages for row in page.postings] == whole, "pages of two do not make up the whole period")
    kopecks = sum(row.amount.amount_minor for row in whole)
    for page in pages:
        expect(page.total_count == len(whole), f"total_count is {page.total_count} of {len(whole)}")
        expect(page.total_amount.amount_minor == kopecks, f"total_amount is not {kopecks} kopecks")
        expect(page.total_amount.currency == "RUB", "total_amount has no currency")


@BOOK.rule(
    "RB-82",
    "A period has its beginning and not its end: days that follow each other share no posting and lose none.",
    advice="Compare with posted_at >= from and posted_at < before.",
)
def half_open(region: Region) -> None:
    posting = _posted(region, 3)
    day = timedelta(days=1)
    within = _ids(region, posting.posted_at, _moved(posting.posted_at, day))
    expect(posting.payment_id in within, "a posting is not in the period that begins with it")
    before = _ids(region, _moved(posting.posted_at, -day), posting.posted_at)
    expect(posting.payment_id not in before, "a posting is in the period that ends with it")


@BOOK.rule(
    "RB-83",
    "Payments of other channels are not among the cabinet's.",
    advice='List the channel "kabinet" only: an office\'s payment is unknown to the cabinet and looks like a mistake.',
)
def own_channel_only(region: Region) -> None:
    _expect_implemented(region)
    history = region.ask(billing_pb2.ListPaymentsRequest(number=region.target.account, page_size=100)).payments
    other = next((row for row in history if row.channel != "kabinet"), None)
    if other is None:
        raise NotApplicable("needs a payment of another channel in the account's history")
    listed = _ids(region, other.credited_at, _moved(other.credited_at, timedelta(days=1)))
    expect(other.payment_id not in listed, f"a payment of the channel {other.channel!r} is listed as the cabinet's")


@BOOK.rule(
    "RB-84",
    "A period that does not end after its beginning is INVALID_ARGUMENT (PERIOD_INVALID), a token that was never given "
    "out too (PAGE_TOKEN_INVALID).",
    advice="An empty answer would pass for a day without payments.",
)
def wrong_questions(region: Region) -> None:
    _expect_implemented(region)
    moment = Timestamp()
    moment.GetCurrentTime()
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    region.expect_refusal(_request(moment, moment), code=invalid, reason="PERIOD_INVALID")
    garbage = _request(moment, _moved(moment, timedelta(days=1)))
    garbage.page_token = "no.token"
    region.expect_refusal(garbage, code=invalid, reason="PAGE_TOKEN_INVALID")


def _posted(region: Region, kopecks: int) -> Any:
    _expect_implemented(region)
    payment = billing_pb2.PostPaymentRequest(
        payment_id=new_id("pay"), number=region.target.account, amount=rubles(kopecks)
    )
    payment.captured_at.GetCurrentTime()
    return region.ask(payment).posting


def _expect_implemented(region: Region) -> None:
    if not region.lists_postings():
        raise NotApplicable("the region does not implement ListPostings")


def _around(postings: Sequence[Any]) -> tuple[Timestamp, Timestamp]:
    """Return a period that begins with the first posting and ends after the last."""
    return postings[0].posted_at, _moved(postings[-1].posted_at, timedelta(seconds=1))


def _ids(region: Region, posted_from: Timestamp, posted_before: Timestamp) -> set[str]:
    pages = _pages(region, posted_from, posted_before, page_size=1000)
    return {row.payment_id for page in pages for row in page.postings}


def _pages(region: Region, posted_from: Timestamp, posted_before: Timestamp, *, page_size: int) -> Iterator[Any]:
    _expect_implemented(region)
    request = _request(posted_from, posted_before)
    request.page_size = page_size
    for _ in range(_PAGES):
        page = region.ask(request)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token
    expect(False, f"the list does not end within {_PAGES} pages")


def _request(posted_from: Timestamp, posted_before: Timestamp) -> billing_pb2.ListPostingsRequest:
    return billing_pb2.ListPostingsRequest(posted_from=posted_from, posted_before=posted_before)


def _moved(moment: Timestamp, delta: timedelta) -> Timestamp:
    moved = Timestamp()
    moved.FromNanoseconds(moment.ToNanoseconds() + delta // timedelta(microseconds=1) * 1000)
    return moved
