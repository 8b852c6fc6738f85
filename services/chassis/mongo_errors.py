"""What MongoDB's own errors mean to a caller: away for the moment, or nothing that anybody foresaw."""

from pymongo.errors import ConnectionFailure, PyMongoError, WTimeoutError

from services.chassis.errors import DomainError, Unavailable

_RETRY_AFTER_S = 5


def unavailable(error: BaseException, /) -> DomainError | None:
    """Return `Unavailable` for a server that cannot be reached, has no primary, or did not answer in time.

    A write that ended so may have been made: what makes repeating it safe is the use case's own key or version.
    """
    if isinstance(error, ConnectionFailure | WTimeoutError) or (isinstance(error, PyMongoError) and error.timeout):
        return Unavailable("The storage does not answer now.", retry_after_s=str(_RETRY_AFTER_S))
    return None
