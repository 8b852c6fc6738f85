"""Grants: what an owner lets relatives do with an account, and linking an account by the code that its owner told."""

from typing import Any

from flask import Blueprint, request

from gateway.actions import accounts as account_actions
from gateway.actions import grants as actions
from gateway.auth import caller
from gateway.bodies import accounts as account_bodies
from gateway.bodies import grants as bodies
from gateway.cabinet.accounts import read_account
from gateway.cabinet.pages import new_request_id, refused_on, render, see, typed
from gateway.cabinet.words import kopecks
from gateway.errors import Problem

pages = Blueprint("cabinet_grants", __name__)

GRANTABLE = ("view", "documents", "pay", "manage", "order_content")


@pages.get("/accounts/<billing_account_id>/grants")
def grants(billing_account_id: str, problem: Problem | None = None) -> Any:
    account = read_account(billing_account_id)
    return render(
        "grants.html",
        problem=problem,
        account=account,
        grants=actions.list_grants(caller(), billing_account_id)["items"],
        grantable=[action for action in GRANTABLE if action in account["allowed_actions"]],
        request_id=new_request_id(),
    )


@pages.post("/accounts/<billing_account_id>/grants")
@refused_on(grants)
def offer_grant(billing_account_id: str) -> Any:
    """The code is on the very page that answers: it is told once, so there is no other address to lead to.

    Whatever else the page needs is read before there is a code that could get lost.
    """
    form = request.form
    limit = form.get("monthly_pay_limit", "").strip()
    body = typed(
        bodies.NewGrant,
        {
            "actions": [action for action in GRANTABLE if form.get(f"action_{action}")],
            "monthly_pay_limit": _roubles(limit) if limit else None,
            "ends_on": form.get("ends_on", "").strip() or None,
            "label": form.get("label", "").strip(),
        },
    )
    account = read_account(billing_account_id)
    offered = actions.create_grant(caller(), billing_account_id, body, request_id=new_request_id())
    return render("grant_offered.html", account=account, grant=offered)


@pages.post("/accounts/<billing_account_id>/grants/<grant_id>/end")
@refused_on(lambda problem, billing_account_id, grant_id: grants(billing_account_id, problem))
def end_grant(billing_account_id: str, grant_id: str) -> Any:
    actions.end_grant(caller(), billing_account_id, grant_id)
    return see(f"/accounts/{billing_account_id}/grants")


@pages.get("/accounts/by-code")
def accept_grant(problem: Problem | None = None) -> Any:
    regions = account_actions.list_regions(caller())["items"]
    connected = [region for region in regions if region["connected"]]
    return render("grant_accept.html", problem=problem, regions=connected, request_id=new_request_id())


@pages.post("/accounts/by-code")
@refused_on(accept_grant)
def link_by_code() -> Any:
    form = request.form
    body = typed(
        account_bodies.NewBillingAccount,
        {
            "region": form.get("region", ""),
            "number": form.get("number", "").strip(),
            "relation": "relative",
            "label": form.get("label", "").strip(),
            "proof": {"kind": "grant_code", "value": form.get("proof_value", "").strip()},
        },
    )
    account = account_actions.link_billing_account(caller(), body, request_id=new_request_id())
    return see(f"/accounts/{account['id']}")


def _roubles(text: str) -> dict[str, Any]:
    return {"amount_minor": kopecks(text, field="monthly_pay_limit"), "currency": "RUB"}
