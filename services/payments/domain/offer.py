"""What is offered to payers: kinds of payment, cards, the largest sum. Data of a profile, read by an adapter."""

from dataclasses import dataclass

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money
from services.payments.domain.card_policy import CardPolicy
from services.payments.domain.payment import PaymentKind


class PaymentKindDisabled(DomainError):
    """That way to pay is switched off (F17)."""

    reason = "PAYMENT_KIND_DISABLED"
    kind = Kind.FAILED_PRECONDITION


class AmountNotPositive(DomainError):
    """A sum to pay is more than nothing."""

    reason = "AMOUNT_NOT_POSITIVE"
    kind = Kind.INVALID


class AmountTooLarge(DomainError):
    """A sum is beyond what may be paid at once."""

    reason = "AMOUNT_TOO_LARGE"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class KindStatus:
    """A way to pay and whether it is on; `disabled_reason` is empty when it is."""

    kind: PaymentKind
    disabled_reason: str

    @property
    def enabled(self) -> bool:
        return not self.disabled_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The ways to pay, in the order to offer them."""

    kinds: tuple[KindStatus, ...]
    card_policy: CardPolicy
    largest_payment: Money

    def check_kind(self, kind: PaymentKind, /) -> None:
        """Raise PaymentKindDisabled, with the reason, for a way to pay that is off or unknown."""
        status = next((status for status in self.kinds if status.kind is kind), None)
        reason = status.disabled_reason if status else "NOT_OFFERED"
        if reason:
            raise PaymentKindDisabled(
                f"Paying by {kind.value} is switched off: {reason}.", kind=kind.value, disabled_reason=reason
            )

    def check_amount(self, amount: Money, /) -> None:
        """Raise AmountNotPositive or AmountTooLarge."""
        if not amount.is_positive:
            raise AmountNotPositive("The sum must be more than zero.")
        if amount > self.largest_payment:
            largest = str(self.largest_payment.amount_minor // 100)
            raise AmountTooLarge(f"At most {largest} roubles can be paid at once.", largest_roubles=largest)
