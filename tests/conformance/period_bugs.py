"""Bugs that adapters have with periods of a history, each alone; what each breaks is said where it is used."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.conformance.region_server import Bug, Proceed

_MILLISECOND = timedelta(milliseconds=1)


def ignores_periods() -> Mapping[str, Bug]:
    """The two new fields are not read."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        request.ClearField("begins_at")
        request.ClearField("ends_at")
        return proceed(request, context)

    return {"ListCharges": bug}


def takes_the_end_in() -> Mapping[str, Bug]:
    """BETWEEN, which includes both of its ends."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.HasField("ends_at"):
            request.ends_at.FromDatetime(request.ends_at.ToDatetime() + _MILLISECOND)
        return proceed(request, context)

    return {"ListPayments": bug}


def leaves_the_beginning_out() -> Mapping[str, Bug]:
    """Later than, instead of not before."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.HasField("begins_at"):
            request.begins_at.FromDatetime(request.begins_at.ToDatetime() + _MILLISECOND)
        return proceed(request, context)

    return {"ListCharges": bug}


def forgets_the_period_after_the_first_page() -> Mapping[str, Bug]:
    """The token is all that counts."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.page_token:
            request.ClearField("begins_at")
            request.ClearField("ends_at")
        return proceed(request, context)

    return {"ListPayments": bug}


def forgets_when_its_books_were_begun() -> Mapping[str, Bug]:
    """kept_from is when the server was started last."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        answer = proceed(request, context)
        answer.kept_from.FromDatetime(answer.as_of.ToDatetime() - _MILLISECOND)
        return answer

    return {"ListPayments": bug}
