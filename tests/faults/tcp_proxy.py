"""A TCP link that can be spoiled: slow, silent, cut in the midst of an answer, or deaf to answers; byte streams only.

One thread serves all connections of one link. A fault holds for every connection, old and new, while its block lasts; a
connection that has lost bytes by it is cut at its end, as the real thing would be sooner or later.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.support import eventually

_HOST = "127.0.0.1"
_CHUNK = 65_536
_CUT_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to bytes on the way there and on the way back. `cut_after` counts bytes of answers."""

    delay_s: float = 0.0
    swallows_requests: bool = False
    swallows_answers: bool = False
    cut_after: int | None = None


NONE = Fault()


@dataclass(slots=True, eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    has_lost_bytes: bool = False
    answered: int = 0

    def cut(self) -> None:
        """Reset both ends: what is buffered is lost, and both notice."""
        for end in (self.client, self.server):
            if not end.transport.is_closing():  # of one that is, the socket may be gone already
                raw: socket.socket = end.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CUT_AT_ONCE)
            end.transport.abort()


@dataclass
class TcpProxy:
    """A link to `target`, which may be set later than the link's own address is needed."""

    target: tuple[str, int] = (_HOST, 0)
    hits: int = 0
    _fault: Fault = NONE
    _open: set[_Connection] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._listener = socket.create_server((_HOST, 0))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"proxy-{self.port}", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def address(self) -> str:
        """Return `host:port`."""
        return f"{_HOST}:{self.port}"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Cut everything and end."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @contextmanager
    def spoiled(self, fault: Fault) -> Iterator[None]:
        """Have a fault on the link while this lasts; `hits` counts the chunks that it met."""
        self._in_loop(lambda: self._set(fault))
        try:
            yield
        finally:
            self._in_loop(lambda: self._set(NONE))

    def wait_until_hit(self, *, timeout_s: float = 20) -> None:
        """Wait until the fault of the moment has met something."""
        eventually(lambda: self.hits > 0, timeout_s=timeout_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener))
        try:
            self._loop.run_forever()
        finally:
            server.close()
            for connection in self._open:
                connection.cut()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.close()

    def _in_loop(self, act: Callable[[], None]) -> None:
        done = threading.Event()

        def act_and_tell() -> None:
            act()
            done.set()

        self._loop.call_soon_threadsafe(act_and_tell)
        assert done.wait(10), "the proxy's thread is gone"

    def _set(self, fault: Fault) -> None:
        self._fault = fault
        if fault is not NONE:
            self.hits = 0
        for connection in self._open:
            connection.answered = 0
            if connection.has_lost_bytes:
                connection.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(*self.target)
        except OSError:  # nobody listens there: refused here, too
            writer.transport.abort()
            return
        connection = _Connection(client=writer, server=back)
        self._open.add(connection)
        try:
            await asyncio.gather(self._requests(connection, reader), self._answers(connection, there))
        finally:
            self._open.discard(connection)
            connection.client.close()
            connection.server.close()

    async def _requests(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        async for chunk in _chunks(reader):
            if self._fault.delay_s:
                self.hits += 1
                await asyncio.sleep(self._fault.delay_s)  # the fault itself, not a wait for anything
            if self._fault.swallows_requests:
                self._lose(connection)
            else:
                connection.server.write(chunk)
        _half_close(connection.server)

    async def _answers(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        async for chunk in _chunks(reader):
            if self._fault.swallows_answers:
                self._lose(connection)
                continue
            left = self._left(connection)
            connection.client.write(chunk if left is None else chunk[:left])
            connection.answered += len(chunk)
            if left is not None and len(chunk) >= left:
                self.hits += 1
                with suppress(OSError):
                    await connection.client.drain()
                connection.cut()
        _half_close(connection.client)

    def _left(self, connection: _Connection) -> int | None:
        after = self._fault.cut_after
        return None if after is None else max(0, after - connection.answered)

    def _lose(self, connection: _Connection) -> None:
        self.hits += 1
        connection.has_lost_bytes = True


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        try:
            chunk = await reader.read(_CHUNK)
        except OSError:  # reset by the other side
            return
        if not chunk:
            return
        yield chunk


def _half_close(writer: asyncio.StreamWriter) -> None:
    """Pass the end of one direction on; the other may go on."""
    with suppress(OSError):
        if not writer.is_closing():
            writer.write_eof()
