"""Triggers, sums and caps of autopay as parts of documents."""

from typing import Any

from services.chassis.money import Money
from services.payments.domain.autopay_amount import AmountTerm, Caps, Debt, FixedSum, UpToTarget
from services.payments.domain.autopay_trigger import DayOfMonth, FirstOfMonth, Threshold, Trigger

Document = dict[str, Any]


def trigger_to_document(trigger: Trigger, /) -> Document:
    match trigger:
        case FirstOfMonth():
            return {"kind": "first_of_month"}
        case DayOfMonth(day=day):
            return {"kind": "day_of_month", "day": day}
        case Threshold(minimum_balance=minimum):
            return {"kind": "threshold", "minimum_balance": minimum.as_mapping()}


def trigger_from_document(document: Document, /) -> Trigger:
    """Return what `trigger_to_document` wrote."""
    match document["kind"]:
        case "first_of_month":
            return FirstOfMonth()
        case "day_of_month":
            return DayOfMonth(document["day"])
        case "threshold":
            return Threshold(Money.from_mapping(document["minimum_balance"]))
    raise ValueError(f"no such trigger: {document['kind']}")


def money_to_document(money: Money | None, /) -> Document | None:
    return None if money is None else money.as_mapping()


def money_from_document(document: Document | None, /) -> Money | None:
    return None if document is None else Money.from_mapping(document)


def amount_to_document(term: AmountTerm, /) -> Document:
    match term:
        case FixedSum(amount=amount):
            return {"kind": "fixed", "sum": amount.as_mapping()}
        case UpToTarget(target=target):
            return {"kind": "target", "sum": target.as_mapping()}
        case Debt():
            return {"kind": "debt"}


def amount_from_document(document: Document, /) -> AmountTerm:
    """Return what `amount_to_document` wrote, or the bare sum of before there was anything but fixed sums."""
    match document.get("kind"):
        case None:
            return FixedSum(Money.from_mapping(document))
        case "fixed":
            return FixedSum(Money.from_mapping(document["sum"]))
        case "target":
            return UpToTarget(Money.from_mapping(document["sum"]))
        case "debt":
            return Debt()
    raise ValueError(f"no such amount: {document['kind']}")


def caps_to_document(caps: Caps, /) -> Document:
    return {
        "per_charge": money_to_document(caps.per_charge),
        "per_day": money_to_document(caps.per_day),
        "per_month": money_to_document(caps.per_month),
    }


def caps_from_document(document: Document, /) -> Caps:
    """Return what `caps_to_document` wrote; no caps for a document of before there were any."""
    return Caps(
        per_charge=money_from_document(document.get("per_charge")),
        per_day=money_from_document(document.get("per_day")),
        per_month=money_from_document(document.get("per_month")),
    )
