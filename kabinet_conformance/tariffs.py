"""RO-0x: tariff plans: quote, schedule, take back."""

from datetime import date
from typing import Any

import grpc
from kabinet.regional.v1 import ordering_pb2

from kabinet_conformance.region import Region, new_id, same
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.values import expect_sum, expect_text
from kabinet_conformance.verdicts import NotApplicable, expect

BOOK = RuleBook()
_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION


@BOOK.rule(
    "RO-01",
    "The plans to change to come by their monthly fee; the one in force is not among them.",
    advice="Leave out what the account cannot change to; every plan has an id, a readable name and a fee.",
)
def plans(region: Region) -> None:
    found = _plans(region)
    fees = [plan.monthly_fee.amount_minor for plan in found]
    in_force = region.account().tariff_plan.tariff_plan_id
    expect(fees == sorted(fees), "the plans do not come by their monthly fee")
    expect(in_force not in {plan.tariff_plan_id for plan in found}, "the plan in force is among them")
    for plan in found:
        expect_text(plan.name, f"the name of plan {plan.tariff_plan_id}")
        expect_sum(plan, "monthly_fee", at_least=0)


@BOOK.rule(
    "RO-02",
    "A quote names the plan, the price now, the next bill and a date to come, and changes nothing.",
    advice='effective_date is a day of the region\'s own calendar ("2014-08-01"); send zero sums with a currency too.',
)
def quote(region: Region) -> None:
    wanted = _any_plan(region)
    found, again = _quote(region, wanted), _quote(region, wanted)
    expect(found == again, "two quotes of one plan differ")
    expect(found.tariff_plan.tariff_plan_id == wanted, "the quote is for another plan")
    expect_sum(found, "price_now", at_least=0)
    expect_sum(found, "next_bill", at_least=0)
    try:
        day = date.fromisoformat(found.effective_date)
    except ValueError:
        day = date.min
    expect(day > date(2000, 1, 1), f"effective_date is {found.effective_date!r}")


@BOOK.rule(
    "RO-03",
    "An unknown plan is TARIFF_PLAN_NOT_FOUND, the one in force TARIFF_PLAN_IN_FORCE.",
    advice="Add the reason as ErrorInfo; the cabinet explains it to the subscriber in words.",
)
def wrong_plans(region: Region) -> None:
    unknown = _quote_request(region, new_id("plan"))
    in_force = _quote_request(region, region.account().tariff_plan.tariff_plan_id)
    region.expect_refusal(unknown, code=grpc.StatusCode.NOT_FOUND, reason="TARIFF_PLAN_NOT_FOUND")
    region.expect_refusal(in_force, code=_PRECONDITION, reason="TARIFF_PLAN_IN_FORCE")


@BOOK.rule(
    "RO-04",
    "The same change id again, also at the same moment, returns the first change; GetTariffChange shows it.",
    advice="Keep a unique index on the change id, and look for the id before looking at anything else.",
)
def scheduled_once(region: Region) -> None:
    request = _schedule_request(region)
    try:
        answers = [region.send(request), *region.at_once([request] * 4)]
        expect(same(answers, lambda body: body.change), "repeated calls with one id did not all return one change")
        change = answers[0].body.change
        expect(change.state == ordering_pb2.TARIFF_CHANGE_STATE_SCHEDULED, "the change is not SCHEDULED")
        expect(change.quote == request.quote, "the change is not what was agreed to")
        got = region.ask(ordering_pb2.GetTariffChangeRequest(change_id=request.change_id)).change
        expect(got == change, "GetTariffChange differs from what ScheduleTariffChange returned")
    finally:
        _take_back(region, request)


@BOOK.rule(
    "RO-05",
    "A change id with another content is ALREADY_EXISTS (REQUEST_ID_REUSED).",
    advice="On a repeat compare account and quote with the first request.",
)
def reuse(region: Region) -> None:
    request = _schedule_request(region)
    region.ask(request)
    try:
        other = ordering_pb2.ScheduleTariffChangeRequest()
        other.CopyFrom(request)
        other.quote.price_now.amount_minor += 1
        region.expect_refusal(other, code=grpc.StatusCode.ALREADY_EXISTS, reason="REQUEST_ID_REUSED")
    finally:
        _take_back(region, request)


