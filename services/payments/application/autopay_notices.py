"""Announcing dates a day before, and what the links of an announcement do: skip the charge, make it now, stop."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.payments.application.repeating import repeating
from services.payments.domain.autopay_calendar import counted_since
from services.payments.domain.autopay_decision import Word
from services.payments.domain.autopay_forecast import ForecastCharge, Outlook, forecast
from services.payments.domain.autopay_limits import Limits
from services.payments.domain.autopay_link import (
    AutopayLink,
    AutopayLinkInvalid,
    AutopayLinks,
    AutopayNoticeOutOfDate,
    LinkAction,
)
from services.payments.domain.autopay_occasion import OccasionNotFound
from services.payments.domain.autopay_ports import AutopayHistory
from services.payments.domain.autopay_rule import AutopayRule, StopReason
from services.payments.domain.payment_method import PaymentMethod
from services.payments.domain.ports import AutopayRuleRepository, PaymentMethodRepository

_AT_ONCE = 500
_A_MOMENT = timedelta(milliseconds=1)
_WORDS = {LinkAction.SKIP: Word.SKIP, LinkAction.PAY_NOW: Word.CONFIRM}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceCharges:
    """Announces the dates that are a day away. It fires in every replica; the rule's version makes it once a date."""

    rules: AutopayRuleRepository
    clock: Clock

    def __call__(self) -> int:
        """Return how many dates this call announced."""
        now = self.clock.now()
        return sum(self._announce(rule, now) for rule in self.rules.due_to_announce(now=now, limit=_AT_ONCE))

    def _announce(self, rule: AutopayRule, now: datetime) -> int:
        rule.announce(now=now)
        try:
            self.rules.save(rule)
        except VersionConflict:  # another replica was first, or the rule was changed: the next tick sees
            return 0
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a mail about a coming charge says."""

    rule: AutopayRule
    method: PaymentMethod
    charge: ForecastCharge
    tokens: dict[LinkAction, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingCharge:
    """Foretells the next charge of a rule, as the forecast does."""

    methods: PaymentMethodRepository
    history: AutopayHistory
    limits: Limits
    clock: Clock

    def __call__(self, rule: AutopayRule, /) -> ForecastCharge | None:
        """Return it, None when the date will be skipped as things stand."""
        if rule.next_charge_at is None:
            return None
        now, method = self.clock.now(), self.methods.get(rule.terms.payment_method_id)
        past = self.history.automatic(
            billing_account_id=rule.billing_account_id,
            since=counted_since(now, time_zone=rule.time_zone),
            besides="",
        )
        outlook = Outlook(card_is_usable=method is not None and method.is_usable, past=past)
        coming = forecast(rule, outlook, limits=self.limits, now=now, until=rule.next_charge_at + _A_MOMENT)
        return next(iter(coming.charges), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAutopayNotice:
    """Says what the mail about an announced charge is to say, as things stand now."""

    rules: AutopayRuleRepository
    methods: PaymentMethodRepository
    coming: ComingCharge
    links: AutopayLinks

    def __call__(self, *, decision_id: str) -> Notice:
        """Raises OccasionNotFound, AutopayNoticeOutOfDate."""
        rule_id, _, period = decision_id.partition(":")
        rule = self.rules.get(rule_id)
        if rule is None:
            raise OccasionNotFound("There is no such autopay charge.")
        charge = self.coming(rule) if rule.awaits_answer(period, rule_version=rule.rule_version) else None
        method = self.methods.get(rule.terms.payment_method_id)
        if charge is None or method is None:
            raise AutopayNoticeOutOfDate("There is nothing to announce any more.")
        return Notice(rule=rule, method=method, charge=charge, tokens=self._tokens(rule, charge.charge_at))

    def _tokens(self, rule: AutopayRule, expires_at: datetime) -> dict[LinkAction, str]:
        return {
            action: self.links.token_of(
                AutopayLink(
                    action=action,
                    autopay_rule_id=rule.autopay_rule_id,
                    period=rule.next_period,
                    rule_version=rule.rule_version,
                    expires_at=expires_at,
                )
            )
            for action in LinkAction
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A link as its page shows it; `charge` is None when there is nothing left to do."""

    link: AutopayLink
    charge: ForecastCharge | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseAutopayLink:
    """Reads links, and uses each date's once. Whoever has the signed word may: it came by mail to the subscriber."""

    rules: AutopayRuleRepository
    coming: ComingCharge
    links: AutopayLinks
    clock: Clock

    def read(self, *, token: str) -> LinkView:
        """Return what the link would do, and change nothing. Raises AutopayLinkInvalid."""
        link, rule = self._found(token)
        usable = rule.awaits_answer(link.period, rule_version=link.rule_version)
        return LinkView(link=link, charge=self.coming(rule) if usable else None)

    def __call__(self, *, token: str) -> tuple[LinkAction, bool]:
        """Do what the link says, once; return it, and whether it holds now. Raises AutopayLinkInvalid."""
        return repeating(lambda: self._use(token))

    def _use(self, token: str) -> tuple[LinkAction, bool]:
        link, rule = self._found(token)
        if not rule.awaits_answer(link.period, rule_version=link.rule_version):
            return link.action, _holds_already(link, rule)
        now = self.clock.now()
        if link.action is LinkAction.STOP:
            rule.stop(StopReason.SUBSCRIBER, now=now)
        else:
            rule.take_answer(_WORDS[link.action], now=now)
        self.rules.save(rule)
        return link.action, True

    def _found(self, token: str) -> tuple[AutopayLink, AutopayRule]:
        link = self.links.link_of(token)
        rule = self.rules.get(link.autopay_rule_id) if link else None
        if link is None or rule is None or self.clock.now() >= link.expires_at:
            raise AutopayLinkInvalid("The link is not valid, or the charge's time has come.")
        return link, rule


def _holds_already(link: AutopayLink, rule: AutopayRule) -> bool:
    """A link that is used a second time says what the first time came to."""
    if link.action is LinkAction.STOP:
        return not rule.is_active
    return rule.word_about(link.period) is _WORDS[link.action]
