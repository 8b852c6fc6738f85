"""What autopay rules will charge and have decided, pauses, held charges and links of notices, over JSON."""

from typing import Any

from gateway.actions import autopay as actions
from gateway.api.routes import answers, area
from gateway.auth import caller, public
from gateway.bodies import autopay as bodies
from gateway.bodies.payments import AutopayRulePath, DecisionsPage
from gateway.parts import parts
from gateway.views import autopay as views
from gateway.views.payments import AutopayRuleView
from gateway.views.values import Items

api = area("autopay", "What autopay will charge and has decided; pauses, held charges, links of notices")
_RULE = "/autopay-rules/<string:autopay_rule_id>"


@api.get(f"{_RULE}/forecast", responses=answers(200, views.ForecastView, name="AutopayForecast"))
def forecast_autopay_rule(path: AutopayRulePath) -> Any:
    """Tell what the rule will charge in the next 12 months

    By the very function that decides. Where the sum follows from the balance of then, `at_most` bounds it. A threshold
    rule has a `condition` instead of dates.
    """
    return actions.forecast_autopay_rule(caller(), path.autopay_rule_id)


@api.get(f"{_RULE}/decisions", responses=answers(200, Items[views.AutopayDecisionView], name="AutopayDecisions"))
def list_autopay_decisions(path: AutopayRulePath, query: DecisionsPage) -> Any:
    """List what the rule decided, on what grounds and how it went on, newest first"""
    return actions.list_autopay_decisions(caller(), path.autopay_rule_id, query, texts=parts().autopay_reasons)


@api.put(f"{_RULE}/pause", responses=answers(200, AutopayRuleView, name="AutopayRule", refused=(401, 404, 409)))
def pause_autopay_rule(path: AutopayRulePath, body: bodies.Pause) -> Any:
    """Charge nothing until a moment within the year; resuming never catches up"""
    return actions.pause_autopay_rule(caller(), path.autopay_rule_id, body)


@api.delete(f"{_RULE}/pause", responses=answers(200, AutopayRuleView, name="AutopayRule", refused=(401, 404, 409)))
def resume_autopay_rule(path: AutopayRulePath) -> Any:
    """End a pause before its time"""
    return actions.resume_autopay_rule(caller(), path.autopay_rule_id)


@api.put(
    "/autopay-decisions/<string:decision_id>/answer",
    responses=answers(200, views.AutopayDecisionView, name="AutopayDecision", refused=(401, 404, 409)),
)
def answer_held_charge(path: bodies.DecisionPath, body: bodies.HeldChargeAnswer) -> Any:
    """Say whether a charge that is held, as the third within 24 hours, is to be made"""
    return actions.answer_held_charge(caller(), path.decision_id, body, texts=parts().autopay_reasons)


@api.get(
    "/autopay-links/<string:token>", responses=answers(200, views.AutopayLinkView, name="AutopayLink", refused=(404,))
)
@public
def read_autopay_link(path: bodies.AutopayLinkPath) -> Any:
    """Tell what a link of a notice would do; changes nothing"""
    return actions.read_autopay_link(caller(), path.token)


@api.post(
    "/autopay-links/<string:token>",
    responses=answers(200, views.AutopayLinkUseView, name="AutopayLinkUse", refused=(404,)),
)
@public
def use_autopay_link(path: bodies.AutopayLinkPath) -> Any:
    """Skip the charge, make it now, or stop the rule, as the link says; once"""
    return actions.use_autopay_link(caller(), path.token)
