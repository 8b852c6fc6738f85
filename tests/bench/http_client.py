"""A lean HTTP/1.1 client for load: kept connections, one request at a time on each, nothing parsed that is not
measured.

A full client would spend more of the machine than what it measures: the suite and its load share two cores.
"""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, as bytes made once."""

    raw: bytes

    @classmethod
    def of(cls, method: str, path: str, *, token: str = "", body: bytes = b"", extra: str = "") -> "Request":
        """Return a request with a bearer token and a JSON body where given; `extra` holds whole header lines."""
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\n{extra}"
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return cls(f"{head}\r\n".encode() + body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the head in small letters."""

    status: int
    body: bytes
    head: bytes = b""


class Connection:
    """One kept connection to `host:port`, opened when it is needed and again when the server has closed it."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: Request, *, timeout_s: float = 10) -> Answer:
        """Send and return the answer; status 0 when none came in time or the connection broke twice."""
        for _ in range(2):
            try:
                return await asyncio.wait_for(self._send(request), timeout_s)
            except (OSError, asyncio.IncompleteReadError):
                self.close()
            except TimeoutError:
                break
        self.close()
        return Answer(0, b"")

    def close(self) -> None:
        """Close it; the next request opens a new one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _send(self, request: Request) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(request.raw)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(_length(head))
        if b"connection: close" in head:
            self.close()
        return Answer(int(head[9:12]), body, head)


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0
