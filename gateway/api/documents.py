"""Bills and their delivery over JSON."""

from typing import Any

from flask import Response, stream_with_context

from gateway.actions import documents as actions
from gateway.api.answers import refusals
from gateway.api.routes import answers, area
from gateway.auth import caller, public
from gateway.bodies import documents as bodies
from gateway.bodies.accounts import BillingAccountPath
from gateway.views import documents as views
from gateway.views.values import Items

api = area("documents", "E-bills and their delivery")

_PDF: Any = {
    "200": {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
    **refusals(401, 403, 404, 409),
}


@api.get(
    "/billing-accounts/<string:billing_account_id>/bill-delivery",
    responses=answers(200, views.BillDeliveryView, name="BillDelivery"),
)
def get_bill_delivery(path: BillingAccountPath) -> Any:
    """Read how bills are delivered, and the text to consent to"""
    return actions.get_bill_delivery(caller(), path.billing_account_id)


@api.put(
    "/billing-accounts/<string:billing_account_id>/bill-delivery",
    responses=answers(200, views.BillDeliveryView, name="BillDelivery"),
)
def set_bill_delivery(path: BillingAccountPath, body: bodies.NewBillDelivery) -> Any:
    """Consent to e-bills; a link that proves the address goes out by mail"""
    return actions.set_bill_delivery(caller(), path.billing_account_id, body)


@api.delete(
    "/billing-accounts/<string:billing_account_id>/bill-delivery",
    responses=answers(200, views.BillDeliveryView, name="BillDelivery"),
)
def end_bill_delivery(path: BillingAccountPath) -> Any:
    """Withdraw the consent; paper is sent again from the next bill on"""
    return actions.end_bill_delivery(caller(), path.billing_account_id)


@api.post("/bill-delivery-confirmations/<string:token>", responses=answers(204, refused=(404,)))
@public
def confirm_bill_delivery(path: bodies.ConfirmationPath) -> Any:
    """Prove the address by the mailed link"""
    actions.confirm_bill_delivery(caller(), path.token)
    return "", 204


@api.get("/customer-bills", responses=answers(200, Items[views.CustomerBillView], name="CustomerBills"))
def list_customer_bills(query: bodies.BillsPage) -> Any:
    """List the bills of all billing accounts, or of one, newest first"""
    return actions.list_customer_bills(caller(), query, billing_account_id=query.billing_account_id)


@api.get(
    "/customer-bills/<string:customer_bill_id>", responses=answers(200, views.CustomerBillView, name="CustomerBill")
)
def get_customer_bill(path: bodies.CustomerBillPath) -> Any:
    """Read a bill"""
    return actions.get_customer_bill(caller(), path.customer_bill_id)


@api.get("/customer-bills/<string:customer_bill_id>/pdf", responses=_PDF)
def download_customer_bill(path: bodies.CustomerBillPath) -> Any:
    """Download the archived PDF; every download is byte-identical"""
    return bill_pdf(path.customer_bill_id)


def bill_pdf(customer_bill_id: str, /) -> Response:
    """Return a bill's PDF as an attachment, piece by piece."""
    pieces = actions.download_customer_bill(caller(), customer_bill_id)
    response = Response(stream_with_context(pieces), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{customer_bill_id}.pdf"'
    return response