@BOOK.rule(
    "RO-06",
    "While one change is scheduled there is no quote for another: TARIFF_CHANGE_PENDING.",
    advice="Allow one scheduled change per account, by a unique index too.",
)
def pending(region: Region) -> None:
    request = _schedule_request(region)
    region.ask(request)
    try:
        asked = _quote_request(region, request.quote.tariff_plan.tariff_plan_id)
        region.expect_refusal(asked, code=_PRECONDITION, reason="TARIFF_CHANGE_PENDING")
    finally:
        _take_back(region, request)


@BOOK.rule(
    "RO-07",
    "A quote that does not hold is refused: TARIFF_QUOTE_OUTDATED.",
    advice="Compute the quote anew and compare price and date with what was agreed to, before scheduling.",
)
def outdated(region: Region) -> None:
    request = _schedule_request(region)
    request.quote.price_now.amount_minor += 1
    answer = region.send(request)
    if answer.code is grpc.StatusCode.OK:
        _take_back(region, request)
    expect(answer.reason == "TARIFF_QUOTE_OUTDATED", f"another price than the quoted one was answered with {answer}")


@BOOK.rule(
    "RO-08",
    "A scheduled change can be taken back, twice with one answer, and a new quote is given afterwards.",
    advice="Taking back what is taken back already is a success.",
)
def taken_back(region: Region) -> None:
    request = _schedule_request(region)
    region.ask(request)
    answers = [region.send(ordering_pb2.CancelTariffChangeRequest(change_id=request.change_id)) for _ in range(2)]
    expect(
        same(answers, lambda body: body.change), f"taking back twice was answered with {[str(it) for it in answers]}"
    )
    expect(
        answers[0].body.change.state == ordering_pb2.TARIFF_CHANGE_STATE_CANCELED,
        "the change taken back is not CANCELED",
    )
    _quote(region, request.quote.tariff_plan.tariff_plan_id)


@BOOK.rule(
    "RO-09",
    "An unknown change is NOT_FOUND (TARIFF_CHANGE_NOT_FOUND).",
    advice="Add the reason as ErrorInfo.",
)
def unknown(region: Region) -> None:
    change_id = new_id("chg")
    for request in (
        ordering_pb2.GetTariffChangeRequest(change_id=change_id),
        ordering_pb2.CancelTariffChangeRequest(change_id=change_id),
    ):
        region.expect_refusal(request, code=grpc.StatusCode.NOT_FOUND, reason="TARIFF_CHANGE_NOT_FOUND")


def any_quote_request(region: Region, /) -> ordering_pb2.QuoteTariffChangeRequest:
    """Return a request for a quote that would be given if nothing stood against it."""
    return _quote_request(region, _any_plan(region))


def _plans(region: Region) -> Any:
    return region.ask(ordering_pb2.ListTariffPlansRequest(number=region.target.account)).tariff_plans


def _any_plan(region: Region) -> str:
    found = _plans(region)
    if not found:
        raise NotApplicable("there is no plan that the account could change to")
    return str(found[-1].tariff_plan_id)


def _quote_request(region: Region, plan: str) -> ordering_pb2.QuoteTariffChangeRequest:
    return ordering_pb2.QuoteTariffChangeRequest(number=region.target.account, tariff_plan_id=plan)


def _quote(region: Region, plan: str) -> ordering_pb2.TariffQuote:
    quote: ordering_pb2.TariffQuote = region.ask(_quote_request(region, plan)).quote
    return quote


def _schedule_request(region: Region) -> ordering_pb2.ScheduleTariffChangeRequest:
    return ordering_pb2.ScheduleTariffChangeRequest(
        change_id=new_id("chg"), number=region.target.account, quote=_quote(region, _any_plan(region))
    )


def _take_back(region: Region, request: ordering_pb2.ScheduleTariffChangeRequest) -> None:
    """Leave no scheduled change on the account, whatever the rule found."""
    region.send(ordering_pb2.CancelTariffChangeRequest(change_id=request.change_id))
