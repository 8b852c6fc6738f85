"""Autopay rules as a subscriber sets, sees, changes and stops them."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.errors import FieldInvalid, VersionConflict
from services.chassis.ids import new_id
from services.chassis.money import Money
from services.payments.application.stop_rules import StopRule
from services.payments.domain.autopay_amount import AmountTerm, FixedSum, UpToTarget, check_amount_terms
from services.payments.domain.autopay_rule import AutopayRule, AutopayRuleNotFound, StopReason, Terms
from services.payments.domain.autopay_trigger import Threshold
from services.payments.domain.offer import Offer
from services.payments.domain.payment_method import PaymentMethodNotFound
from services.payments.domain.ports import (
    AUTOPAY,
    Accounts,
    AlreadySaved,
    AutopayRuleRepository,
    PaymentMethodRepository,
    Permission,
)
from services.payments.domain.request import check_request_id, check_same, fingerprint_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTerms:
    """Checks that terms can be agreed to: the sum, and a card of the subscriber's own."""

    methods: PaymentMethodRepository
    offer: Offer

    def check_sum(self, terms: Terms, /) -> None:
        """Raise for sums that cannot be paid or that nobody should agree to."""
        minimum = terms.trigger.minimum_balance if isinstance(terms.trigger, Threshold) else None
        to_pay = _present(_sum_of(terms.amount), *_caps_of(terms))
        if any(money.currency != self.offer.largest_payment.currency for money in (*to_pay, *_present(minimum))):
            raise FieldInvalid(field="amount", rule="roubles only")
        for money in to_pay:
            self.offer.check_amount(money)
        check_amount_terms(terms.amount, caps=terms.caps, minimum_balance=minimum)

    def check_card(self, terms: Terms, /, *, subscriber_id: str) -> None:
        """Raise PaymentMethodNotFound for a card that is absent, another's or removed, CardNotAccepted by policy."""
        method = self.methods.get(terms.payment_method_id)
        if method is None or method.subscriber_id != subscriber_id or not method.is_usable:
            raise PaymentMethodNotFound("There is no such saved card.")
        self.offer.card_policy.check(method)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAutopayRule:
    """Creates the one rule of a billing account, once per (subscriber, request_id)."""

    rules: AutopayRuleRepository
    accounts: Accounts
    check_terms: CheckTerms
    clock: Clock

    def __call__(self, *, request_id: str, subscriber_id: str, billing_account_id: str, terms: Terms) -> AutopayRule:
        """Return the rule, new or first."""
        check_request_id(request_id)
        self.check_terms.check_sum(terms)
        fingerprint = fingerprint_of(billing_account_id, *_content(terms))
        known = self._known(subscriber_id, request_id, fingerprint)
        if known is not None:
            return known
        permission = _authorize(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        self.check_terms.check_card(terms, subscriber_id=subscriber_id)
        now = self.clock.now()
        rule = AutopayRule(
            autopay_rule_id=new_id("aru"),
            subscriber_id=subscriber_id,
            billing_account_id=billing_account_id,
            region=permission.region,
            time_zone=permission.time_zone,
            terms=terms,
            created_at=now,
            request_id=request_id,
            fingerprint=fingerprint,
        )
        rule.plan(now=now)
        return self._save(rule)

    def _save(self, rule: AutopayRule) -> AutopayRule:
        try:
            self.rules.save(rule)
        except AlreadySaved:
            first = self._known(rule.subscriber_id, rule.request_id, rule.fingerprint)
            if first is None:
                raise VersionConflict("Two requests with one id met.", id=rule.request_id) from None
            return first
        return rule

    def _known(self, subscriber_id: str, request_id: str, fingerprint: str) -> AutopayRule | None:
        known = self.rules.by_request(subscriber_id=subscriber_id, request_id=request_id)
        if known is not None:
            check_same(fingerprint, known.fingerprint)
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAutopayRule:
    """Returns a rule of the subscriber."""

    rules: AutopayRuleRepository

    def __call__(self, *, subscriber_id: str, autopay_rule_id: str) -> AutopayRule:
        """Raises AutopayRuleNotFound, alike for an absent and for a foreign one."""
        rule = self.rules.get(autopay_rule_id)
        if rule is None or rule.subscriber_id != subscriber_id:
            raise AutopayRuleNotFound("There is no such autopay rule.")
        return rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAutopayRules:
    """Lists the subscriber's rules, newest first, stopped ones included."""

    rules: AutopayRuleRepository

    def __call__(self, *, subscriber_id: str) -> Sequence[AutopayRule]:
        return self.rules.of_subscriber(subscriber_id=subscriber_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAutopayRule:
    """Replaces the terms of an active rule."""

    rules: AutopayRuleRepository
    get_rule: GetAutopayRule
    accounts: Accounts
    check_terms: CheckTerms
    clock: Clock

    def __call__(self, *, subscriber_id: str, autopay_rule_id: str, terms: Terms) -> AutopayRule:
        """Return the changed rule; the same terms again change nothing. Raises AutopayRuleStopped."""
        self.check_terms.check_sum(terms)
        rule = self.get_rule(subscriber_id=subscriber_id, autopay_rule_id=autopay_rule_id)
        if rule.is_active and rule.terms == terms:
            return rule
        _authorize(self.accounts, subscriber_id=subscriber_id, billing_account_id=rule.billing_account_id)
        self.check_terms.check_card(terms, subscriber_id=subscriber_id)
        rule.change(terms, now=self.clock.now())
        self.rules.save(rule)
        return rule


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAutopayRule:
    """Stops a rule of the subscriber at once."""

    get_rule: GetAutopayRule
    stop_rule: StopRule

    def __call__(self, *, subscriber_id: str, autopay_rule_id: str) -> AutopayRule:
        """Return the stopped rule; a second time without effect."""
        self.get_rule(subscriber_id=subscriber_id, autopay_rule_id=autopay_rule_id)
        return self.stop_rule(autopay_rule_id=autopay_rule_id, reason=StopReason.SUBSCRIBER)


def _authorize(accounts: Accounts, *, subscriber_id: str, billing_account_id: str) -> Permission:
    """Autopay is set up by whoever may manage the account and pay to it: a grant may allow one without the other."""
    return accounts.authorize(subscriber_id=subscriber_id, billing_account_id=billing_account_id, actions=AUTOPAY)


def _content(terms: Terms) -> tuple[str | int, ...]:
    """What makes two requests the same. A fixed sum without caps stands here as it did before there was anything else,
    so that a repeated request of then is still recognised."""
    trigger = terms.trigger
    when = trigger.minimum_balance.amount_minor if isinstance(trigger, Threshold) else trigger.day
    return (terms.payment_method_id, type(trigger).__name__, when, *_amount_content(terms))


def _amount_content(terms: Terms) -> tuple[str | int, ...]:
    money, caps = _sum_of(terms.amount), _caps_of(terms)
    content: tuple[str | int, ...] = (money.amount_minor, money.currency) if money else ()
    if isinstance(terms.amount, FixedSum) and not any(caps):
        return content
    return (*content, type(terms.amount).__name__, *(cap.amount_minor if cap else "" for cap in caps))


def _sum_of(term: AmountTerm) -> Money | None:
    match term:
        case FixedSum(amount=amount):
            return amount
        case UpToTarget(target=target):
            return target
    return None


def _caps_of(terms: Terms) -> tuple[Money | None, Money | None, Money | None]:
    return terms.caps.per_charge, terms.caps.per_day, terms.caps.per_month


def _present(*sums: Money | None) -> list[Money]:
    return [money for money in sums if money is not None]
