"""RB-2x: the account's figures."""

from datetime import timedelta

import grpc
from google.protobuf.message import Message
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance.region import Region, new_id, rubles
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.values import expect_moment, expect_sum, expect_text
from kabinet_conformance.verdicts import expect

BOOK = RuleBook()
_OLDEST = timedelta(days=1)


@BOOK.rule(
    "RB-20",
    "The balance is there, in kopecks, with its currency.",
    advice="Send amount_minor as an integer of kopecks and currency RUB, for a zero balance and a debt too.",
)
def balance(region: Region) -> None:
    expect_sum(region.account(), "balance")


@BOOK.rule(
    "RB-21",
    "as_of says when the books showed the figures: not in the future, not days ago.",
    advice="Take as_of from the books that the figures come from, in UTC, and keep the server's clock by NTP.",
)
def as_of(region: Region) -> None:
    expect_moment(region.account(), "as_of", oldest=_OLDEST)


@BOOK.rule(
    "RB-22",
    "Billing mode and tariff plan are there; the plan has an id, a name and a monthly fee.",
    advice="An account always has a plan in force; do not answer from rows that are only half written.",
)
def plan(region: Region) -> None:
    account = region.account()
    expect(account.billing_mode != billing_pb2.BILLING_MODE_UNSPECIFIED, "billing_mode is not set")
    expect(account.HasField("tariff_plan"), "tariff_plan is missing")
    expect(account.tariff_plan.tariff_plan_id, "tariff_plan has no id")
    expect_sum(account.tariff_plan, "monthly_fee", at_least=0)


@BOOK.rule(
    "RB-23",
    "Every service has an id of its own, a kind and a state.",
    advice="List all services of the account, suspended ones with state SUSPENDED.",
)
def services(region: Region) -> None:
    found = region.account().services
    ids = [service.service_id for service in found]
    expect(all(ids) and len(set(ids)) == len(ids), f"service ids are empty or repeated: {ids}")
    for service in found:
        expect(service.kind != billing_pb2.SERVICE_KIND_UNSPECIFIED, f"service {service.service_id} has no kind")
        expect(service.state != billing_pb2.SERVICE_STATE_UNSPECIFIED, f"service {service.service_id} has no state")


@BOOK.rule(
    "RB-24",
    "An unknown account is NOT_FOUND (ACCOUNT_NOT_FOUND) in every method that takes a number.",
    advice="Add a google.rpc.ErrorInfo with this reason to the status; the cabinet decides by it, not by the text.",
)
def unknown_account(region: Region) -> None:
    number = new_id("number")
    requests: tuple[Message, ...] = (
        billing_pb2.GetAccountRequest(number=number),
        billing_pb2.ListChargesRequest(number=number),
        billing_pb2.ListPaymentsRequest(number=number),
        billing_pb2.PostPaymentRequest(payment_id=new_id("pay"), number=number, amount=rubles(1)),
        billing_pb2.PlaceChargeRequest(charge_id=new_id("chg"), number=number, amount=rubles(1), description="Кино"),
    )
    for request in requests:
        region.expect_refusal(request, code=grpc.StatusCode.NOT_FOUND, reason="ACCOUNT_NOT_FOUND")


@BOOK.rule(
    "RB-25",
    "Names and descriptions are readable UTF-8.",
    advice="Read your database in the character set that it is written in (often CP1251), and send UTF-8.",
)
def readable(region: Region) -> None:
    account = region.account()
    expect_text(account.tariff_plan.name, "the plan's name")
    for service in account.services:
        expect_text(service.name, f"the name of service {service.service_id}")
    charges = region.ask(billing_pb2.ListChargesRequest(number=region.target.account, page_size=100)).charges
    for charge in charges:
        expect_text(charge.description, f"the description of charge {charge.charge_id}")


@BOOK.rule(
    "RB-26",
    "A number that nobody could have is refused like an unknown one, not an error of the server.",
    advice="Pass numbers to the database as parameters; cut nothing off, and answer NOT_FOUND or INVALID_ARGUMENT.",
)
def strange_numbers(region: Region) -> None:
    for number in ("' OR '1'='1", "٥٤٠٠", "9" * 10_000, "", "%", "\u0000"):
        answer = region.send(billing_pb2.GetAccountRequest(number=number))
        right = answer.code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT)
        expect(right, f"the number {number[:20]!r} was answered with {answer}")
