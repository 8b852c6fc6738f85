"""The same payment asked for twice under two keys: whoever comes second within three minutes is asked (idempotency by
meaning)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money

ASKED_WITHIN = timedelta(minutes=3)


class SimilarPayment(DomainError):
    """The same payer has just paid the same sum to the same account; they are asked whether they mean it again."""

    reason = "SIMILAR_PAYMENT"
    kind = Kind.ALREADY_EXISTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What somebody means to pay. One meaning, whichever way it is paid and whatever key it came with."""

    subscriber_id: str
    billing_account_id: str
    amount: Money
    request_id: str

    @property
    def meaning(self) -> str:
        return f"{self.subscriber_id}:{self.billing_account_id}:{self.amount.amount_minor}:{self.amount.currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Whose request a meaning belongs to at the moment, and since when."""

    request_id: str
    at: datetime
