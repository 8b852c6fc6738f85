"""Refusals of whatever a subscriber changes on an account: ours, and the regions' in the words of their contract."""

from services.chassis.errors import DomainError, Kind


class RequestIdMissing(DomainError):
    """A wish without a key could be carried out twice."""

    reason = "REQUEST_ID_MISSING"
    kind = Kind.INVALID

    def __init__(self) -> None:
        super().__init__("A request_id is needed.")


class RequestIdReused(DomainError):
    """The key stands for another wish already."""

    reason = "REQUEST_ID_REUSED"
    kind = Kind.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("This request_id was used for another request.")


class AmountNotPositive(DomainError):
    """A promise is of more than nothing."""

    reason = "AMOUNT_NOT_POSITIVE"
    kind = Kind.INVALID

    def __init__(self) -> None:
        super().__init__("The sum must be more than zero.")


class TariffQuoteNotFound(DomainError):
    """There is no such quote, or it is another subscriber's: alike."""

    reason = "TARIFF_QUOTE_NOT_FOUND"
    kind = Kind.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such quote.")


class TariffQuoteExpired(DomainError):
    """The quote was good for a while, which is over."""

    reason = "TARIFF_QUOTE_EXPIRED"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self) -> None:
        super().__init__("The quote is no longer good.")


class TariffChangeNotFound(DomainError):
    """There is no such change, or it is on an account that the subscriber has not linked: alike."""

    reason = "TARIFF_CHANGE_NOT_FOUND"
    kind = Kind.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such tariff change.")


class TariffChangeDone(DomainError):
    """The plan holds already: there is nothing to take back."""

    reason = "TARIFF_CHANGE_DONE"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self) -> None:
        super().__init__("The new tariff plan holds already.")


class ServiceOrderNotFound(DomainError):
    """There is no such order, or it is on an account that the subscriber has not linked: alike."""

    reason = "SERVICE_ORDER_NOT_FOUND"
    kind = Kind.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such service order.")


class ServiceOrderDone(DomainError):
    """The service is connected: there is nothing to cancel."""

    reason = "SERVICE_ORDER_DONE"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self) -> None:
        super().__init__("The service is connected already.")


class PromisedPaymentNotFound(DomainError):
    """The region knows nothing any more of a promise that was open."""

    reason = "PROMISED_PAYMENT_NOT_FOUND"
    kind = Kind.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such promised payment.")


class RegionRefusal(DomainError):
    """What a region refuses finally: asking again with the same id changes nothing.."""

    kind = Kind.FAILED_PRECONDITION
    says = "The region refuses."

    def __init__(self) -> None:
        super().__init__(self.says)


class AccountNotInRegion(RegionRefusal):
    """The region has no account of that number any more."""

    reason = "ACCOUNT_NOT_FOUND"
    kind = Kind.NOT_FOUND
    says = "The region has no such account any more."


class TariffPlanNotFound(RegionRefusal):
    """The account cannot change to such a plan."""

    reason = "TARIFF_PLAN_NOT_FOUND"
    kind = Kind.NOT_FOUND
    says = "The region has no such tariff plan for this account."


class TariffPlanInForce(RegionRefusal):
    """It is the plan that holds now."""

    reason = "TARIFF_PLAN_IN_FORCE"
    says = "This tariff plan holds already."


class PromisedPaymentOpen(RegionRefusal):
    """No change while a promised payment is open; also said by us, of one that is under way."""

    reason = "PROMISED_PAYMENT_OPEN"
    says = "A promised payment is open."


class TariffChangePending(RegionRefusal):
    """One change at a time; also said by us, of one that is under way."""

    reason = "TARIFF_CHANGE_PENDING"
    says = "Another tariff change is pending."


class TariffQuoteOutdated(RegionRefusal):
    """Price or date are no longer what was quoted."""

    reason = "TARIFF_QUOTE_OUTDATED"
    says = "The region's terms have changed since the quote."


class ServiceOfferNotFound(RegionRefusal):
    """The account cannot have such a service."""

    reason = "SERVICE_OFFER_NOT_FOUND"
    kind = Kind.NOT_FOUND
    says = "The region has no such offer for this account."


class ServiceAlreadyThere(RegionRefusal):
    """The account has the service."""

    reason = "SERVICE_ALREADY_THERE"
    says = "The account has this service already."


class ServiceNotFeasible(RegionRefusal):
    """The service cannot be brought to that address."""

    reason = "SERVICE_NOT_FEASIBLE"
    says = "The service cannot be connected at this address."


class PromisedPaymentNotEligible(RegionRefusal):
    """The region's rules say no; why, the eligibility tells."""

    reason = "PROMISED_PAYMENT_NOT_ELIGIBLE"
    says = "A promised payment cannot be taken now."


class PromisedPaymentAmountInvalid(RegionRefusal):
    """The sum is above the largest one."""

    reason = "PROMISED_PAYMENT_AMOUNT_INVALID"
    kind = Kind.INVALID
    says = "The sum is above the largest one that can be promised."
