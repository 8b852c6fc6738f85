"""The ZABAVA catalogue: finding, ordering with a price that is fixed first, and what may be watched."""

from typing import Any

from flask import Blueprint, request

from gateway.actions import content as actions
from gateway.auth import caller, has_cookies, public, require_login
from gateway.bodies import content as bodies
from gateway.cabinet.pages import refused_on, render, see, typed
from gateway.cabinet.payments import names_of_accounts
from gateway.errors import Problem
from gateway.views.accounts import BillingAccountView

pages = Blueprint("cabinet_catalogue", __name__)


@pages.get("/catalogue")
@public
def catalogue() -> Any:
    wanted = typed(
        bodies.OfferingsPage,
        {
            "query": request.args.get("query", "").strip(),
            "kind": request.args.get("kind", ""),
            "page_token": request.args.get("page_token", ""),
        },
    )
    return render("catalogue.html", page=actions.search_offerings(caller(), wanted), wanted=wanted)


@pages.get("/catalogue/<offering_id>")
@public
def offering(offering_id: str, problem: Problem | None = None) -> Any:
    found = actions.get_offering(caller(), offering_id)
    return render("offering.html", problem=problem, offering=found, accounts=_accounts())


@pages.post("/catalogue/<offering_id>/quote")
@refused_on(offering)
def quote(offering_id: str) -> Any:
    body = typed(
        bodies.NewContentQuote,
        {
            "offering_id": offering_id,
            "billing_account_id": request.form.get("billing_account_id", ""),
            "adult": "adult" in request.form,
        },
    )
    return _confirm(offering_id, quoted=actions.create_content_quote(caller(), body))


@pages.post("/catalogue/<offering_id>/order")
@refused_on(offering)
def order(offering_id: str) -> Any:
    body = typed(bodies.NewContentOrder, {"content_quote_id": request.form.get("content_quote_id", "")})
    return see(f"/orders/{actions.create_content_order(caller(), body)['id']}")


@pages.get("/orders/<content_order_id>")
def content_order(content_order_id: str) -> Any:
    found = actions.get_content_order(caller(), content_order_id)
    return render("order.html", order=found, offering=actions.get_offering(caller(), found["offering_id"]))


@pages.get("/entitlements")
def entitlements() -> Any:
    return render("entitlements.html", entitlements=actions.list_entitlements(caller())["items"])


def _confirm(offering_id: str, *, quoted: Any) -> str:
    return render(
        "order_confirm.html",
        offering=actions.get_offering(caller(), offering_id),
        quote=quoted,
        account=names_of_accounts().get(quoted["billing_account_id"]),
    )


def _accounts() -> list[BillingAccountView]:
    """Return the accounts that an order can be billed to; none for who is not logged in."""
    if not has_cookies():
        return []
    require_login()
    return [account for account in names_of_accounts().values() if "order_content" in account["allowed_actions"]]
