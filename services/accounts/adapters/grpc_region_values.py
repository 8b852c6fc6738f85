"""What a region answers, as values of the domain. An answer that its contract does not allow is refused as a whole."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import billing_pb2

from services.accounts.domain.account_report import (
    AccountReport,
    BillingMode,
    Charge,
    CreditedPayment,
    OldMandate,
    Page,
    PlacedCharge,
    RegionalPosting,
    Service,
    ServiceKind,
    ServiceState,
    TariffPlan,
)
from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.history import BEGINNING, END
from services.accounts.domain.reconciliation import BookedPage, BookedPayment, Totals
from services.chassis.errors import DomainError
from services.chassis.grpc_values import money_from_proto, time_from_proto, time_to_proto
from services.chassis.money import Money

Value = TypeVar("Value")
Message = TypeVar("Message")

_LONGEST_CODE = timedelta(minutes=10)
_MODES: Mapping[int, BillingMode] = {
    billing_pb2.BILLING_MODE_ADVANCE: BillingMode.ADVANCE,
    billing_pb2.BILLING_MODE_CREDIT: BillingMode.CREDIT,
}
KINDS: Mapping[int, ServiceKind] = {
    billing_pb2.SERVICE_KIND_TELEPHONY: ServiceKind.TELEPHONY,
    billing_pb2.SERVICE_KIND_INTERNET: ServiceKind.INTERNET,
    billing_pb2.SERVICE_KIND_TV: ServiceKind.TV,
}
_STATES: Mapping[int, ServiceState] = {
    billing_pb2.SERVICE_STATE_ACTIVE: ServiceState.ACTIVE,
    billing_pb2.SERVICE_STATE_SUSPENDED: ServiceState.SUSPENDED,
}


def read(region: str, message: Message, mapping: Callable[[Message], Value], /) -> Value:
    """Return what `mapping` makes of an answer. Raises `RegionAnswerInvalid` when it makes nothing of it."""
    try:
        return mapping(message)
    except (DomainError, KeyError, ValueError, OverflowError) as error:
        raise RegionAnswerInvalid(region=region, problem=f"not readable: {type(error).__name__}") from None


def report_of(answer: billing_pb2.GetAccountResponse, /) -> AccountReport:
    """Return an account's figures."""
    plan = answer.tariff_plan if answer.HasField("tariff_plan") else None
    return AccountReport(
        balance=money(answer.balance),
        as_of=time_from_proto(present(answer.as_of)),
        billing_mode=_MODES[answer.billing_mode],
        tariff_plan=tariff_plan(plan) if plan is not None else None,
        services=tuple(_service(service) for service in answer.services),
        old_mandate=_old_mandate(answer.old_mandate) if answer.HasField("old_mandate") else None,
    )


def _old_mandate(mandate: billing_pb2.OldMandate) -> OldMandate:
    """Only what is said to have ended has ended."""
    return OldMandate(
        is_active=mandate.state != billing_pb2.OLD_MANDATE_STATE_ENDED,
        since=time_from_proto(mandate.since) if mandate.HasField("since") else None,
    )


def charges_of(answer: billing_pb2.ListChargesResponse, /) -> Page[Charge]:
    """Return a page of fees."""
    return Page(
        rows=tuple(_charge(charge) for charge in answer.charges),
        next_page_token=answer.next_page_token,
        as_of=time_from_proto(present(answer.as_of)),
        kept_from=_kept_from(answer),
    )


def payments_of(answer: billing_pb2.ListPaymentsResponse, /) -> Page[CreditedPayment]:
    """Return a page of payments."""
    return Page(
        rows=tuple(_payment(payment) for payment in answer.payments),
        next_page_token=answer.next_page_token,
        as_of=time_from_proto(present(answer.as_of)),
        kept_from=_kept_from(answer),
    )


def bound(moment: datetime, /) -> Timestamp | None:
    """Return a bound of a period as a message; nothing where there is no bound."""
    return None if moment in (BEGINNING, END) else time_to_proto(moment)


def posting_of(posting: billing_pb2.Posting, /) -> RegionalPosting:
    """Return a payment as the books hold it."""
    restored = posting.service_restored_at if posting.HasField("service_restored_at") else None
    return RegionalPosting(
        payment_id=posting.payment_id,
        number=posting.number,
        amount=money(posting.amount),
        posted_at=time_from_proto(present(posting.posted_at)),
        balance_after=money(posting.balance_after),
        service_restored_at=time_from_proto(restored) if restored is not None else None,
    )


def booked_page_of(answer: billing_pb2.ListPostingsResponse, /) -> BookedPage:
    """Return a page of our payments in the books."""
    return BookedPage(
        payments=tuple(
            BookedPayment(
                payment_id=row.payment_id,
                amount=money(row.amount),
                posted_at=time_from_proto(present(row.posted_at)),
            )
            for row in answer.postings
        ),
        totals=Totals(answer.total_count, money(answer.total_amount)),
        next_page_token=answer.next_page_token,
    )


def placed_charge_of(answer: billing_pb2.PlaceChargeResponse, /) -> PlacedCharge:
    """Return a one-time fee as the books hold it."""
    return PlacedCharge(charge=_charge(answer.charge), balance_after=money(answer.balance_after))


def code_lifetime_of(answer: billing_pb2.SendOwnershipCodeResponse, /) -> timedelta:
    """Return how long a code is good; longer than the contract allows is no code to rely on."""
    lifetime = timedelta(seconds=answer.valid_for_s)
    if not timedelta(0) < lifetime <= _LONGEST_CODE:
        raise ValueError("a code is good for 10 minutes at most")
    return lifetime


def money(message: money_pb2.Money, /) -> Money:
    """Return a sum that was set."""
    return money_from_proto(message, field="money")


def present(message: Timestamp, /) -> Timestamp:
    """Return a moment that was set: the epoch is how an unset one reads, and no books are that old."""
    if not message.seconds:
        raise ValueError("a time is missing")
    return message


def tariff_plan(plan: billing_pb2.TariffPlan, /) -> TariffPlan:
    """Return a tariff plan."""
    return TariffPlan(tariff_plan_id=plan.tariff_plan_id, name=plan.name, monthly_fee=money(plan.monthly_fee))


def _kept_from(answer: billing_pb2.ListChargesResponse | billing_pb2.ListPaymentsResponse) -> datetime | None:
    return time_from_proto(answer.kept_from) if answer.HasField("kept_from") else None


def _service(service: billing_pb2.Service) -> Service:
    return Service(
        service_id=service.service_id,
        kind=KINDS[service.kind],
        name=service.name,
        state=_STATES[service.state],
    )


def _charge(charge: billing_pb2.Charge) -> Charge:
    return Charge(
        charge_id=charge.charge_id,
        description=charge.description,
        amount=money(charge.amount),
        charged_at=time_from_proto(present(charge.charged_at)),
    )


def _payment(payment: billing_pb2.CreditedPayment) -> CreditedPayment:
    return CreditedPayment(
        payment_id=payment.payment_id,
        channel=payment.channel,
        amount=money(payment.amount),
        credited_at=time_from_proto(present(payment.credited_at)),
    )
