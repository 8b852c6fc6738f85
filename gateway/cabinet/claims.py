"""Codes to the contact of an account, and whose an account is when two subscribers say that it is theirs."""

from typing import Any

from flask import Blueprint, request

from gateway.actions import accounts as actions
from gateway.auth import caller
from gateway.bodies import accounts as bodies
from gateway.cabinet.accounts import read_account
from gateway.cabinet.pages import new_request_id, refused_on, render, see, typed
from gateway.errors import Problem
from gateway.views.accounts import OwnershipCodeView, RegionView

pages = Blueprint("cabinet_claims", __name__)

_CONTACT_CODE = "contact_code"


@pages.get("/accounts/new/code")
def new_code(problem: Problem | None = None) -> Any:
    return _code_page(None, problem)


@pages.post("/accounts/new/code")
@refused_on(new_code)
def send_code() -> Any:
    form = request.form
    sent = _send(region=form.get("region", ""), number=form.get("number", "").strip())
    return _code_page(sent, None)


@pages.get("/accounts/<billing_account_id>/claim")
def claim(billing_account_id: str, problem: Problem | None = None) -> Any:
    if problem is None and read_account(billing_account_id)["standing"] != "disputed":
        return see(f"/accounts/{billing_account_id}")  # settled meanwhile
    return _claim_page(billing_account_id, None, problem)


@pages.post("/accounts/<billing_account_id>/claim/code")
@refused_on(claim)
def send_claim_code(billing_account_id: str) -> Any:
    account = read_account(billing_account_id)
    sent = _send(region=account["region"], number=account["number"])
    return _claim_page(billing_account_id, sent, None)


@pages.post("/accounts/<billing_account_id>/claim")
@refused_on(claim)
def confirm_claim(billing_account_id: str) -> Any:
    account = read_account(billing_account_id)
    proof = {"kind": _CONTACT_CODE, "value": request.form.get("proof_value", "").strip()}
    body = typed(bodies.NewBillingAccount, {"region": account["region"], "number": account["number"], "proof": proof})
    actions.link_billing_account(caller(), body, request_id=new_request_id())
    return see(f"/accounts/{billing_account_id}")


@pages.post("/accounts/<billing_account_id>/relation")
@refused_on(claim)
def leave_claim(billing_account_id: str) -> Any:
    body = typed(bodies.BillingAccountChange, {"relation": "relative"})
    actions.update_billing_account(caller(), billing_account_id, body)
    return see(f"/accounts/{billing_account_id}")


def _send(*, region: str, number: str) -> OwnershipCodeView:
    return actions.send_ownership_code(
        caller(), typed(bodies.OwnershipCodeRequest, {"region": region, "number": number})
    )


def _code_page(sent: OwnershipCodeView | None, problem: Problem | None) -> Any:
    region = _region(request.values.get("region", ""))
    return render("account_code.html", problem=problem, region=region, sent=sent, request_id=new_request_id())


def _claim_page(billing_account_id: str, sent: OwnershipCodeView | None, problem: Problem | None) -> Any:
    account = read_account(billing_account_id)
    return render("account_claim.html", problem=problem, account=account, sent=sent, request_id=new_request_id())


def _region(code: str) -> RegionView | None:
    """Return a region that sends codes."""
    regions = actions.list_regions(caller())["items"]
    return next(
        (region for region in regions if region["region"] == code and _CONTACT_CODE in region["proof_kinds"]), None
    )
