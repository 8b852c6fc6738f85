"""HTTP to providers outside: to known origins only, no redirects, within limits of time and size."""

import io
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from services.chassis.deadline import timeout_s

_CAP_S = 5.0
_CONNECT_S = 3.0
_CAP_BYTES = 256 * 1024
_CHUNK = 16 * 1024
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class OutboundRefused(requests.RequestException):
    """We do not go there, or do not take that much from there."""


def origin_of(url: str, /) -> str:
    """Return scheme, host and port of a URL. Raises `OutboundRefused` for one that is neither TLS nor this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL):
        return f"{parts.scheme}://{parts.netloc}"
    raise OutboundRefused("only https leaves this machine")


class LimitedAdapter(HTTPAdapter):
    """Carries requests to a few origins, and of an answer no more than a cap, within what the call has left."""

    def __init__(self, origins: Iterable[str], /) -> None:
        self._origins = frozenset(origins)
        super().__init__()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request and read its answer. Raises `requests.RequestException`."""
        if origin_of(request.url or "") not in self._origins:
            raise OutboundRefused("not an origin of this provider")
        cap_s = timeout_s(_CAP_S)
        until = time.monotonic() + cap_s
        response = super().send(request, stream=True, timeout=(min(_CONNECT_S, cap_s), cap_s), verify=verify, cert=cert)
        response.raw = io.BytesIO(_read(response, until))
        return response


def limit(session: requests.Session, /, *, origins: Iterable[str]) -> None:
    """Put the limits on a session: nothing else of it reaches the network."""
    session.trust_env = False  # neither a proxy nor a password for the provider comes from the environment
    session.max_redirects = 0
    session.adapters.clear()
    adapter = LimitedAdapter(origins)
    session.mount("https://", adapter)
    session.mount("http://", adapter)


def _read(response: requests.Response, until: float) -> bytes:
    """Read piece by piece: a server that sends a byte a second does not get to hold a thread for hours."""
    body = bytearray()
    while piece := _piece(response):
        body += piece
        if len(body) > _CAP_BYTES:
            response.close()
            raise OutboundRefused("the answer is too long")
        if time.monotonic() > until:
            response.close()
            raise requests.ReadTimeout("the answer takes too long")
    return bytes(body)


def _piece(response: requests.Response) -> bytes:
    try:
        piece: bytes = response.raw.read1(_CHUNK, decode_content=True)
    except HTTPError as error:  # silence in the middle, a connection that broke, a body that is not what it says
        response.close()
        raise requests.ConnectionError("the answer does not end") from error
    return piece
