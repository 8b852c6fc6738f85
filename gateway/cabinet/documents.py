"""Bills, their delivery, and the link that proves an address."""

from typing import Any

from flask import Blueprint, request

from gateway.actions import accounts as account_actions
from gateway.actions import documents as actions
from gateway.api.documents import bill_pdf
from gateway.auth import caller, public
from gateway.bodies import documents as bodies
from gateway.cabinet.accounts import page_wanted, read_account
from gateway.cabinet.pages import refused_on, render, see, typed
from gateway.errors import FieldsInvalid, Problem, RouteNotFound

pages = Blueprint("cabinet_documents", __name__)


@pages.get("/bills")
def all_bills() -> Any:
    who = caller()
    linked = account_actions.list_billing_accounts(who, refresh_within_ms=0)["items"]
    accounts = {account["id"]: account for account in linked if "documents" in account["allowed_actions"]}
    return render("bills.html", accounts=accounts, page=actions.list_customer_bills(who, page_wanted()))


@pages.get("/bills/<customer_bill_id>.pdf")
def download_bill(customer_bill_id: str) -> Any:
    try:
        path = typed(bodies.CustomerBillPath, {"customer_bill_id": customer_bill_id})
    except FieldsInvalid:
        raise RouteNotFound("No bill has such an id.") from None
    return bill_pdf(path.customer_bill_id)


@pages.get("/accounts/<billing_account_id>/bills")
def account_bills(billing_account_id: str) -> Any:
    page = actions.list_customer_bills(caller(), page_wanted(), billing_account_id=billing_account_id)
    return render("account_bills.html", account=read_account(billing_account_id), page=page)


@pages.get("/accounts/<billing_account_id>/bill-delivery")
def bill_delivery(billing_account_id: str, problem: Problem | None = None) -> Any:
    return render(
        "bill_delivery.html",
        problem=problem,
        account=read_account(billing_account_id),
        delivery=actions.get_bill_delivery(caller(), billing_account_id),
    )


@pages.post("/accounts/<billing_account_id>/bill-delivery")
@refused_on(bill_delivery)
def set_bill_delivery(billing_account_id: str) -> Any:
    form = request.form
    body = typed(
        bodies.NewBillDelivery,
        {
            "email": form.get("email", "").strip(),
            "consent": {"version": form.get("consent_version", "") if form.get("consent") else "none"},
            "channel": "web",
        },
    )
    actions.set_bill_delivery(caller(), billing_account_id, body)
    return see(f"/accounts/{billing_account_id}/bill-delivery")


@pages.post("/accounts/<billing_account_id>/bill-delivery/end")
@refused_on(bill_delivery)
def end_bill_delivery(billing_account_id: str) -> Any:
    actions.end_bill_delivery(caller(), billing_account_id)
    return see(f"/accounts/{billing_account_id}/bill-delivery")


@pages.get("/bill-delivery-confirmations/<token>")
@public
def ask_for_confirmation(token: str, problem: Problem | None = None) -> Any:
    """Ask for a click: programs that look into mail follow links by themselves, and must not prove an address."""
    return render("bill_delivery_confirm.html", problem=problem, token=token, done=False)


@pages.post("/bill-delivery-confirmations/<token>")
@public
@refused_on(ask_for_confirmation)
def confirm_bill_delivery(token: str) -> Any:
    path = typed(bodies.ConfirmationPath, {"token": token})
    actions.confirm_bill_delivery(caller(), path.token)
    return render("bill_delivery_confirm.html", token=token, done=True)
