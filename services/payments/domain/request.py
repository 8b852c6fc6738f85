"""What makes a repeated request the same request: its id, and a fingerprint of its content."""

import json
from hashlib import sha256

from services.chassis.errors import DomainError, Kind


class RequestIdMissing(DomainError):
    """What moves money is asked for with a request_id."""

    reason = "REQUEST_ID_MISSING"
    kind = Kind.INVALID


class RequestIdReused(DomainError):
    """The same request_id came with another content."""

    reason = "REQUEST_ID_REUSED"
    kind = Kind.ALREADY_EXISTS


def check_request_id(request_id: str, /) -> None:
    """Raise RequestIdMissing for an empty one."""
    if not request_id:
        raise RequestIdMissing("A request_id is needed.")


def check_same(fingerprint: str, first: str, /) -> None:
    """Raise RequestIdReused unless the content is that of the first request."""
    if fingerprint != first:
        raise RequestIdReused("This request_id was used for another request.")


def fingerprint_of(*content: str | int | bool) -> str:
    """Return a fingerprint of what was asked for; the content itself cannot be had from it."""
    return sha256(json.dumps(content).encode()).hexdigest()
