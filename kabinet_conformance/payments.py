"""RB-4x: a payment is credited once, whatever happens on the way."""

from typing import Any

import grpc
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance.region import Answer, Region, new_id, rubles, same
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.values import expect_moment
from kabinet_conformance.verdicts import NotApplicable, expect

BOOK = RuleBook()
_TIMES = 8
_SOON_S = 0.02


@BOOK.rule(
    "RB-40",
    "A payment is credited with exactly its sum, and the posting says so.",
    advice="Take id, number and sum from the request unchanged; balance_after is the balance in the same transaction.",
)
def credits(region: Region) -> None:
    before = region.balance()
    payment = _payment(region, 7)
    posting = region.ask(payment).posting
    expect(posting.payment_id == payment.payment_id, f"the posting has the id {posting.payment_id!r}")
    expect(posting.number == payment.number, f"the posting has the number {posting.number!r}")
    expect(posting.amount == payment.amount, "the posting has another sum than the payment")
    expect(posting.balance_after.currency == "RUB", "balance_after has no currency")
    expect(posting.balance_after.amount_minor == before + 7, "balance_after is not the balance plus the payment")
    expect_moment(posting, "posted_at")
    region.expect_balance(before + 7, after="After a payment of 7 kopecks")


@BOOK.rule(
    "RB-41",
    "The same payment id again returns the first posting, and the money comes once.",
    advice="Keep a unique index on the payment id; on a repeat, read and return the posting that is there.",
)
def once(region: Region) -> None:
    before = region.balance()
    payment = _payment(region, 3)
    answers = [region.send(payment) for _ in range(3)]
    expect(same(answers, lambda body: body.posting), "the repeated call did not return the first posting")
    region.expect_balance(before + 3, after="After one payment sent three times")


@BOOK.rule(
    "RB-42",
    "The same payment id eight times at the same moment is one posting.",
    advice="Let the database refuse the second row (unique index); looking first and inserting then is not enough.",
)
def once_in_parallel(region: Region) -> None:
    before = region.balance()
    answers = region.at_once([_payment(region, 5)] * _TIMES)
    expect(same(answers, lambda body: body.posting), "parallel calls with one id did not all return one posting")
    region.expect_balance(before + 5, after="After one payment sent eight times at once")


@BOOK.rule(
    "RB-43",
    "Eight payments at the same moment are all credited.",
    advice="Change the balance in the database (SET balance = balance + ?) or lock the row; a read value is outdated.",
)
def none_lost(region: Region) -> None:
    before = region.balance()
    answers = region.at_once([_payment(region, 2) for _ in range(_TIMES)])
    expect(all(answer.code is grpc.StatusCode.OK for answer in answers), f"refused: {[str(it) for it in answers]}")
    region.expect_balance(before + 2 * _TIMES, after="After eight payments of 2 kopecks at once")


@BOOK.rule(
    "RB-44",
    "A payment id with another sum is ALREADY_EXISTS (PAYMENT_ID_REUSED), and nothing is credited.",
    advice="On a repeat compare account and sum with the first posting; returning it would hide an error of money.",
)
def reuse(region: Region) -> None:
    payment = _payment(region, 3)
    region.ask(payment)
    before = region.balance()
    payment.amount.amount_minor += 1
    region.expect_refusal(payment, code=grpc.StatusCode.ALREADY_EXISTS, reason="PAYMENT_ID_REUSED")
    region.expect_balance(before, after="After a refused payment")


@BOOK.rule(
    "RB-45",
    "A payment id with another account is ALREADY_EXISTS (PAYMENT_ID_REUSED).",
    advice="The id is unique in the whole region, not per account.",
)
def reuse_elsewhere(region: Region) -> None:
    if not region.target.other_account:
        raise NotApplicable("needs --other-account, a second open account")
    payment = _payment(region, 3)
    region.ask(payment)
    payment.number = region.target.other_account
    region.expect_refusal(payment, code=grpc.StatusCode.ALREADY_EXISTS, reason="PAYMENT_ID_REUSED")


