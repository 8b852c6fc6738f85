"""Regions and billing accounts with their figures as JSON has them."""

from kabinet.accounts.v1 import accounts_pb2
from typing_extensions import TypedDict

from gateway.views.grants import GrantView, actions, grant
from gateway.views.values import FigureStatus, MoneyView, figure_status, moment, money, money_or_none, words_of

_RELATIONS = words_of(accounts_pb2.Relation, "RELATION_")
_STANDINGS = words_of(accounts_pb2.AccountStanding, "ACCOUNT_STANDING_") | {
    accounts_pb2.ACCOUNT_STANDING_UNSPECIFIED: "clear"  # an accounts service of the release before knows nothing else
}
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
    balance: MoneyFigure
    tariff_plan: TariffFigure
    services: ServicesFigure
    last_charges: ChargesFigure
    last_payments: CreditedPaymentsFigure
    grant: GrantView | None


class OwnershipCodeView(TypedDict):
    """That a code was asked for. It is on its way if there is such an account and its region holds a contact."""

    expires_at: str


class ChargesPage(TypedDict):
    """A page of fees and how far it can be trusted."""

    items: list[ChargeView]
    next_page_token: str
    as_of: str | None
    freshness: str


class CreditedPaymentsPage(TypedDict):
    """A page of credited payments and how far it can be trusted."""

    items: list[CreditedPaymentView]
    next_page_token: str
    as_of: str | None
    freshness: str


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
    code = message.region
    return {
        "id": message.billing_account_id,
        "region": code,
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
        "balance": _balance(message.balance, code),
        "tariff_plan": _tariff_plan(message.tariff_plan, code),
        "services": _services(message.services, code),
        "last_charges": _charges(message.last_charges, code),
        "last_payments": _credited_payments(message.last_payments, code),
        "grant": grant(message.grant) if message.HasField("grant") else None,
    }


def ownership_code(message: accounts_pb2.SendOwnershipCodeResponse, /) -> OwnershipCodeView:
    return {"expires_at": moment(message.expires_at)}


def charges_page(message: accounts_pb2.ListChargesResponse, /) -> ChargesPage:
    status = figure_status(message.charges.status, kind="charges", region="")
    return {
        "items": [_charge(item) for item in message.charges.items],
        "next_page_token": message.next_page_token,
        "as_of": status["as_of"],
        "freshness": status["freshness"],
    }


def credited_payments_page(message: accounts_pb2.ListCreditedPaymentsResponse, /) -> CreditedPaymentsPage:
    status = figure_status(message.payments.status, kind="payments", region="")
    return {
        "items": [_credited_payment(item) for item in message.payments.items],
        "next_page_token": message.next_page_token,
        "as_of": status["as_of"],
        "freshness": status["freshness"],
    }


def _balance(message: accounts_pb2.MoneyFigure, code: str) -> MoneyFigure:
    status = figure_status(message.status, kind="balance", region=code)
    return {"value": money_or_none(message, "value"), **status}


def _tariff_plan(message: accounts_pb2.TariffFigure, code: str) -> TariffFigure:
    value: TariffPlanView | None = None
    if message.tariff_plan_id:
        fee = money_or_none(message, "monthly_fee")
        value = {"id": message.tariff_plan_id, "name": message.name, "monthly_fee": fee}
    return {"value": value, **figure_status(message.status, kind="tariff_plan", region=code)}


def _services(message: accounts_pb2.ServicesFigure, code: str) -> ServicesFigure:
    status = figure_status(message.status, kind="services", region=code)
    return {"value": [_service(item) for item in message.items], **status}


def _service(message: accounts_pb2.Service) -> ServiceView:
    return {"id": message.service_id, "kind": message.kind, "name": message.name, "state": message.state}


def _charges(message: accounts_pb2.ChargesFigure, code: str) -> ChargesFigure:
    return {
        "value": [_charge(item) for item in message.items],
        **figure_status(message.status, kind="charges", region=code),
    }


def _charge(message: accounts_pb2.Charge) -> ChargeView:
    return {
        "id": message.charge_id,
        "description": message.description,
        "amount": money(message.amount),
        "charged_at": moment(message.charged_at),
    }


def _credited_payments(message: accounts_pb2.CreditedPaymentsFigure, code: str) -> CreditedPaymentsFigure:
    return {
        "value": [_credited_payment(item) for item in message.items],
        **figure_status(message.status, kind="payments", region=code),
    }


def _credited_payment(message: accounts_pb2.CreditedPayment) -> CreditedPaymentView:
    return {
        "payment_id": message.payment_id,
        "channel": message.channel,
        "amount": money(message.amount),
        "credited_at": moment(message.credited_at),
    }
