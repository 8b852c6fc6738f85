"""Calling over TLS and mutual TLS; and how far gRPC repeats calls by itself."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from kabinet.identity.v1 import identity_pb2, identity_pb2_grpc

from services.chassis.clock import SystemClock
from services.chassis.errors import Kind
from services.chassis.grpc_client import Remote, RetryRules
from services.chassis.grpc_errors import RemoteError
from services.chassis.grpc_server import Tls
from services.chassis.tls import ClientTls, client_tls
from tests.chassis.grpc_scene import Scripted, served
from tests.support.certificates import Authority, Pair

_READ = "kabinet.identity.v1.IdentityService/GetJsonWebKeySet"
_CALLS = 60
_CONNECT_WITHIN_S = 10  # whoever is slow in a test is the machine


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def _read(address: str, tls: ClientTls | None, *, connect_within_s: float = _CONNECT_WITHIN_S) -> None:
    remote = Remote(name="identity", address=address, tokens=None, tls=tls, connect_within_s=connect_within_s)
    stub = identity_pb2_grpc.IdentityServiceStub(remote.channel)
    try:
        remote.call(stub.GetJsonWebKeySet, identity_pb2.GetJsonWebKeySetRequest(), cap_s=30)
    finally:
        remote.close()


def _refused(address: str, tls: ClientTls | None) -> Kind:
    with pytest.raises(RemoteError) as error:
        _read(address, tls)
    return error.value.kind


@contextmanager
def _serving(tls: Tls) -> Iterator[str]:
    with served(lambda: None, clock=SystemClock(), tls=tls) as address:
        yield address


def _server_tls(pair: Pair, *, ca_file: Path | None = None) -> Tls:
    return Tls(certificate_file=pair.certificate_file, key_file=pair.key_file, ca_file=ca_file)


def test_speaks_tls_with_a_server_that_its_authority_vouches_for_and_with_no_other(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger", name="Somebody else")

    with _serving(_server_tls(authority.vouch_for("localhost"))) as address:
        _read(address, ClientTls(ca_file=authority.ca_file))

        assert _refused(address, ClientTls(ca_file=stranger.ca_file)) is Kind.UNAVAILABLE
        assert _refused(address, None) is Kind.UNAVAILABLE


def test_a_certificate_for_another_name_counts_only_when_that_name_is_expected(authority: Authority) -> None:
    with _serving(_server_tls(authority.vouch_for("billing.example"))) as address:
        assert _refused(address, ClientTls(ca_file=authority.ca_file)) is Kind.UNAVAILABLE

        _read(address, ClientTls(ca_file=authority.ca_file, server_name="billing.example"))


def test_a_server_with_an_authority_lets_in_who_shows_its_certificate(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger", name="Somebody else").vouch_for("accounts")
    own = authority.vouch_for("accounts")
    ca_file = authority.ca_file

    with _serving(_server_tls(authority.vouch_for("localhost"), ca_file=ca_file)) as address:
        _read(address, ClientTls(ca_file=ca_file, certificate_file=own.certificate_file, key_file=own.key_file))

        assert _refused(address, ClientTls(ca_file=ca_file)) is Kind.UNAVAILABLE
        forged = ClientTls(ca_file=ca_file, certificate_file=stranger.certificate_file, key_file=stranger.key_file)
        assert _refused(address, forged) is Kind.UNAVAILABLE


@contextmanager
def _far_away(address: str, *, late_s: float) -> Iterator[str]:
    """Stand in the way to a server: the first bytes that come back are under way for that long."""
    host, _, port = address.rpartition(":")
    door = socket.create_server(("127.0.0.1", 0))
    both: list[socket.socket] = [door]

    def pass_on(source: socket.socket, target: socket.socket, late: float) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                closing.wait(late)
                late = 0.0
                target.sendall(data)

    def let_in() -> None:
        with suppress(OSError):
            while True:
                near, _ = door.accept()
                far = socket.create_connection((host, int(port)))
                both.extend([near, far])
                for pair in ((near, far, 0.0), (far, near, late_s)):
                    threading.Thread(target=pass_on, args=pair, daemon=True).start()

    closing = threading.Event()
    threading.Thread(target=let_in, daemon=True).start()
    yield f"127.0.0.1:{door.getsockname()[1]}"
    closing.set()
    for each in both:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


def test_a_callee_is_given_the_time_that_its_distance_needs_to_connect() -> None:
    with served(lambda: None, clock=SystemClock()) as address, _far_away(address, late_s=2) as distant:
        with pytest.raises(RemoteError):
            _read(distant, None, connect_within_s=0.2)

        _read(distant, None, connect_within_s=10)


class _Settings:
    tls_ca_file: Path | None = None
    tls_certificate_file: Path | None = Path("own.pem")
    tls_key_file: Path | None = Path("own.key.pem")


def test_parts_of_the_suite_speak_in_the_clear_unless_an_authority_is_set() -> None:
    assert client_tls(_Settings()) is None

    with_authority = _Settings()
    with_authority.tls_ca_file = Path("ca.pem")

    assert client_tls(with_authority) == ClientTls(
        ca_file=Path("ca.pem"), certificate_file=Path("own.pem"), key_file=Path("own.key.pem")
    )


class _Moody(Scripted):
    """Is not there for so many calls, then is."""

    def __init__(self, refusals: int) -> None:
        super().__init__(lambda: None)
        self.calls = 0
        self._left = refusals
        self._lock = threading.Lock()

    def GetJsonWebKeySet(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self._lock:
            self.calls += 1
            self._left -= 1
            refuses = self._left >= 0
        if refuses:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        return identity_pb2.GetJsonWebKeySetResponse(jwks_json="{}")


@contextmanager
def _moody(refusals: int, *, retry: RetryRules, reads: tuple[str, ...] = (_READ,)) -> Iterator[tuple[_Moody, Remote]]:
    servicer = _Moody(refusals)  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED
    server = grpc.server(ThreadPoolExecutor(4))
    identity_pb2_grpc.add_IdentityServiceServicer_to_server(servicer, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    remote = Remote(
        name="identity",
        address=address,
        tokens=None,
        idempotent_methods=reads,
        retry=retry,
        connect_within_s=_CONNECT_WITHIN_S,
    )
    yield servicer, remote
    remote.close()
    server.stop(0).wait()


def _succeeds(remote: Remote) -> bool:
    stub = identity_pb2_grpc.IdentityServiceStub(remote.channel)
    try:
        remote.call(stub.GetJsonWebKeySet, identity_pb2.GetJsonWebKeySetRequest(), cap_s=30)
    except RemoteError as error:
        assert error.kind is Kind.UNAVAILABLE
        return False
    return True


def test_repeats_a_read_once_and_nothing_else() -> None:
    rules = RetryRules(attempts=2, budget=0.1)
    with _moody(1, retry=rules) as (servicer, remote):
        assert _succeeds(remote)
        assert servicer.calls == 2
    with _moody(2, retry=rules) as (servicer, remote):
        assert not _succeeds(remote)
        assert servicer.calls == 2
    with _moody(1, retry=rules, reads=()) as (servicer, remote):
        assert not _succeeds(remote)
        assert servicer.calls == 1


def test_a_callee_that_refuses_everything_gets_a_tenth_more_calls_at_most() -> None:
    with _moody(10 * _CALLS, retry=RetryRules(attempts=2, budget=0.1)) as (servicer, remote):
        assert not any(_succeeds(remote) for _ in range(_CALLS))

        assert _CALLS < servicer.calls <= 1.1 * _CALLS


def test_without_a_budget_it_would_get_twice_as_many() -> None:
    with _moody(10 * _CALLS, retry=RetryRules(attempts=2)) as (servicer, remote):
        assert not any(_succeeds(remote) for _ in range(_CALLS))

        assert servicer.calls == 2 * _CALLS


def test_the_budget_comes_back_with_good_answers() -> None:
    with _moody(10, retry=RetryRules(attempts=2, budget=0.5)) as (servicer, remote):
        while not _succeeds(remote):
            pass
        for _ in range(20):
            assert _succeeds(remote)
        servicer._left = 1

        assert _succeeds(remote)
