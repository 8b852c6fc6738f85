"""Regions and billing accounts with their figures as JSON has them."""

from kabinet.accounts.v1 import accounts_pb2
from typing_extensions import TypedDict

from gateway.views.grants import GrantView, actions, grant
from gateway.views.values import (
    FigureStatus,
    MoneyView,
    figure_status,
    moment,
    moment_or_none,
    money,
    money_or_none,
    words_of,
)

_RELATIONS = words_of(accounts_pb2.Relation, "RELATION_")
_STANDINGS = words_of(accounts_pb2.AccountStanding, "ACCOUNT_STANDING_") | {
    accounts_pb2.ACCOUNT_STANDING_UNSPECIFIED: "clear"  # an accounts service of the release before knows nothing else
}
_GAP_REASONS = words_of(accounts_pb2.HistoryGapReason, "HISTORY_GAP_REASON_")
_CUTOVERS = words_of(accounts_pb2.Cutover, "CUTOVER_")


class RegionView(TypedDict):
    """A region, and whether its old cabinet still works (F02)."""

    region: str
    name: str
    name_en: str
    time_zone: str
    cutover: str
    cutover_date: str
    connected: bool
    proof_kinds: list[str]


class MoneyFigure(FigureStatus):
    """A sum from a region; null when the region never told it."""

    value: MoneyView | None


class TariffPlanView(TypedDict):
    """A tariff plan."""

    id: str
    name: str
    monthly_fee: MoneyView | None


class TariffFigure(FigureStatus):
    """The tariff plan in force; null when the region never told it."""

    value: TariffPlanView | None


class ServiceView(TypedDict):
    """A service of an account (F09)."""

    id: str
    kind: str
    name: str
    state: str


class ServicesFigure(FigureStatus):
    """The services of an account."""

    value: list[ServiceView]


class ChargeView(TypedDict):
    """A fee billed to an account."""

    id: str
    description: str
    amount: MoneyView
    charged_at: str


class ChargesFigure(FigureStatus):
    """Fees, newest first."""

    value: list[ChargeView]


class CreditedPaymentView(TypedDict):
    """A payment credited to an account, from any channel."""

    payment_id: str
    channel: str
    amount: MoneyView
    credited_at: str


class CreditedPaymentsFigure(FigureStatus):
    """Credited payments, newest first."""

    value: list[CreditedPaymentView]


class BillingAccountView(TypedDict):
    """A billing account as the subscriber linked it; `grant` when it stands on what its owner granted.

    `standing` is `clear`, or why some actions are not allowed now: `disputed` (somebody else claims the account too),
    `owner_changed` (it has passed to another owner since it was proved).
    """

    id: str
    region: str
    number: str
    former_numbers: list[str]
    relation: str
    standing: str
    label: str
    allowed_actions: list[str]
    linked_at: str
    billing_mode: str
    time_zone: str
    region_available: bool
    old_autopay_active: bool
    balance: MoneyFigure
    tariff_plan: TariffFigure
    services: ServicesFigure
    last_charges: ChargesFigure
    last_payments: CreditedPaymentsFigure
    grant: GrantView | None


class OwnershipCodeView(TypedDict):
    """That a code was asked for. It is on its way if there is such an account and its region holds a contact."""

    expires_at: str


class HistoryGapView(TypedDict):
    """A stretch of which nothing is known, which is not the same as no rows: `not_kept` lies before the region's books,
    `region_unavailable` was never read and cannot be read now. Without `begins_at` it reaches back for ever."""

    begins_at: str | None
    ends_at: str
    reason: str


class ChargesPage(FigureStatus):
    """A page of fees, newest first, how far it can be trusted, and what of its part of the period nobody knows."""

    items: list[ChargeView]
    gaps: list[HistoryGapView]
    next_page_token: str


class CreditedPaymentsPage(FigureStatus):
    """A page of credited payments on the same terms."""

    items: list[CreditedPaymentView]
    gaps: list[HistoryGapView]
    next_page_token: str


