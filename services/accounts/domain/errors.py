"""Refusals that more than one part of the service raises; those of one part stand beside its code."""

from services.chassis.errors import DomainError, Kind


class BillingAccountNotFound(DomainError):
    """There is no such link, or it is another subscriber's, or it has ended: alike in every respect."""

    reason = "BILLING_ACCOUNT_NOT_FOUND"
    kind = Kind.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such billing account.")


class RegionUnavailable(DomainError):
    """The region does not answer, or not in time; what it was asked to do it may have done."""

    reason = "REGION_UNAVAILABLE"
    kind = Kind.UNAVAILABLE

    def __init__(self, *, region: str) -> None:
        super().__init__(f"Region {region} does not answer now.", region=region)


class RegionNotAsked(RegionUnavailable):
    """The region is left alone for now, or has as many calls as it may have: it was not asked, so it has done
    nothing."""


class RegionAnswerInvalid(RegionUnavailable):
    """The region answered something that its contract does not allow. To a caller it is as if it had not answered.

    `problem` names the rule, never the value.
    """

    def __init__(self, *, region: str, problem: str) -> None:
        super().__init__(region=region)
        self.problem = problem


class AccountClosed(DomainError):
    """The region takes nothing more for this account, for good."""

    reason = "ACCOUNT_CLOSED"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self) -> None:
        super().__init__("The region has closed this account.")


class InsufficientFunds(DomainError):
    """An account that pays ahead cannot cover the fee."""

    reason = "INSUFFICIENT_FUNDS"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self) -> None:
        super().__init__("The money on the account does not cover the fee.")


class PaymentIdReused(DomainError):
    """The payment id stands for another account or sum already."""

    reason = "PAYMENT_ID_REUSED"
    kind = Kind.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("This payment id belongs to another posting.")


class ChargeIdReused(DomainError):
    """The charge id stands for another account or sum already."""

    reason = "CHARGE_ID_REUSED"
    kind = Kind.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("This charge id belongs to another fee.")
