"""Billing accounts: attaching one, its page, its lists."""

from typing import Any

from flask import Blueprint, request

from gateway.actions import accounts as actions
from gateway.auth import caller
from gateway.bodies import accounts as bodies
from gateway.bodies.fields import Page
from gateway.cabinet.history import chosen_month, month_choice, page_of, timeline
from gateway.cabinet.pages import new_request_id, refused_on, render, see, typed
from gateway.cabinet.words import kopecks
from gateway.errors import Problem
from gateway.parts import parts
from gateway.views.accounts import BillingAccountView

pages = Blueprint("cabinet_accounts", __name__)

_SUM_SUFFIX = "_minor"  # a proof of that kind is a sum, which people type in roubles


@pages.get("/accounts/new")
def new_account(problem: Problem | None = None) -> Any:
    regions = actions.list_regions(caller())["items"]
    wanted = request.values.get("region", "")
    chosen = next((region for region in regions if region["region"] == wanted and region["connected"]), None)
    return render("account_new.html", problem=problem, regions=regions, chosen=chosen, request_id=new_request_id())


@pages.post("/accounts/new")
@refused_on(new_account)
def link_account() -> Any:
    form = request.form
    kind = form.get("proof_kind", "")
    body = typed(
        bodies.NewBillingAccount,
        {
            "region": form.get("region", ""),
            "number": form.get("number", "").strip(),
            "relation": form.get("relation", "own"),
            "label": form.get("label", "").strip(),
            "proof": {"kind": kind, "value": _proof_value(kind, form.get("proof_value", "").strip())},
        },
    )
    account = actions.link_billing_account(caller(), body, request_id=new_request_id())
    return see(f"/accounts/{account['id']}")


@pages.get("/accounts/<billing_account_id>")
def account(billing_account_id: str, problem: Problem | None = None) -> Any:
    return render("account.html", problem=problem, account=read_account(billing_account_id))


@pages.post("/accounts/<billing_account_id>/label")
@refused_on(account)
def rename_account(billing_account_id: str) -> Any:
    body = typed(bodies.BillingAccountChange, {"label": request.form.get("label", "").strip()})
    actions.update_billing_account(caller(), billing_account_id, body)
    return see(f"/accounts/{billing_account_id}")


@pages.get("/accounts/<billing_account_id>/unlink")
def confirm_unlinking(billing_account_id: str, problem: Problem | None = None) -> Any:
    return render("account_unlink.html", problem=problem, account=read_account(billing_account_id))


@pages.post("/accounts/<billing_account_id>/unlink")
@refused_on(confirm_unlinking)
def unlink_account(billing_account_id: str) -> Any:
    actions.unlink_billing_account(caller(), billing_account_id)
    return see("/")


@pages.get("/accounts/<billing_account_id>/charges")
def charges(billing_account_id: str) -> Any:
    account, month = read_account(billing_account_id), chosen_month()
    page = actions.list_charges(caller(), billing_account_id, page_of(month))
    return render(
        "account_charges.html",
        account=account,
        page=page,
        entries=timeline(page["items"], page["gaps"], at="charged_at"),
        months=month_choice(month, zone=account["time_zone"]),
    )


@pages.get("/accounts/<billing_account_id>/payments")
def credited_payments(billing_account_id: str) -> Any:
    account, month = read_account(billing_account_id), chosen_month()
    page = actions.list_credited_payments(caller(), billing_account_id, page_of(month))
    return render(
        "account_payments.html",
        account=account,
        page=page,
        entries=timeline(page["items"], page["gaps"], at="credited_at"),
        months=month_choice(month, zone=account["time_zone"]),
    )


def read_account(billing_account_id: str, /) -> BillingAccountView:
    """Return an account with its figures as fresh as a page waits for."""
    refresh_within_ms = parts().settings.refresh_within_ms
    return actions.get_billing_account(caller(), billing_account_id, refresh_within_ms=refresh_within_ms)


def page_wanted() -> Page:
    """Return which page of a list the address asks for."""
    return typed(Page, {"page_token": request.args.get("page_token", "")})


def _proof_value(kind: str, text: str) -> str:
    return str(kopecks(text, field="proof.value")) if kind.endswith(_SUM_SUFFIX) else text