def region(message: accounts_pb2.Region, /) -> RegionView:
    return {
        "region": message.region,
        "name": message.name,
        "name_en": message.name_en,
        "time_zone": message.time_zone,
        "cutover": _CUTOVERS.get(message.cutover, "unspecified"),
        "cutover_date": message.cutover_date,
        "connected": message.connected,
        "proof_kinds": list(message.proof_kinds),
    }


def billing_account(message: accounts_pb2.BillingAccount, /) -> BillingAccountView:
    return {
        "id": message.billing_account_id,
        "region": message.region,
        "number": message.number,
        "former_numbers": list(message.former_numbers),
        "relation": _RELATIONS.get(message.relation, "unspecified"),
        "standing": _STANDINGS.get(message.standing, "unspecified"),
        "label": message.label,
        "allowed_actions": actions(message.allowed_actions),
        "linked_at": moment(message.linked_at),
        "billing_mode": message.billing_mode,
        "time_zone": message.time_zone,
        "region_available": message.region_available,
        "old_autopay_active": message.old_autopay_active,
        "balance": _balance(message.balance),
        "tariff_plan": _tariff_plan(message.tariff_plan),
        "services": _services(message.services),
        "last_charges": _charges(message.last_charges),
        "last_payments": _credited_payments(message.last_payments),
        "grant": grant(message.grant) if message.HasField("grant") else None,
    }


def ownership_code(message: accounts_pb2.SendOwnershipCodeResponse, /) -> OwnershipCodeView:
    return {"expires_at": moment(message.expires_at)}


def charges_page(message: accounts_pb2.ListChargesResponse, /) -> ChargesPage:
    return {
        "items": [_charge(item) for item in message.charges.items],
        "gaps": [_gap(gap) for gap in message.charges.gaps],
        "next_page_token": message.next_page_token,
        **figure_status(message.charges.status),
    }


def credited_payments_page(message: accounts_pb2.ListCreditedPaymentsResponse, /) -> CreditedPaymentsPage:
    return {
        "items": [_credited_payment(item) for item in message.payments.items],
        "gaps": [_gap(gap) for gap in message.payments.gaps],
        "next_page_token": message.next_page_token,
        **figure_status(message.payments.status),
    }


def _gap(message: accounts_pb2.HistoryGap) -> HistoryGapView:
    return {
        "begins_at": moment_or_none(message, "begins_at"),
        "ends_at": moment(message.ends_at),
        "reason": _GAP_REASONS.get(message.reason, "unspecified"),
    }


def _balance(message: accounts_pb2.MoneyFigure) -> MoneyFigure:
    status = figure_status(message.status)
    return {"value": money_or_none(message, "value"), **status}


def _tariff_plan(message: accounts_pb2.TariffFigure) -> TariffFigure:
    value: TariffPlanView | None = None
    if message.tariff_plan_id:
        fee = money_or_none(message, "monthly_fee")
        value = {"id": message.tariff_plan_id, "name": message.name, "monthly_fee": fee}
    return {"value": value, **figure_status(message.status)}


def _services(message: accounts_pb2.ServicesFigure) -> ServicesFigure:
    status = figure_status(message.status)
    return {"value": [_service(item) for item in message.items], **status}


def _service(message: accounts_pb2.Service) -> ServiceView:
    return {"id": message.service_id, "kind": message.kind, "name": message.name, "state": message.state}


def _charges(message: accounts_pb2.ChargesFigure) -> ChargesFigure:
    return {
        "value": [_charge(item) for item in message.items],
        **figure_status(message.status),
    }


def _charge(message: accounts_pb2.Charge) -> ChargeView:
    return {
        "id": message.charge_id,
        "description": message.description,
        "amount": money(message.amount),
        "charged_at": moment(message.charged_at),
    }


def _credited_payments(message: accounts_pb2.CreditedPaymentsFigure) -> CreditedPaymentsFigure:
    return {
        "value": [_credited_payment(item) for item in message.items],
        **figure_status(message.status),
    }


def _credited_payment(message: accounts_pb2.CreditedPayment) -> CreditedPaymentView:
    return {
        "payment_id": message.payment_id,
        "channel": message.channel,
        "amount": money(message.amount),
        "credited_at": moment(message.credited_at),
    }
