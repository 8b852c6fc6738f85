"""RB-6x: a one-time fee is billed once, and only when the account can bear it."""

from typing import Any

import grpc
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance.region import Region, new_id, rubles, same
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.values import expect_moment
from kabinet_conformance.verdicts import NotApplicable, expect

BOOK = RuleBook()
_TIMES = 8
_FILM = "Фильм «Ёлка № 1»: аренда на 48 часов — 😀"


@BOOK.rule(
    "RB-60",
    "A fee is billed with exactly its sum, and the answer says so.",
    advice="Take id, sum and description from the request unchanged; balance_after is of the same transaction.",
)
def bills(region: Region) -> None:
    fee = _fee(region, 5)
    before = region.balance()
    answer = region.ask(fee)
    expect(answer.charge.charge_id == fee.charge_id, f"the charge has the id {answer.charge.charge_id!r}")
    expect(answer.charge.amount == fee.amount, "the charge has another sum than was asked for")
    expect(answer.balance_after == rubles(before - 5), "balance_after is not the balance less the fee")
    expect_moment(answer.charge, "charged_at")
    region.expect_balance(before - 5, after="After a fee of 5 kopecks")


@BOOK.rule(
    "RB-61",
    "The same charge id again, also at the same moment, returns the first charge and bills once.",
    advice="Keep a unique index on the charge id; on a repeat, read and return the charge that is there.",
)
def once(region: Region) -> None:
    fee = _fee(region, 3)
    before = region.balance()
    answers = [region.send(fee), *region.at_once([fee] * _TIMES)]
    expect(same(answers, lambda body: body), "repeated calls with one id did not all return the first answer")
    region.expect_balance(before - 3, after="After one fee sent nine times")


@BOOK.rule(
    "RB-62",
    "A charge id with another sum is ALREADY_EXISTS (CHARGE_ID_REUSED), and nothing is billed.",
    advice="On a repeat compare account and sum with the first charge.",
)
def reuse(region: Region) -> None:
    fee = _fee(region, 3)
    region.ask(fee)
    before = region.balance()
    fee.amount.amount_minor -= 1
    region.expect_refusal(fee, code=grpc.StatusCode.ALREADY_EXISTS, reason="CHARGE_ID_REUSED")
    region.expect_balance(before, after="After a refused fee")


@BOOK.rule(
    "RB-63",
    "A fee that an advance account cannot cover is FAILED_PRECONDITION (INSUFFICIENT_FUNDS), and nothing is billed.",
    advice="Compare with the balance in the same transaction; a fee of the cabinet never makes a debt.",
)
def insufficient(region: Region) -> None:
    if region.account().billing_mode != billing_pb2.BILLING_MODE_ADVANCE:
        raise NotApplicable("needs an account that pays in advance")
    before = region.balance()
    fee = _fee(region, 1, paid_before=False)
    fee.amount.amount_minor = max(0, before) + 1
    region.expect_refusal(fee, code=grpc.StatusCode.FAILED_PRECONDITION, reason="INSUFFICIENT_FUNDS")
    region.expect_balance(before, after="After a refused fee")


@BOOK.rule(
    "RB-64",
    "A fee that is not positive or has no right currency is INVALID_ARGUMENT.",
    advice="Check sum and currency before writing; a negative fee would be a gift.",
)
def wrong_sums(region: Region) -> None:
    before = region.balance()
    for amount in (rubles(0), rubles(-1), rubles(1, currency=""), rubles(1, currency="USD")):
        fee = _fee(region, 1, paid_before=False)
        fee.amount.CopyFrom(amount)
        region.expect_refusal(fee, code=grpc.StatusCode.INVALID_ARGUMENT)
    region.expect_balance(before, after="After refused fees")


@BOOK.rule(
    "RB-65",
    "A fee on a closed account is FAILED_PRECONDITION (ACCOUNT_CLOSED).",
    advice="A closed account takes no fees; say so with this reason, so that the order is given up.",
)
def closed(region: Region) -> None:
    if not region.target.closed_account:
        raise NotApplicable("needs --closed-account, an account that is closed")
    fee = _fee(region, 1, paid_before=False)
    fee.number = region.target.closed_account
    region.expect_refusal(fee, code=grpc.StatusCode.FAILED_PRECONDITION, reason="ACCOUNT_CLOSED")


@BOOK.rule(
    "RB-66",
    "A fee is in the history at once, its description letter for letter.",
    advice="Store descriptions as UTF-8 in full; what CP1251 cannot hold must not become question marks.",
)
def listed(region: Region) -> None:
    fee = _fee(region, 1)
    region.ask(fee)
    page = region.ask(billing_pb2.ListChargesRequest(number=region.target.account, page_size=20))
    row: Any = next((row for row in page.charges if row.charge_id == fee.charge_id), None)
    expect(row is not None, "the fee is not among the newest 20")
    expect(row.description == _FILM, f"the description came back as {row.description!r}")


def _fee(region: Region, kopecks: int, *, paid_before: bool = True) -> billing_pb2.PlaceChargeRequest:
    """Return a fee; by default the account gets the money for it first."""
    number = region.target.account
    if paid_before:
        owed = max(0, -region.balance())
        region.ask(
            billing_pb2.PostPaymentRequest(payment_id=new_id("pay"), number=number, amount=rubles(owed + kopecks))
        )
    return billing_pb2.PlaceChargeRequest(
        charge_id=new_id("chg"), number=number, amount=rubles(kopecks), description=_FILM
    )