@BOOK.rule(
    "RB-46",
    "GetPosting returns the posting as PostPayment did, as often as it is asked.",
    advice="Answer from the ledger, not from a cache: the cabinet asks after a lost answer, hours later too.",
)
def read_back(region: Region) -> None:
    payment = _payment(region, 3)
    posting = region.ask(payment).posting
    for _ in range(2):
        found = region.ask(billing_pb2.GetPostingRequest(payment_id=payment.payment_id)).posting
        expect(found == posting, "GetPosting differs from what PostPayment returned")


@BOOK.rule(
    "RB-47",
    "The posting of a payment that was never applied is NOT_FOUND (POSTING_NOT_FOUND).",
    advice="This answer lets the cabinet post again: give it only when the books surely hold no such payment.",
)
def unknown_posting(region: Region) -> None:
    request = billing_pb2.GetPostingRequest(payment_id=new_id("pay"))
    region.expect_refusal(request, code=grpc.StatusCode.NOT_FOUND, reason="POSTING_NOT_FOUND")


@BOOK.rule(
    "RB-48",
    "A sum that is not positive or has no right currency is INVALID_ARGUMENT, and nothing is credited.",
    advice="Check sum and currency before writing; never take a missing currency for roubles.",
)
def wrong_sums(region: Region) -> None:
    before = region.balance()
    for amount in (rubles(0), rubles(-1), rubles(1, currency=""), rubles(1, currency="USD")):
        payment = _payment(region, 1)
        payment.amount.CopyFrom(amount)
        region.expect_refusal(payment, code=grpc.StatusCode.INVALID_ARGUMENT)
    region.expect_balance(before, after="After refused payments")


@BOOK.rule(
    "RB-49",
    'A credited payment is in the history at once, with its id, its sum and the channel "kabinet".',
    advice="List from the same ledger that payments are posted to.",
)
def listed(region: Region) -> None:
    payment = _payment(region, 3)
    region.ask(payment)
    page: Any = region.ask(billing_pb2.ListPaymentsRequest(number=region.target.account, page_size=20))
    row: Any = next((row for row in page.payments if row.payment_id == payment.payment_id), None)
    expect(row is not None, "the payment is not among the newest 20")
    expect(row.amount == payment.amount, "the history has another sum than the payment")
    expect(row.channel == "kabinet", f"the channel is {row.channel!r}")


@BOOK.rule(
    "RB-50",
    "A payment to a closed account is FAILED_PRECONDITION (ACCOUNT_CLOSED) and leaves no posting.",
    advice="This refusal is final, the payer gets the money back: never credit such a payment afterwards.",
)
def closed(region: Region) -> None:
    if not region.target.closed_account:
        raise NotApplicable("needs --closed-account, an account that is closed")
    payment = _payment(region, 3)
    payment.number = region.target.closed_account
    region.expect_refusal(payment, code=grpc.StatusCode.FAILED_PRECONDITION, reason="ACCOUNT_CLOSED")
    asked = billing_pb2.GetPostingRequest(payment_id=payment.payment_id)
    region.expect_refusal(asked, code=grpc.StatusCode.NOT_FOUND, reason="POSTING_NOT_FOUND")


@BOOK.rule(
    "RB-51",
    "A payment whose caller stopped waiting is applied whole or not at all; repeated, it is there once.",
    advice="Apply in one transaction that does not depend on the caller still listening.",
)
def impatient_caller(region: Region) -> None:
    before = region.balance()
    payment = _payment(region, 5)
    hasty: list[Answer] = [region.send(payment, timeout_s=_SOON_S / step) for step in (1, 4, 20)]
    patient = region.ask(payment).posting
    arrived = [answer.body.posting for answer in hasty if answer.code is grpc.StatusCode.OK]
    expect(all(posting == patient for posting in arrived), "the repeated call did not return the first posting")
    region.expect_balance(before + 5, after="After a payment that was repeated when its caller had given up")


def _payment(region: Region, kopecks: int) -> billing_pb2.PostPaymentRequest:
    payment = billing_pb2.PostPaymentRequest(
        payment_id=new_id("pay"), number=region.target.account, amount=rubles(kopecks)
    )
    payment.captured_at.GetCurrentTime()
    return payment
