"""How a sandbox program serves HTTP: one process, threads, a clean stop; routes and faults stay with the programs.

cheroot rather than gunicorn: a SIGKILL has to end the whole program at once (a gunicorn worker outlives its master by
a second and keeps the port), and a fault script needs the connection itself in order to break it.
"""

import signal
import socket
import struct
import time
from collections.abc import Callable, Iterable
from errno import ECONNRESET
from typing import TYPE_CHECKING, Any, cast

from cheroot.server import Gateway
from cheroot.wsgi import Gateway_10, Server

from sandbox.chassis import json_log

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CONNECTION = "sandbox.connection"
_INSTEAD_OF_ANSWER = "sandbox.instead_of_answer"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _GatewayWithConnection(Gateway_10):
    """Hands the application its connection, which a fault script may break."""

    def __init__(self, req: Any) -> None:
        super().__init__(req)  # builds the environ
        self.env[_CONNECTION] = req.conn


class _Server(Server):
    """Speaks JSON where cheroot would print to stderr."""

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        say = json_log.failure if traceback else json_log.warning
        say("http server", complaint=msg.strip())


def parse_listen(listen: str, /) -> tuple[str, int]:
    """Split `host:port`."""
    host, _, port = listen.rpartition(":")
    return host or "127.0.0.1", int(port)


def build_server(app: "WSGIApplication", /, *, listen: str, threads: int) -> Server:
    """Return a server that is not started yet; `serve()` on it blocks until `stop()`."""
    server = _Server(parse_listen(listen), _breakable(app), numthreads=threads, request_queue_size=256, timeout=15)
    server.gateway = cast("type[Gateway]", _GatewayWithConnection)
    server.shutdown_timeout = 2
    server.max_request_body_size = 1024 * 1024
    return server


def serve_until_signal(server: Server, /, *, on_stop: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then finish what runs and call `on_stop`."""
    signal.signal(signal.SIGTERM, _interrupt)
    json_log.info("serving", listen="{}:{}".format(*server.bind_addr))
    try:
        server.start()
    except KeyboardInterrupt:
        server.stop()
    finally:
        on_stop()
        json_log.info("stopped")


def drop_instead_of_answering(environ: "WSGIEnvironment", /, *, hold_s: float) -> None:
    """Make the server hold the connection open that long (or until the caller leaves), then reset it without a byte."""
    environ[_INSTEAD_OF_ANSWER] = hold_s


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _breakable(app: "WSGIApplication") -> "WSGIApplication":
    """Wrap an application so that it can ask for its answer to be thrown away together with the connection.

    Relies on what Flask does: `start_response` is called before the application returns.
    """

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        withheld: list[tuple[Any, ...]] = []

        def remember(*status_and_headers: Any) -> Callable[[bytes], object]:
            withheld[:] = [status_and_headers]
            return lambda data: None

        body = app(environ, cast("StartResponse", remember))
        if _INSTEAD_OF_ANSWER in environ:
            _hold_and_reset(environ[_CONNECTION], environ[_INSTEAD_OF_ANSWER])
        start_response(*withheld[0])
        return body

    return application


def _hold_and_reset(connection: Any, hold_s: float) -> None:
    """Raise what cheroot takes for a connection lost by the peer, after really losing it."""
    sock: socket.socket = connection.socket
    _wait_for_caller_to_leave(sock, hold_s)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connection.linger = True  # cheroot must not shut it down politely: that would send FIN before RST
    sock.close()
    raise OSError(ECONNRESET, "connection reset by a fault script")


def _wait_for_caller_to_leave(sock: socket.socket, hold_s: float) -> None:
    """Return when the caller has hung up, so that a held connection costs no thread longer than it is of use."""
    until = time.monotonic() + hold_s
    while (left := until - time.monotonic()) > 0:
        sock.settimeout(min(left, 0.5))
        try:
            if not sock.recv(1, socket.MSG_PEEK):
                return
            time.sleep(min(left, 0.5))  # bytes of a pipelined request: the caller is still there
        except TimeoutError:
            continue
        except OSError:
            return
