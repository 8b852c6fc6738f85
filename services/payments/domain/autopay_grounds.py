"""The grounds of a decision put together from the rule, its occasion and what was seen of the world; nothing is read
here."""

from dataclasses import dataclass
from datetime import datetime

from services.chassis.money import Money
from services.payments.domain.autopay_amount import Filled
from services.payments.domain.autopay_decision import Grounds, Reason
from services.payments.domain.autopay_limits import Limits
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of the account, the card and the past at the moment of deciding."""

    account_is_linked: bool
    account_refusal: Reason | None
    monthly_pay_limit: Money | None
    paid_this_month: Money
    old_mandate_active: bool
    balance: Money | None
    balance_as_of: datetime | None
    under_way: Money
    paid_by_hand: Money
    card_is_usable: bool
    automatic_charges_in_24_h: int
    filled: Filled
    held_elsewhere: bool
    region_frozen: bool


def grounds_of(
    rule: AutopayRule, occasion: AutopayOccasion, seen: Seen, /, *, limits: Limits, now: datetime
) -> Grounds:
    """Return the grounds on which `decide` decides the occasion."""
    terms = rule.terms
    return Grounds(
        trigger=terms.trigger,
        amount=terms.amount,
        caps=terms.caps,
        rule_version=rule.rule_version,
        rule_is_active=rule.is_active,
        paused_until=rule.paused_until,
        occasion_rule_version=occasion.rule_version,
        time_zone=rule.time_zone,
        due_at=occasion.current_due_at,
        account_is_linked=seen.account_is_linked,
        account_refusal=seen.account_refusal,
        monthly_pay_limit=seen.monthly_pay_limit,
        paid_this_month=seen.paid_this_month,
        old_mandate_active=seen.old_mandate_active,
        payment_method_id=terms.payment_method_id,
        card_is_usable=seen.card_is_usable,
        balance=seen.balance,
        balance_as_of=seen.balance_as_of,
        under_way=seen.under_way,
        paid_by_hand=seen.paid_by_hand,
        automatic_charges_in_24_h=seen.automatic_charges_in_24_h,
        filled=seen.filled,
        word=occasion.word,
        held_since=occasion.held_since,
        held_elsewhere=seen.held_elsewhere,
        region_frozen=seen.region_frozen,
        limits=limits,
        now=now,
    )
