"""Who is calling: set by the server's guard, read by servicers; how it is proved stands in `tokens`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from services.chassis.errors import DomainError, Kind


class CredentialsMissing(DomainError):
    """The call carries no credentials that allow it."""

    reason = "CREDENTIALS_MISSING"
    kind = Kind.UNAUTHENTICATED


class CallerNotAllowed(DomainError):
    """The caller is known, but the method is not for them."""

    reason = "CALLER_NOT_ALLOWED"
    kind = Kind.PERMISSION_DENIED


@dataclass(frozen=True, slots=True)
class SubscriberCaller:
    """A subscriber, by an access token that goes on unchanged to other services."""

    subscriber_id: str
    session_id: str
    access_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServiceCaller:
    """A deployable of the suite."""

    name: str


@dataclass(frozen=True, slots=True)
class RegionCaller:
    """A regional billing system."""

    region: str


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody in particular."""


Caller = SubscriberCaller | ServiceCaller | RegionCaller | Anonymous

_current: ContextVar[Caller | None] = ContextVar("caller", default=None)


@contextmanager
def calling_as(caller: Caller, /) -> Iterator[None]:
    """Make `caller` the current one within the block."""
    token = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(token)


def current_caller() -> Caller:
    """Return who is calling. Outside a guarded call it is nobody."""
    return _current.get() or Anonymous()


def current_subscriber() -> SubscriberCaller:
    """Return the calling subscriber; raise `CredentialsMissing` when it is somebody else."""
    caller = current_caller()
    if not isinstance(caller, SubscriberCaller):
        raise CredentialsMissing("This method is for subscribers.")
    return caller


def current_region() -> RegionCaller:
    """Return the calling region; raise `CredentialsMissing` when it is somebody else."""
    caller = current_caller()
    if not isinstance(caller, RegionCaller):
        raise CredentialsMissing("This method is for regional billing systems.")
    return caller
