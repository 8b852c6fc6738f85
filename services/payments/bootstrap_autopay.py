"""The part of the gRPC role's composition that is AutopayService's."""

from dataclasses import dataclass

from services.payments.adapters.hmac_autopay_links import HmacAutopayLinks
from services.payments.application.autopay_notices import ComingCharge, GetAutopayNotice, UseAutopayLink
from services.payments.application.autopay_pause import AnswerHeldCharge, PauseAutopayRule
from services.payments.application.autopay_rules import GetAutopayRule
from services.payments.bootstrap_parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class AutopayUseCases:
    """What AutopayService answers with."""

    pause_rule: PauseAutopayRule
    answer_held: AnswerHeldCharge
    get_notice: GetAutopayNotice
    use_link: UseAutopayLink


def build_autopay(parts: Parts, /) -> AutopayUseCases:
    """Return them. Links are signed by a key that is derived from the service's own: they live for a day."""
    storage, clock = parts.storage, parts.clock
    links = HmacAutopayLinks(parts.settings.service_key_file.read_bytes())
    coming = ComingCharge(methods=storage.methods, history=storage.history, limits=parts.autopay_limits, clock=clock)
    return AutopayUseCases(
        pause_rule=PauseAutopayRule(get_rule=GetAutopayRule(rules=storage.rules), rules=storage.rules, clock=clock),
        answer_held=AnswerHeldCharge(occasions=storage.occasions, clock=clock),
        get_notice=GetAutopayNotice(rules=storage.rules, methods=storage.methods, coming=coming, links=links),
        use_link=UseAutopayLink(rules=storage.rules, coming=coming, links=links, clock=clock),
    )
