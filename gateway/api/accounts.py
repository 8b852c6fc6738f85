"""Regions and billing accounts over JSON."""

from typing import Any
from uuid import uuid4

from gateway.actions import accounts as actions
from gateway.api.routes import answers, area
from gateway.auth import caller, public
from gateway.bodies import accounts as bodies
from gateway.bodies.payments import IdempotencyHeader
from gateway.parts import parts
from gateway.views import accounts as views
from gateway.views.values import Items

api = area("accounts", "Regions, billing accounts and their figures")


@api.get("/regions", responses=answers(200, Items[views.RegionView], name="Regions", refused=()))
@public
def list_regions() -> Any:
    """List the regions and whether their old cabinets still work"""
    return actions.list_regions(caller())


@api.post(
    "/billing-accounts",
    responses=answers(201, views.BillingAccountView, name="BillingAccount", refused=(401, 403, 404, 409)),
)
def link_billing_account(header: IdempotencyHeader, body: bodies.NewBillingAccount) -> Any:
    """Link a billing account after its region has verified the proof

    A relative's account is also linked by the code of a grant that its owner handed over: `relation` is `relative`, the
    proof's `kind` is `grant_code`.
    """
    request_id = header.idempotency_key or str(uuid4())
    return actions.link_billing_account(caller(), body, request_id=request_id), 201


@api.post("/ownership-codes", responses=answers(202, views.OwnershipCodeView, name="OwnershipCode", refused=(401, 404)))
def send_ownership_code(body: bodies.OwnershipCodeRequest) -> Any:
    """Have the region send a code to the contact that it holds for an account

    Answers alike whether or not there is such an account or a contact. The code is the proof `contact_code`: it links
    an account to look at it and pay, and confirms a claim that somebody disputes. It is good once, for ten minutes.
    """
    return actions.send_ownership_code(caller(), body), 202


@api.get(
    "/billing-accounts", responses=answers(200, Items[views.BillingAccountView], name="BillingAccounts", refused=(401,))
)
def list_billing_accounts() -> Any:
    """List the billing accounts with their figures"""
    return actions.list_billing_accounts(caller(), refresh_within_ms=parts().settings.refresh_within_ms)


@api.get(
    "/billing-accounts/<string:billing_account_id>",
    responses=answers(200, views.BillingAccountView, name="BillingAccount"),
)
def get_billing_account(path: bodies.BillingAccountPath) -> Any:
    """Read a billing account with its figures"""
    return _account(path.billing_account_id)


@api.patch(
    "/billing-accounts/<string:billing_account_id>",
    responses=answers(200, views.BillingAccountView, name="BillingAccount"),
)
def update_billing_account(path: bodies.BillingAccountPath, body: bodies.BillingAccountChange) -> Any:
    """Change the label of a billing account, or say that it is a relative's"""
    return actions.update_billing_account(caller(), path.billing_account_id, body)


@api.delete("/billing-accounts/<string:billing_account_id>", responses=answers(204))
def unlink_billing_account(path: bodies.BillingAccountPath) -> Any:
    """Unlink a billing account; autopay and bill delivery of it end too"""
    actions.unlink_billing_account(caller(), path.billing_account_id)
    return "", 204


@api.get(
    "/billing-accounts/<string:billing_account_id>/balance",
    responses=answers(200, views.MoneyFigure, name="Balance"),
)
def get_balance(path: bodies.BillingAccountPath) -> Any:
    """Read the balance"""
    return _account(path.billing_account_id)["balance"]


@api.get(
    "/billing-accounts/<string:billing_account_id>/services",
    responses=answers(200, views.ServicesFigure, name="Services"),
)
def get_services(path: bodies.BillingAccountPath) -> Any:
    """Read the services: telephony, Internet, interactive TV"""
    return _account(path.billing_account_id)["services"]


@api.get(
    "/billing-accounts/<string:billing_account_id>/charges",
    responses=answers(200, views.ChargesPage, name="Charges"),
)
def list_charges(path: bodies.BillingAccountPath, query: bodies.HistoryPage) -> Any:
    """List the fees, newest first, of all time or of a period

    `from` and `until` are days in the calendar of the account's region, both included. `gaps` are what nobody can tell
    of this page's part of the period: there may be rows, or none.
    """
    return actions.list_charges(caller(), path.billing_account_id, query)


@api.get(
    "/billing-accounts/<string:billing_account_id>/payments",
    responses=answers(200, views.CreditedPaymentsPage, name="CreditedPayments"),
)
def list_credited_payments(path: bodies.BillingAccountPath, query: bodies.HistoryPage) -> Any:
    """List the payments credited from every channel, newest first, of all time or of a period

    On the same terms as the fees.
    """
    return actions.list_credited_payments(caller(), path.billing_account_id, query)


def _account(billing_account_id: str) -> views.BillingAccountView:
    refresh_within_ms = parts().settings.refresh_within_ms
    return actions.get_billing_account(caller(), billing_account_id, refresh_within_ms=refresh_within_ms)
