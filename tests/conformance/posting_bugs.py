"""Bugs that lists of the cabinet's postings really have, each alone."""

from collections.abc import Mapping
from typing import Any

from tests.conformance.bugs import unimplemented
from tests.conformance.region_server import Bug, Proceed


def counts_the_page_only() -> Mapping[str, Bug]:
    """The totals are summed up over the rows that are sent."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        answer = proceed(request, context)
        answer.total_count = len(answer.postings)
        answer.total_amount.amount_minor = sum(row.amount.amount_minor for row in answer.postings)
        return answer

    return {"ListPostings": bug}


def takes_the_end_in() -> Mapping[str, Bug]:
    """The period is closed at both ends (BETWEEN)."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.posted_before.ToNanoseconds() > request.posted_from.ToNanoseconds():
            request.posted_before.FromNanoseconds(request.posted_before.ToNanoseconds() + 1_000_000)
        return proceed(request, context)

    return {"ListPostings": bug}


def lists_every_channel() -> Mapping[str, Bug]:
    """The channel is forgotten in the query."""
    others: dict[str, Any] = {}

    def remember(request: Any, context: Any, proceed: Proceed) -> Any:
        answer = proceed(request, context)
        others.update({row.payment_id: row for row in answer.payments if row.channel != "kabinet"})
        return answer

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        answer = proceed(request, context)
        period = request.posted_from.ToNanoseconds(), request.posted_before.ToNanoseconds()
        for row in others.values():
            if period[0] <= row.credited_at.ToNanoseconds() < period[1]:
                answer.postings.add(payment_id=row.payment_id, amount=row.amount, posted_at=row.credited_at)
        return answer

    return {"ListPayments": remember, "ListPostings": bug}


def lists_no_postings() -> Mapping[str, Bug]:
    """No bug: a region may leave that method out."""
    return {"ListPostings": unimplemented}
