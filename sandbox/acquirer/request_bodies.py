"""What the shop may send: the shape of each request body, checked before anything happens."""

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from sandbox.acquirer.amount import check_limits, parse_minor
from sandbox.acquirer.errors import forbidden, invalid_request

Metadata = Annotated[
    dict[Annotated[str, StringConstraints(max_length=32)], Annotated[str, StringConstraints(max_length=512)]],
    Field(max_length=16),
]
Url = Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://[^\s]+$")]
MethodType = Literal["bank_card", "sbp", "webmoney"]
Text128 = Annotated[str, StringConstraints(max_length=128)]


class Body(BaseModel):
    """Fields of the API that this acquirer has no use for are let through, as new ones appear all the time."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Amount(Body):
    """A decimal string and a currency."""

    value: Annotated[str, StringConstraints(max_length=20)]
    currency: Literal["RUB"]

    def minor(self, parameter: str, /) -> int:
        """Return kopecks; refuse what is not an amount."""
        return parse_minor(self.value, parameter=f"{parameter}.value")


class ReceiptItem(Body):
    """A line of a fiscal receipt (54-FZ)."""

    description: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    amount: Amount
    quantity: Annotated[Decimal, Field(gt=0)]
    vat_code: Annotated[int, Field(ge=1, le=12)]
    payment_subject: str | None = None
    payment_mode: str | None = None


class ReceiptCustomer(Body):
    """Where the receipt goes; one of the two is needed."""

    email: Text128 | None = None
    phone: Text128 | None = None

    @model_validator(mode="after")
    def _reachable(self) -> "ReceiptCustomer":
        if not (self.email or self.phone):
            raise ValueError("email or phone is required")
        return self


class Receipt(Body):
    """A fiscal receipt, as far as its shape can be checked here."""

    customer: ReceiptCustomer
    items: Annotated[list[ReceiptItem], Field(min_length=1, max_length=100)]
    tax_system_code: Annotated[int, Field(ge=1, le=6)] | None = None

    def check_total(self, amount_minor: int, /) -> None:
        """Refuse a receipt that is not over the money that moves."""
        total = sum(item.amount.minor("receipt.items.amount") * item.quantity for item in self.items)
        if round(total) != amount_minor:
            raise invalid_request("The sum of the receipt differs from the amount", parameter="receipt")


class Settlement(Body):
    """How the money of a receipt moved."""

    type: Literal["cashless", "prepayment", "postpayment", "consideration"]
    amount: Amount


class CreateReceipt(Body):
    """`POST /v3/receipts`: a receipt that follows its payment or refund."""

    type: Literal["payment", "refund"]
    payment_id: str | None = None
    refund_id: str | None = None
    customer: ReceiptCustomer
    items: Annotated[list[ReceiptItem], Field(min_length=1, max_length=80)]
    settlements: Annotated[list[Settlement], Field(min_length=1)]
    tax_system_code: Annotated[int, Field(ge=1, le=6)] | None = None
    send: Literal[True]

    def total(self) -> int:
        """Return the sum in kopecks; refuse a receipt whose lines and settlements are not one sum."""
        if (self.type == "payment") == bool(self.refund_id) or not (self.payment_id or self.refund_id):
            raise invalid_request("A receipt is of one payment or one refund", parameter="payment_id")
        lines = sum(item.amount.minor("items.amount") * item.quantity for item in self.items)
        settled = sum(settlement.amount.minor("settlements.amount") for settlement in self.settlements)
        if lines != settled:
            raise invalid_request("The lines and the settlements are not one sum", parameter="settlements")
        return settled


class Confirmation(Body):
    """How the payer confirms: on our page and back to `return_url`, or (SBP) by a code that the shop draws itself."""

    type: Literal["redirect", "qr"]
    return_url: Url | None = None

    @model_validator(mode="after")
    def _leads_back(self) -> "Confirmation":
        if self.type == "redirect" and self.return_url is None:
            raise ValueError("return_url is required")
        return self


class PaymentMethodData(Body):
    """A way to pay whose data the payer gives on our page, or in an application of their own."""

    type: MethodType
    card: Any = None


class CreatePayment(Body):
    """`POST /v3/payments`."""

    amount: Amount
    capture: bool = False
    confirmation: Confirmation | None = None
    description: Text128 | None = None
    merchant_customer_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    metadata: Metadata = {}
    payment_method_data: PaymentMethodData | None = None
    payment_method_id: str | None = None
    payment_token: str | None = None
    receipt: Receipt | None = None
    save_payment_method: bool = False

    @property
    def method_type(self) -> MethodType:
        return self.payment_method_data.type if self.payment_method_data else "bank_card"

    def check(self) -> int:
        """Refuse what contradicts itself; return the amount in kopecks."""
        amount_minor = self.amount.minor("amount")
        check_limits(amount_minor, method_type=self.method_type, parameter="amount.value")
        if self.method_type != "bank_card":
            self._check_other_than_card()
        if self.payment_token or (self.payment_method_data and self.payment_method_data.card is not None):
            raise forbidden("The shop may not handle card data itself", parameter="payment_method_data")
        if self.payment_method_id and self.payment_method_data:
            raise invalid_request("payment_method_id excludes payment_method_data", parameter="payment_method_id")
        if not self.payment_method_id and self.confirmation is None:
            raise invalid_request("A confirmation is required", parameter="confirmation")
        if self.confirmation and self.confirmation.type == "qr" and self.method_type != "sbp":
            raise invalid_request("The method cannot be confirmed by a QR code", parameter="confirmation.type")
        if self.receipt:
            self.receipt.check_total(amount_minor)
        return amount_minor

    def _check_other_than_card(self) -> None:
        """Neither is taken in two stages, and neither is kept here for later charges."""
        if not self.capture:
            raise invalid_request("The method is paid in one stage only", parameter="capture")
        if self.save_payment_method:
            raise invalid_request("The method cannot be saved", parameter="save_payment_method")


class CreatePaymentMethod(Body):
    """`POST /v3/payment_methods`: a bank card whose data the payer types on our page."""

    type: Literal["bank_card"]
    confirmation: Confirmation
    metadata: Metadata = {}
    card: Any = None

    def checked_return_url(self) -> str:
        """Refuse card data, and a confirmation that cards do not have; return where the payer goes afterwards."""
        if self.card is not None:
            raise forbidden("The shop may not handle card data itself", parameter="card")
        if self.confirmation.return_url is None or self.confirmation.type != "redirect":
            raise invalid_request("A card is bound by redirect only", parameter="confirmation.type")
        return self.confirmation.return_url


class CapturePayment(Body):
    """`POST /v3/payments/{id}/capture`; without an amount all of it is taken."""

    amount: Amount | None = None
    receipt: Receipt | None = None


class CancelPayment(Body):
    """`POST /v3/payments/{id}/cancel` has no fields."""


class CreateRefund(Body):
    """`POST /v3/refunds`."""

    payment_id: Annotated[str, StringConstraints(min_length=36, max_length=36)]
    amount: Amount
    description: Annotated[str, StringConstraints(max_length=250)] | None = None
    metadata: Metadata = {}
    receipt: Receipt | None = None


BodyT = TypeVar("BodyT", bound=Body)


def parse(form: type[BodyT], body: object, /) -> BodyT:
    """Return the body in its form, or refuse it naming the first wrong field."""
    try:
        return form.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        parameter = ".".join(str(part) for part in first["loc"])
        raise invalid_request(first["msg"], parameter=parameter or None) from None
