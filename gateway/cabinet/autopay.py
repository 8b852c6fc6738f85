"""Autopay: one rule per account, what it will charge, and what it decided and why."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, request

from gateway.actions import autopay
from gateway.actions import payments as actions
from gateway.auth import caller, public
from gateway.bodies import autopay as autopay_bodies
from gateway.bodies import payments as bodies
from gateway.cabinet.accounts import page_wanted, read_account
from gateway.cabinet.pages import new_request_id, refused_on, render, see, typed
from gateway.cabinet.payments import names_of_accounts
from gateway.cabinet.words import MOSCOW, kopecks, zone_of
from gateway.errors import FieldProblem, FieldsInvalid, Problem
from gateway.parts import parts

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
            **_amount(form.get("amount_kind") or "fixed"),
            "caps": {name: _cap(name) for name in ("per_charge", "per_day", "per_month")},
        },
    )
    rule = actions.create_autopay_rule(caller(), body, request_id=new_request_id())
    return see(f"/autopay/{rule['id']}")


@pages.get("/autopay/<autopay_rule_id>")
def show_rule(autopay_rule_id: str, problem: Problem | None = None) -> Any:
    who = caller()
    rule = actions.get_autopay_rule(who, autopay_rule_id)
    return render(
        "autopay_rule.html",
        problem=problem,
        rule=rule,
        forecast=autopay.forecast_autopay_rule(who, autopay_rule_id),
        decisions=autopay.list_autopay_decisions(who, autopay_rule_id, page_wanted(), texts=parts().autopay_reasons),
        paused=_is_to_come(rule["paused_until"]),
        cards={card["id"]: card for card in actions.list_payment_methods(who)["items"]},
        accounts=names_of_accounts(),
    )


@pages.post("/autopay/<autopay_rule_id>/stop")
@refused_on(show_rule)
def stop_rule(autopay_rule_id: str) -> Any:
    actions.stop_autopay_rule(caller(), autopay_rule_id)
    return see(f"/autopay/{autopay_rule_id}")


@pages.post("/autopay/<autopay_rule_id>/pause")
@refused_on(show_rule)
def pause_rule(autopay_rule_id: str) -> Any:
    body = typed(autopay_bodies.Pause, {"until": _end_of_day(autopay_rule_id, request.form.get("until", ""))})
    autopay.pause_autopay_rule(caller(), autopay_rule_id, body)
    return see(f"/autopay/{autopay_rule_id}")


@pages.post("/autopay/<autopay_rule_id>/resume")
@refused_on(show_rule)
def resume_rule(autopay_rule_id: str) -> Any:
    autopay.resume_autopay_rule(caller(), autopay_rule_id)
    return see(f"/autopay/{autopay_rule_id}")


@pages.post("/autopay/<autopay_rule_id>/decisions/<decision_id>/answer")
@refused_on(lambda problem, autopay_rule_id, decision_id: show_rule(autopay_rule_id, problem))
def answer_held_charge(autopay_rule_id: str, decision_id: str) -> Any:
    body = typed(autopay_bodies.HeldChargeAnswer, {"charge": request.form.get("charge") == "1"})
    autopay.answer_held_charge(caller(), decision_id, body, texts=parts().autopay_reasons)
    return see(f"/autopay/{autopay_rule_id}")


@pages.get("/autopay-links/<token>")
@public
def show_link(token: str) -> Any:
    """Say what the link would do and ask for a click: programs that look into mail follow links by themselves."""
    path = typed(autopay_bodies.AutopayLinkPath, {"token": token})
    return render("autopay_link.html", token=token, link=autopay.read_autopay_link(caller(), path.token), used=None)


@pages.post("/autopay-links/<token>")
@public
def use_link(token: str) -> Any:
    path = typed(autopay_bodies.AutopayLinkPath, {"token": token})
    used = autopay.use_autopay_link(caller(), path.token)
    return render("autopay_link.html", token=token, link=None, used=used)


def _amount(kind: str) -> dict[str, Any]:
    if kind == "debt":
        return {"amount_kind": kind}
    minor = kopecks(request.form.get("amount", ""), field="amount")
    return {"amount_kind": kind, "amount": {"amount_minor": minor, "currency": "RUB"}}


def _cap(name: str) -> dict[str, Any] | None:
    text = request.form.get(name, "").strip()
    return {"amount_minor": kopecks(text, field=f"caps.{name}"), "currency": "RUB"} if text else None


def _end_of_day(autopay_rule_id: str, text: str) -> str:
    """Return the end of a day in the zone of the rule's account."""
    rule = actions.get_autopay_rule(caller(), autopay_rule_id)
    account = names_of_accounts().get(rule["billing_account_id"])
    try:
        day = date.fromisoformat(text) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise FieldsInvalid([FieldProblem(field="until", rule="not_a_date")]) from None
    there = zone_of(account["time_zone"] if account else MOSCOW)
    return datetime.combine(day, time.min, there).astimezone(UTC).isoformat()


def _is_to_come(moment: str | None) -> bool:
    return moment is not None and datetime.fromisoformat(moment) > parts().clock.now()


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
