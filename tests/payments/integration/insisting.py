"""Many requests at once on a busy machine: what was not answered in time is asked again, as a client does."""

from collections.abc import Callable

from services.chassis.errors import Kind
from services.chassis.grpc_client import RemoteError

_PASSING = {Kind.RESOURCE_EXHAUSTED, Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED}


def until_answered(call: Callable[[], str], /) -> str:
    """Return the answer of a call, or the reason for which it was refused; its request id has to stay the same."""
    while True:
        try:
            return call()
        except RemoteError as error:
            if error.kind not in _PASSING:
                return error.reason
