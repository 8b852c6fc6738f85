"""What a subscriber changes on an account: tariff plan, services, promised payment.

What only the region can say may be missing on these pages; what was asked for before is shown without it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, request

from gateway.actions import accounts as account_actions
from gateway.actions import ordering as actions
from gateway.auth import caller
from gateway.bodies import ordering as bodies
from gateway.cabinet.accounts import read_account
from gateway.cabinet.pages import if_answered, new_request_id, refused_on, render, see, typed
from gateway.cabinet.words import kopecks, zone_of
from gateway.errors import Problem
from gateway.language import language_of
from gateway.parts import parts
from gateway.views.accounts import BillingAccountView
from gateway.views.ordering import EligibilityView, PromisedPaymentView, ServiceOrderView, TariffChangeView

pages = Blueprint("cabinet_ordering", __name__)

_AWAITS_REGION = {"requested", "canceling"}
_CHANGE_UNDER_WAY = {"requested", "scheduled", "canceling"}


@pages.get("/accounts/<billing_account_id>/tariff")
def tariff(billing_account_id: str, problem: Problem | None = None) -> Any:
    account = read_account(billing_account_id)
    changes = actions.list_tariff_changes(caller(), billing_account_id)["items"]
    pending = any(change["state"] in _CHANGE_UNDER_WAY for change in changes)
    plans, silence = (
        (None, None) if pending else if_answered(lambda: actions.list_tariff_plans(caller(), billing_account_id))
    )
    return render(
        "tariff.html",
        problem=problem,
        account=account,
        region=_region(account, changes),
        changes=changes,
        awaits_region=_any_awaits(changes),
        pending=pending,
        plans=plans["items"] if plans else [],
        silence=silence,
    )


@pages.post("/accounts/<billing_account_id>/tariff/quote")
@refused_on(tariff)
def quote_tariff(billing_account_id: str) -> Any:
    body = typed(bodies.NewTariffQuote, {"tariff_plan_id": request.form.get("tariff_plan_id", "")})
    quote = actions.create_tariff_quote(caller(), billing_account_id, body)
    return render("tariff_quote.html", account=read_account(billing_account_id), quote=quote)


@pages.post("/accounts/<billing_account_id>/tariff/change")
@refused_on(tariff)
def change_tariff(billing_account_id: str) -> Any:
    body = typed(bodies.NewTariffChange, {"tariff_quote_id": request.form.get("tariff_quote_id", "")})
    actions.create_tariff_change(caller(), billing_account_id, body)
    return see(f"/accounts/{billing_account_id}/tariff")


@pages.post("/accounts/<billing_account_id>/tariff/changes/<tariff_change_id>/cancel")
@refused_on(lambda problem, billing_account_id, tariff_change_id: tariff(billing_account_id, problem))
def cancel_tariff_change(billing_account_id: str, tariff_change_id: str) -> Any:
    actions.cancel_tariff_change(caller(), billing_account_id, tariff_change_id)
    return see(f"/accounts/{billing_account_id}/tariff")


@pages.get("/accounts/<billing_account_id>/services")
def services(billing_account_id: str, problem: Problem | None = None) -> Any:
    account = read_account(billing_account_id)
    orders = actions.list_service_orders(caller(), billing_account_id)["items"]
    offers, silence = if_answered(lambda: actions.list_service_offers(caller(), billing_account_id))
    return render(
        "service_orders.html",
        problem=problem,
        account=account,
        region=_region(account, orders),
        orders=orders,
        offers=offers["items"] if offers else [],
        silence=silence,
        request_id=new_request_id(),
    )


@pages.post("/accounts/<billing_account_id>/services")
@refused_on(services)
def order_service(billing_account_id: str) -> Any:
    body = typed(bodies.NewServiceOrder, {"offer_code": request.form.get("offer_code", "")})
    actions.create_service_order(caller(), billing_account_id, body, request_id=new_request_id())
    return see(f"/accounts/{billing_account_id}/services")


@pages.post("/accounts/<billing_account_id>/services/orders/<service_order_id>/cancel")
@refused_on(lambda problem, billing_account_id, service_order_id: services(billing_account_id, problem))
def cancel_service_order(billing_account_id: str, service_order_id: str) -> Any:
    actions.cancel_service_order(caller(), billing_account_id, service_order_id)
    return see(f"/accounts/{billing_account_id}/services")


@pages.get("/accounts/<billing_account_id>/promised-payment")
def promised_payment(billing_account_id: str, problem: Problem | None = None) -> Any:
    account = read_account(billing_account_id)
    promises = actions.list_promised_payments(caller(), billing_account_id)["items"]
    eligibility, silence = if_answered(
        lambda: actions.get_eligibility(caller(), billing_account_id, texts=parts().eligibility)
    )
    return render(
        "promised_payment.html",
        problem=problem,
        account=account,
        region=_region(account, promises),
        promises=promises,
        awaits_region=_any_awaits(promises),
        eligibility=eligibility,
        due_date=_due_date(account, eligibility),
        silence=silence,
        request_id=new_request_id(),
    )


@pages.post("/accounts/<billing_account_id>/promised-payment")
@refused_on(promised_payment)
def take_promised_payment(billing_account_id: str) -> Any:
    minor = kopecks(request.form.get("amount", ""), field="amount")
    body = typed(bodies.NewPromisedPayment, {"amount": {"amount_minor": minor, "currency": "RUB"}})
    actions.take_promised_payment(caller(), billing_account_id, body, request_id=new_request_id())
    return see(f"/accounts/{billing_account_id}/promised-payment")


def _any_awaits(rows: "Sequence[TariffChangeView | ServiceOrderView | PromisedPaymentView]") -> bool:
    return any(row["state"] in _AWAITS_REGION for row in rows)


def _region(
    account: BillingAccountView, rows: "Sequence[TariffChangeView | ServiceOrderView | PromisedPaymentView]"
) -> str:
    """Return the region's name, which only a wish that awaits it is told with; its code otherwise."""
    if not _any_awaits(rows):
        return account["region"]
    known = account_actions.list_regions(caller())["items"]
    names = {region["region"]: region["name_en" if language_of(request) == "en" else "name"] for region in known}
    return names.get(account["region"], account["region"])


def _due_date(account: BillingAccountView, eligibility: EligibilityView | None) -> str | None:
    """Return the day, in the region's calendar, by which a promise of now would have to be repaid."""
    if eligibility is None or eligibility["days"] is None:
        return None
    there = parts().clock.now().astimezone(zone_of(account["time_zone"]))
    return (there + timedelta(days=eligibility["days"])).date().isoformat()
