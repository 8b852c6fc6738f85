"""Books of the audit, with defaults, for tests that care about one payment."""

from dataclasses import replace
from typing import Any

from deploy.audit.books import Books, Charge, Credit, Payment, Posting

REGIONS = frozenset({"54", "77"})


def make_payment(payment_id: str = "pay_1", *, kopecks: int = 45_000, **fields: Any) -> Payment:
    """A payment that was credited and is settled."""
    defaults: dict[str, Any] = {
        "payment_id": payment_id,
        "state": "posted",
        "captured_minor": kopecks,
        "refunded_minor": 0,
        "credited_minor": kopecks,
        "reversed_minor": 0,
        "disputed_minor": 0,
        "is_settled": True,
        "problem": None,
    }
    return Payment(**defaults | fields)


def make_charge(payment: Payment, **fields: Any) -> Charge:
    defaults: dict[str, Any] = {
        "payment_id": payment.payment_id,
        "acquirer_payment_id": f"acquirer-{payment.payment_id}",
        "captured_minor": payment.captured_minor,
        "refunded_minor": payment.refunded_minor,
    }
    return Charge(**defaults | fields)


def make_posting(payment: Payment, *, region: str = "54", **fields: Any) -> Posting:
    defaults: dict[str, Any] = {
        "payment_id": payment.payment_id,
        "region": region,
        "amount_minor": payment.captured_minor,
        "state": "posted" if payment.credited_minor else "refused",
    }
    return Posting(**defaults | fields)


def make_books(*payments: Payment, region: str = "54") -> Books:
    """Books that agree about these payments: each is what all four of them hold."""
    captured = [payment for payment in payments if payment.captured_minor]
    return Books(
        charges=tuple(make_charge(payment) for payment in captured),
        payments=payments,
        postings=tuple(make_posting(payment, region=region) for payment in captured),
        credits=tuple(
            Credit(payment_id=payment.payment_id, region=region, amount_minor=payment.shown_minor)
            for payment in captured
            if payment.shown_minor
        ),
        regions_read=REGIONS,
    )


def together(*books: Books) -> Books:
    """Return what several books hold."""
    whole = Books(regions_read=REGIONS)
    for each in books:
        whole = replace(
            whole,
            charges=whole.charges + each.charges,
            payments=whole.payments + each.payments,
            postings=whole.postings + each.postings,
            credits=whole.credits + each.credits,
        )
    return whole
