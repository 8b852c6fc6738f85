"""What rules will charge and have decided, pauses, held charges, links of notices: for the API and the pages alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kabinet.payments.v1 import autopay_pb2, payments_pb2

from gateway.bodies import autopay as bodies
from gateway.bodies.fields import Page
from gateway.clients import Caller
from gateway.errors import FieldProblem, FieldsInvalid
from gateway.views import autopay as views
from gateway.views import payments as payment_views
from gateway.views.values import Items, items


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonTexts:
    """Finds the words for the reasons of a decision: each is told, whatever there are. What was skipped is explained
    with what to do next."""

    texts: Mapping[str, Mapping[str, str]]

    def of(self, reasons: Sequence[str], /, *, outcome: str, language: str) -> list[views.ReasonView]:
        """Return all reasons in words; one that payments has added since gets the words for "other"."""
        words, prefix = self.texts[language], "skip" if outcome == "skip" else "reason"
        other = words[f"{prefix}.other"]
        return [
            {"code": reason, "detail": words.get(f"{prefix}.{reason.lower()}", other).replace("{value}", reason)}
            for reason in reasons
        ]


def forecast_autopay_rule(caller: Caller, autopay_rule_id: str, /) -> views.ForecastView:
    """Return what a rule will charge in the next 12 months."""
    payments = caller.clients.payments
    request = payments_pb2.ForecastAutopayRuleRequest(autopay_rule_id=autopay_rule_id)
    return views.forecast(caller.ask(payments, payments.stub.ForecastAutopayRule, request))


def list_autopay_decisions(
    caller: Caller, autopay_rule_id: str, page: Page, /, *, texts: ReasonTexts
) -> Items[views.AutopayDecisionView]:
    """Return a page of what a rule decided, and why."""
    payments = caller.clients.payments
    request = payments_pb2.ListAutopayDecisionsRequest(
        autopay_rule_id=autopay_rule_id, page_size=page.page_size, page_token=page.page_token
    )
    answer = caller.ask(payments, payments.stub.ListAutopayDecisions, request)
    return items(
        [_told(item, texts, caller.language) for item in answer.decisions], next_page_token=answer.next_page_token
    )


def pause_autopay_rule(caller: Caller, autopay_rule_id: str, body: bodies.Pause, /) -> payment_views.AutopayRuleView:
    """Let a rule charge nothing until a moment."""
    autopay = caller.clients.autopay
    request = autopay_pb2.PauseAutopayRuleRequest(autopay_rule_id=autopay_rule_id)
    request.until.FromDatetime(_moment(body.until, field="until"))
    return payment_views.autopay_rule(caller.ask(autopay, autopay.stub.PauseAutopayRule, request).autopay_rule)


def resume_autopay_rule(caller: Caller, autopay_rule_id: str, /) -> payment_views.AutopayRuleView:
    """End a pause; nothing is made up for."""
    autopay = caller.clients.autopay
    request = autopay_pb2.ResumeAutopayRuleRequest(autopay_rule_id=autopay_rule_id)
    return payment_views.autopay_rule(caller.ask(autopay, autopay.stub.ResumeAutopayRule, request).autopay_rule)


def answer_held_charge(
    caller: Caller, decision_id: str, body: bodies.HeldChargeAnswer, /, *, texts: ReasonTexts
) -> views.AutopayDecisionView:
    """Say whether a held charge is to be made."""
    autopay = caller.clients.autopay
    request = autopay_pb2.AnswerHeldChargeRequest(decision_id=decision_id, charge=body.charge)
    return _told(caller.ask(autopay, autopay.stub.AnswerHeldCharge, request).decision, texts, caller.language)


def read_autopay_link(caller: Caller, token: str, /) -> views.AutopayLinkView:
    """Say what a link of a notice would do; works without login and changes nothing."""
    autopay = caller.clients.autopay
    request = autopay_pb2.ReadAutopayLinkRequest(token=token)
    return views.autopay_link(caller.ask_openly(autopay, autopay.stub.ReadAutopayLink, request))


def use_autopay_link(caller: Caller, token: str, /) -> views.AutopayLinkUseView:
    """Do what a link of a notice says; works without login."""
    autopay = caller.clients.autopay
    request = autopay_pb2.UseAutopayLinkRequest(token=token)
    return views.autopay_link_use(caller.ask_openly(autopay, autopay.stub.UseAutopayLink, request))


def _told(decision: payments_pb2.AutopayDecision, texts: ReasonTexts, language: str) -> views.AutopayDecisionView:
    return views.autopay_decision(
        decision, reasons=texts.of(decision.reasons, outcome=decision.outcome, language=language)
    )


def _moment(text: str, *, field: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise FieldsInvalid([FieldProblem(field=field, rule="not_a_date")]) from None
