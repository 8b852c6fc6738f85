"""Triggers and sums of autopay as parts of documents."""

from typing import Any

from services.chassis.money import Money
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
