"""What the payment and autopay routes take in."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from gateway.bodies.fields import Amount, Body, Id, OptionalId, Page, Url, misplaced

IdempotencyKey = Annotated[str, StringConstraints(min_length=8, max_length=100, pattern=r"^[!-~]+$")]


class PaymentMethodChoice(Body):
    """How to pay: `payment_method_id` with a saved card, `save` with a new one."""

    kind: Literal["new_card", "saved_card", "webmoney", "sbp"]
    payment_method_id: OptionalId = ""
    save: bool = False


class NewPayment(Body):
    """Creates a payment."""

    billing_account_id: Id
    amount: Amount
    method: PaymentMethodChoice
    return_url: Url
    confirm_repeat: bool = Field(
        default=False, description="The payer was asked (SIMILAR_PAYMENT) and means to pay the same again"
    )


class NewPaymentMethod(Body):
    """Starts to keep a card without a payment."""

    return_url: Url


class Trigger(Body):
    """When autopay charges: on the 1st, on a `day`, or when the balance reaches `minimum_balance` (F20)."""

    kind: Literal["first_of_month", "day_of_month", "threshold"]
    day: int | None = Field(default=None, ge=-(2**31), le=2**31 - 1)
    minimum_balance: Amount | None = None

    @model_validator(mode="after")
    def _has_its_field_only(self) -> "Trigger":
        if (self.day is not None) != (self.kind == "day_of_month"):
            raise misplaced("day", missing=self.day is None)
        if (self.minimum_balance is not None) != (self.kind == "threshold"):
            raise misplaced("minimum_balance", missing=self.minimum_balance is None)
        return self


class Caps(Body):
    """The most that may be charged at once, and in a day and a month of the region's calendar; null is no cap."""

    per_charge: Amount | None = None
    per_day: Amount | None = None
    per_month: Amount | None = None


class AutopayTerms(Body):
    """What a rule says, without the account that it is for.

    `amount` is the sum of a `fixed` rule and the balance that a `target` rule tops up to; a `debt` rule, which charges
    what is owed, has none. `debt` and `target` need `caps.per_charge`.
    """

    payment_method_id: Id
    trigger: Trigger
    amount_kind: Literal["fixed", "debt", "target"] = "fixed"
    amount: Amount | None = None
    caps: Caps = Field(default_factory=Caps)

    @model_validator(mode="after")
    def _has_an_amount_unless_it_is_the_debt(self) -> "AutopayTerms":
        if (self.amount is None) != (self.amount_kind == "debt"):
            raise misplaced("amount", missing=self.amount is None)
        return self


class NewAutopayRule(AutopayTerms):
    """Creates the autopay rule of a billing account."""

    billing_account_id: Id


class IdempotencyHeader(BaseModel):
    """`Idempotency-Key` makes a repeated request answer like the first one."""

    idempotency_key: IdempotencyKey | None = Field(default=None, alias="Idempotency-Key")


class PaymentPath(Body):
    """Which payment."""

    payment_id: Id


class PaymentMethodPath(Body):
    """Which saved card."""

    payment_method_id: Id


class AutopayRulePath(Body):
    """Which rule."""

    autopay_rule_id: Id


class PaymentsPage(Page):
    """Which payments."""

    billing_account_id: OptionalId = ""


class DecisionsPage(Page):
    """Which decisions."""
