"""Where a provider may send a browser back to: what begins with an allowed prefix and holds no trick."""

import re
from collections.abc import Sequence

from services.chassis.errors import DomainError, Kind

_PLAIN = re.compile(r"[A-Za-z0-9:/._~?=&%\[\]-]{1,500}")  # no backslash, @, fragment, space or control character
_CLIMBS = re.compile(r"/(?:\.|%2e){1,2}(?:[/?]|$)", re.IGNORECASE)


class ReturnUrlNotAllowed(DomainError):
    """The URL to return to is not one of ours."""

    reason = "RETURN_URL_NOT_ALLOWED"
    kind = Kind.INVALID


def check_return_url(url: str, /, *, allowed: Sequence[str]) -> None:
    """Return if the URL is below one of the allowed prefixes. Raises `ReturnUrlNotAllowed`.

    A prefix is taken to end at a path segment: `https://kabinet.example` lets `https://kabinet.example/social` through
    and not `https://kabinet.example.evil.org`.
    """
    is_below = any(url.startswith(prefix.rstrip("/") + "/") for prefix in allowed)
    if not is_below or not _PLAIN.fullmatch(url) or _CLIMBS.search(url):
        raise ReturnUrlNotAllowed("This address to return to is not allowed.")
