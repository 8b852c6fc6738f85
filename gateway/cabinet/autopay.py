"""Autopay: one rule per account, what it will charge, and what it decided and why."""

from typing import Any

from flask import Blueprint, request

from gateway.actions import payments as actions
from gateway.auth import caller
from gateway.bodies import payments as bodies
from gateway.cabinet.accounts import page_wanted, read_account
from gateway.cabinet.pages import new_request_id, refused_on, render, see, typed
from gateway.cabinet.payments import names_of_accounts
from gateway.cabinet.words import kopecks
from gateway.errors import FieldProblem, FieldsInvalid, Problem

pages = Blueprint("cabinet_autopay", __name__)


@pages.get("/autopay")
def rules() -> Any:
    found, accounts = actions.list_autopay_rules(caller())["items"], names_of_accounts()
    managed = [account for account in accounts.values() if "manage" in account["allowed_actions"]]
    busy = {rule["billing_account_id"] for rule in found if rule["state"] == "active"}
    free = [account for account in managed if account["id"] not in busy]
    return render("autopay_rules.html", rules=found, accounts=accounts, managed=managed, free=free)


@pages.get("/accounts/<billing_account_id>/autopay")
def new_rule(billing_account_id: str, problem: Problem | None = None) -> Any:
    rules = actions.list_autopay_rules(caller())["items"]
    active = [rule for rule in rules if rule["billing_account_id"] == billing_account_id and rule["state"] == "active"]
    if active and problem is None:
        return see(f"/autopay/{active[0]['id']}")
    return render(
        "autopay_new.html",
        problem=problem,
        account=read_account(billing_account_id),
        cards=actions.list_payment_methods(caller())["items"],
        brands=actions.list_payment_kinds(caller())["card_brands"],
        request_id=new_request_id(),
    )


@pages.post("/accounts/<billing_account_id>/autopay")
@refused_on(new_rule)
def create_rule(billing_account_id: str) -> Any:
    form = request.form
    body = typed(
        bodies.NewAutopayRule,
        {
            "billing_account_id": billing_account_id,
            "payment_method_id": form.get("payment_method_id", ""),
            "trigger": _trigger(form.get("trigger", "")),
            "amount": {"amount_minor": kopecks(form.get("amount", ""), field="amount"), "currency": "RUB"},
        },
    )
    rule = actions.create_autopay_rule(caller(), body, request_id=new_request_id())
    return see(f"/autopay/{rule['id']}")


@pages.get("/autopay/<autopay_rule_id>")
def rule(autopay_rule_id: str, problem: Problem | None = None) -> Any:
    who = caller()
    return render(
        "autopay_rule.html",
        problem=problem,
        rule=actions.get_autopay_rule(who, autopay_rule_id),
        forecast=actions.forecast_autopay_rule(who, autopay_rule_id)["items"],
        decisions=actions.list_autopay_decisions(who, autopay_rule_id, page_wanted()),
        cards={card["id"]: card for card in actions.list_payment_methods(who)["items"]},
        accounts=names_of_accounts(),
    )


@pages.post("/autopay/<autopay_rule_id>/stop")
@refused_on(rule)
def stop_rule(autopay_rule_id: str) -> Any:
    actions.stop_autopay_rule(caller(), autopay_rule_id)
    return see(f"/autopay/{autopay_rule_id}")


def _trigger(kind: str) -> dict[str, Any]:
    if kind == "day_of_month":
        return {"kind": kind, "day": _day(request.form.get("day", ""))}
    if kind == "threshold":
        minimum = kopecks(request.form.get("minimum_balance", ""), field="trigger.minimum_balance")
        return {"kind": kind, "minimum_balance": {"amount_minor": minimum, "currency": "RUB"}}
    return {"kind": kind}


def _day(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise FieldsInvalid([FieldProblem(field="trigger.day", rule="not_a_day")])
    return int(text)
