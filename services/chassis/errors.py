"""Anticipated refusals and their kinds; how a kind looks on a wire is the business of the edges."""

from enum import Enum


class Kind(Enum):
    """What went wrong, in the canonical terms that gRPC and HTTP both know."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    ALREADY_EXISTS = "already_exists"
    FAILED_PRECONDITION = "failed_precondition"
    ABORTED = "aborted"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    UNAVAILABLE = "unavailable"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    INTERNAL = "internal"


class DomainError(Exception):
    """A refusal that was foreseen.

    `reason` is constant per class (`AMOUNT_NOT_POSITIVE`): clients, texts and help articles hang on it. Every value in
    the message is repeated in `metadata`, so that an edge can say it in another language. Neither holds personal data.
    """

    reason: str = "INTERNAL"
    kind: Kind = Kind.INTERNAL

    def __init__(self, message: str, /, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata


class FieldInvalid(DomainError):
    """A field of a request does not have the form that the contract asks for."""

    reason = "FIELD_INVALID"
    kind = Kind.INVALID

    def __init__(self, *, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}", field=field, rule=rule)


class VersionConflict(DomainError):
    """Somebody else changed the aggregate between its reading and its saving; reading again and repeating may
    succeed."""

    reason = "VERSION_CONFLICT"
    kind = Kind.ABORTED


class Unavailable(DomainError):
    """A part that is needed for the answer does not answer; the same request may succeed later."""

    reason = "TEMPORARILY_UNAVAILABLE"
    kind = Kind.UNAVAILABLE


class TooManyAttempts(DomainError):
    """Somebody guesses; after a while the next attempt is judged again."""

    reason = "TOO_MANY_ATTEMPTS"
    kind = Kind.RESOURCE_EXHAUSTED

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(f"Too many attempts; try again in {retry_after_s} s.", retry_after_s=str(retry_after_s))
