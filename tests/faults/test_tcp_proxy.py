"""The spoiled link itself, between a plain client and an echoing server; needs no suite."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.tcp_proxy import Fault, TcpProxy
from tests.support import eventually


class Echo:
    """Answers whatever comes with the same bytes, and remembers it."""

    def __init__(self) -> None:
        self.heard = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                while chunk := connection.recv(65_536):
                    self.heard += chunk
                    connection.sendall(chunk)
            except OSError:
                return


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def link(echo: Echo) -> Iterator[TcpProxy]:
    proxy = TcpProxy(target=echo.address)
    proxy.start()
    yield proxy
    proxy.stop()


def connected(link: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", link.port), timeout=5)


def said(client: socket.socket, words: bytes) -> bytes:
    """Say something and return the answer, up to where it ends or is cut."""
    answer = b""
    try:
        client.sendall(words)
        while len(answer) < len(words) and (chunk := client.recv(65_536)):
            answer += chunk
    except (ConnectionResetError, BrokenPipeError):
        return answer
    return answer


def test_a_good_link_passes_everything_both_ways(link: TcpProxy) -> None:
    words = bytes(range(256)) * 4_000

    with connected(link) as client:
        assert said(client, words) == words


def test_a_half_closed_client_still_gets_its_answer(link: TcpProxy) -> None:
    with connected(link) as client:
        client.sendall(b"and goodbye")
        client.shutdown(socket.SHUT_WR)

        assert client.recv(100) == b"and goodbye"
        assert client.recv(100) == b""


def test_a_slow_link_is_late_and_loses_nothing(link: TcpProxy) -> None:
    with connected(link) as client, link.spoiled(Fault(delay_s=0.3)):
        began = time.monotonic()

        assert said(client, b"slowly") == b"slowly"
        assert time.monotonic() - began >= 0.3


def test_a_black_hole_takes_everything_and_says_nothing_until_it_is_gone(echo: Echo, link: TcpProxy) -> None:
    with connected(link) as client:
        client.settimeout(0.3)
        with link.spoiled(Fault(swallows_requests=True, swallows_answers=True)):
            with pytest.raises(TimeoutError):
                said(client, b"hello?")
            link.wait_until_hit()

        assert echo.heard == b""
        client.settimeout(5)
        assert said(client, b"again") == b"", "a connection that lost bytes must not go on"
    with connected(link) as another:
        assert said(another, b"hello!") == b"hello!"


def test_a_dropped_answer_leaves_the_effect_without_a_word(echo: Echo, link: TcpProxy) -> None:
    with connected(link) as client, link.spoiled(Fault(swallows_answers=True)):
        client.sendall(b"do it")

        eventually(lambda: link.hits)
        assert echo.heard == b"do it"
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(10)


def test_an_answer_is_cut_after_so_many_bytes_counted_from_the_fault_on(link: TcpProxy) -> None:
    with connected(link) as client:
        assert said(client, b"before") == b"before"

        with link.spoiled(Fault(cut_after=4)):
            assert len(said(client, b"afterwards")) <= 4
    assert link.hits == 1


def test_nobody_behind_the_link_is_a_refusal_at_once(link: TcpProxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        link.target = nobody.getsockname()

    with connected(link) as client:
        assert said(client, b"hello?") == b""
