"""Paying, and watching a payment go through its stages."""

from typing import Any

from flask import Blueprint, request, session

from gateway.actions import accounts as account_actions
from gateway.actions import payments as actions
from gateway.auth import caller
from gateway.bodies import payments as bodies
from gateway.cabinet.accounts import page_wanted, read_account
from gateway.cabinet.pages import new_request_id, refused_on, render, see, typed
from gateway.cabinet.words import kopecks
from gateway.errors import Problem
from gateway.parts import parts
from gateway.views.accounts import BillingAccountView

pages = Blueprint("cabinet_payments", __name__)

_RETURNING = "returning"
_MOST_RETURNING = 5


@pages.get("/accounts/<billing_account_id>/pay")
def pay(billing_account_id: str, problem: Problem | None = None) -> Any:
    who = caller()
    return render(
        "pay.html",
        problem=problem,
        account=read_account(billing_account_id),
        kinds=actions.list_payment_kinds(who),
        cards=actions.list_payment_methods(who)["items"],
        request_id=new_request_id(),
    )


@pages.post("/accounts/<billing_account_id>/pay")
@refused_on(pay)
def create_payment(billing_account_id: str) -> Any:
    request_id = new_request_id()
    kind, _, card = request.form.get("method", "").partition(":")
    body = typed(
        bodies.NewPayment,
        {
            "billing_account_id": billing_account_id,
            "amount": {
                "amount_minor": kopecks(request.form.get("amount", ""), field="amount"),
                "currency": "RUB",
            },
            "method": {
                "kind": kind,
                "payment_method_id": card,
                "save": kind == "new_card" and "save" in request.form,
            },
            "return_url": f"{parts().settings.public_url}/payments/return/{request_id}",
            "confirm_repeat": "confirm_repeat" in request.form,
        },
    )
    payment = actions.create_payment(caller(), body, request_id=request_id)
    _remember(request_id, payment["id"])
    return see(payment["confirmation_url"] or f"/payments/{payment['id']}")


@pages.get("/payments/return/<request_id>")
def come_back(request_id: str) -> Any:
    """Lead from the acquirer's page, which cannot know the payment's id in advance, to the payment."""
    payment_id = dict(session.get(_RETURNING, [])).get(request_id)
    return see(f"/payments/{payment_id}" if payment_id else "/payments")


@pages.get("/payments/<payment_id>")
def payment(payment_id: str) -> Any:
    found = actions.get_payment(caller(), payment_id)
    return render("payment.html", payment=found, account=_account_of(found["billing_account_id"]))


@pages.get("/payments")
def payments() -> Any:
    page = actions.list_payments(caller(), page_wanted())
    return render("payments.html", page=page, accounts=names_of_accounts())


@pages.get("/cards")
def cards(problem: Problem | None = None) -> Any:
    return render(
        "cards.html",
        problem=problem,
        request_id=new_request_id(),
        cards=actions.list_payment_methods(caller())["items"],
    )


@pages.post("/cards")
@refused_on(cards)
def bind_card() -> Any:
    request_id = new_request_id()
    return_url = f"{parts().settings.public_url}/cards/return/{request_id}"
    body = typed(bodies.NewPaymentMethod, {"return_url": return_url})
    card = actions.create_payment_method(caller(), body, request_id=request_id)
    _remember(request_id, card["id"])
    return see(card["confirmation_url"] or f"/cards/{card['id']}")


@pages.get("/cards/return/<request_id>")
def come_back_with_card(request_id: str) -> Any:
    """Lead from the acquirer's page to the card."""
    payment_method_id = dict(session.get(_RETURNING, [])).get(request_id)
    return see(f"/cards/{payment_method_id}" if payment_method_id else "/cards")


@pages.get("/cards/<payment_method_id>")
def card(payment_method_id: str) -> Any:
    return render("card.html", card=actions.get_payment_method(caller(), payment_method_id))


@pages.post("/cards/<payment_method_id>/remove")
@refused_on(lambda problem, payment_method_id: cards(problem))
def remove_card(payment_method_id: str) -> Any:
    actions.remove_payment_method(caller(), payment_method_id)
    return see("/cards")


def names_of_accounts() -> dict[str, BillingAccountView]:
    """Return the accounts by id as they were last known, for their names."""
    accounts = account_actions.list_billing_accounts(caller(), refresh_within_ms=0)["items"]
    return {account["id"]: account for account in accounts}


def _account_of(billing_account_id: str) -> BillingAccountView | None:
    return names_of_accounts().get(billing_account_id)


def _remember(request_id: str, object_id: str) -> None:
    known = [pair for pair in session.get(_RETURNING, []) if pair[0] != request_id]
    session[_RETURNING] = [*known, [request_id, object_id]][-_MOST_RETURNING:]
