"""Who gets in, what a caller learns when something goes wrong, and how long it may take: over real gRPC."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest
from kabinet.identity.v1 import identity_pb2
from pymongo.errors import (
    AutoReconnect,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from services.chassis.caller import Caller, ServiceCaller, SubscriberCaller, current_caller
from services.chassis.clock import Clock, SystemClock
from services.chassis.deadline import timeout_s
from services.chassis.errors import DomainError, Kind
from services.chassis.grpc_access import access_of
from services.chassis.grpc_client import Remote
from services.chassis.grpc_errors import RemoteError
from tests.chassis.grpc_scene import access_token, raw_code, served, service_token, stub_of

_CLOCK = SystemClock()


class _Later:
    def now(self) -> Any:
        return _CLOCK.now() + timedelta(minutes=10)


def _create_session(caller: str | None, address: str) -> RemoteError | None:
    with stub_of(caller, address=address, clock=_CLOCK) as (remote, stub):
        try:
            remote.call(stub.CreateSession, identity_pb2.CreateSessionRequest(), cap_s=30)
        except RemoteError as error:
            return error
    return None


def _forged(token: str) -> str:
    """Change a character in the middle of the signature; the last ones may stand for no bit."""
    signed, _, signature = token.rpartition(".")
    middle = len(signature) // 2
    other = "B" if signature[middle] == "A" else "A"
    return f"{signed}.{signature[:middle]}{other}{signature[middle + 1 :]}"


def test_lets_in_whom_the_contract_names() -> None:
    seen: list[Caller] = []

    with served(lambda: seen.append(current_caller()), clock=_CLOCK) as address:
        refused = _create_session("gateway", address)

    assert refused is None
    assert seen == [ServiceCaller(name="gateway")]


@pytest.mark.parametrize(
    ("caller", "reason"),
    [(None, "CREDENTIALS_MISSING"), ("payments", "CALLER_NOT_ALLOWED"), ("region:54", "CALLER_NOT_ALLOWED")],
)
def test_keeps_out_whom_it_does_not_name(caller: str | None, reason: str) -> None:
    seen: list[Caller] = []

    with served(lambda: seen.append(current_caller()), clock=_CLOCK) as address:
        refused = _create_session(caller, address)

    assert refused is not None
    assert refused.reason == reason
    assert seen == []


def test_carries_the_subscriber_of_a_forwarded_token() -> None:
    seen: list[Caller] = []
    token = access_token(_CLOCK)

    with served(lambda: seen.append(current_caller()), clock=_CLOCK) as address:
        code = raw_code(address, f"Bearer {token}")

    assert code is grpc.StatusCode.OK
    assert seen == [SubscriberCaller(subscriber_id="sub_1", session_id="ses_1", access_token=token)]
    assert token not in repr(seen)


@pytest.mark.parametrize(
    "header",
    [
        lambda: "Bearer",
        lambda: "Bearer x.y.z",
        lambda: f"Basic {access_token(_CLOCK)}",
        lambda: f"Bearer {access_token(_CLOCK, aud='region:54')}",
        lambda: f"Bearer {access_token(_CLOCK, iss='gateway')}",
        lambda: f"Bearer {access_token(_CLOCK, exp=int(_CLOCK.now().timestamp()) - 60)}",
        lambda: f"Bearer {_forged(access_token(_CLOCK))}",
        lambda: f"Bearer {service_token('gateway', callee='payments', clock=_CLOCK)}",
    ],
)
def test_refuses_a_token_that_is_forged_expired_or_for_somebody_else(header: Callable[[], str]) -> None:
    with served(lambda: None, clock=_CLOCK) as address:
        code = raw_code(address, header())

    assert code is grpc.StatusCode.UNAUTHENTICATED


def test_lets_a_token_expire_by_the_clock_of_the_suite() -> None:
    later: Clock = _Later()
    with served(lambda: None, clock=later) as address:
        code = raw_code(address, f"Bearer {access_token(_CLOCK)}")

    assert code is grpc.StatusCode.UNAUTHENTICATED


def test_forgets_a_token_that_was_good_when_it_expires() -> None:
    class Passing:
        ahead = timedelta()

        def now(self) -> Any:
            return _CLOCK.now() + self.ahead

    clock = Passing()
    token = f"Bearer {access_token(_CLOCK)}"
    with served(lambda: None, clock=clock) as address:
        while_good = raw_code(address, token)
        clock.ahead = timedelta(minutes=6)
        afterwards = raw_code(address, token)

    assert (while_good, afterwards) == (grpc.StatusCode.OK, grpc.StatusCode.UNAUTHENTICATED)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.INTERNAL])
def test_hands_every_kind_of_refusal_on_to_the_caller(kind: Kind) -> None:
    class Refused(DomainError):
        reason = "SOME_REASON"

    Refused.kind = kind

    def act() -> None:
        raise Refused("In words.", tries_left="3")

    with served(act, clock=_CLOCK) as address:
        refused = _create_session("gateway", address)

    assert refused is not None
    assert (refused.kind, refused.reason, refused.metadata) == (kind, "SOME_REASON", {"tries_left": "3"})
    assert str(refused) == "In words."


def test_tells_nothing_about_what_nobody_foresaw() -> None:
    def act() -> None:
        raise KeyError("mongodb://secret@host")

    with served(act, clock=_CLOCK) as address:
        refused = _create_session("gateway", address)

    assert refused is not None
    assert refused.reason == "INTERNAL"
    assert "secret" not in str(refused)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ServerSelectionTimeoutError("no primary"), Kind.UNAVAILABLE),
        (AutoReconnect("connection closed"), Kind.UNAVAILABLE),
        (ExecutionTimeout("took too long", 50), Kind.UNAVAILABLE),
        (OperationFailure("bad index", 67), Kind.INTERNAL),
    ],
)
def test_calls_a_storage_that_is_away_unavailable_and_a_mistake_a_mistake(error: PyMongoError, kind: Kind) -> None:
    def act() -> None:
        raise error

    with served(act, clock=_CLOCK) as address:
        refused = _create_session("gateway", address)

    assert refused is not None
    assert refused.kind is kind
    assert str(error) not in str(refused)


def test_gives_a_call_inside_less_time_than_is_left() -> None:
    left: list[float] = []

    with (
        served(lambda: left.append(timeout_s(90)), clock=_CLOCK) as address,
        stub_of("gateway", address=address, clock=_CLOCK) as (remote, stub),
    ):
        remote.call(stub.CreateSession, identity_pb2.CreateSessionRequest(), cap_s=30)

    assert 0 < left[0] <= 29.95


def test_ends_a_call_at_its_deadline() -> None:
    release = threading.Event()

    with (
        served(lambda: release.wait(30), clock=_CLOCK) as address,
        stub_of("gateway", address=address, clock=_CLOCK) as (remote, stub),
    ):
        grpc.channel_ready_future(remote.channel).result(30)
        with pytest.raises(RemoteError) as error:
            remote.call(stub.CreateSession, identity_pb2.CreateSessionRequest(), cap_s=0.2)
        release.set()

    assert error.value.kind is Kind.DEADLINE_EXCEEDED
    assert error.value.outcome_is_unknown


def test_calls_a_callee_that_is_not_there_unavailable() -> None:
    remote = Remote(name="identity", address="127.0.0.1:1", tokens=None, connect_within_s=10)
    method: Any = remote.channel.unary_unary("/kabinet.identity.v1.IdentityService/GetProfile")

    with pytest.raises(RemoteError) as error:
        remote.call(method, b"", cap_s=30)
    remote.close()

    assert error.value.kind is Kind.UNAVAILABLE
    assert error.value.reason == "TEMPORARILY_UNAVAILABLE"


def test_serves_no_contract_that_says_nothing_about_its_callers() -> None:
    with pytest.raises(ValueError, match="says nothing about who may call it"):
        access_of(["grpc.health.v1.Health"])
