"""Pages of a list: how many rows, and where the next page begins; a token is opaque to whoever gets it."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from services.chassis.errors import DomainError, Kind

DEFAULT_PAGE_SIZE = 20
LARGEST_PAGE_SIZE = 100


class PageTokenInvalid(DomainError):
    """A page token was not made by this list."""

    reason = "PAGE_TOKEN_INVALID"
    kind = Kind.INVALID


def page_size(wanted: int, /) -> int:
    """Return the number of rows to give: the wanted one within 1 to 100, 20 when nothing is wanted."""
    return min(wanted, LARGEST_PAGE_SIZE) if wanted > 0 else DEFAULT_PAGE_SIZE


def to_page_token(*position: str | int) -> str:
    """Return the token of the page that begins after a position."""
    return urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def from_page_token(token: str, /, *, length: int) -> list[str | int] | None:
    """Return the position in a token, None for the first page. Raises `PageTokenInvalid`."""
    if not token:
        return None
    try:
        position = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, RecursionError) as error:
        raise PageTokenInvalid("The page token is not valid.") from error
    if not isinstance(position, list) or len(position) != length:
        raise PageTokenInvalid("The page token is not valid.")
    if not all(type(part) is int or _is_text(part) for part in position):
        raise PageTokenInvalid("The page token is not valid.")
    return position


def _is_text(part: object) -> bool:
    """JSON can hold half a surrogate pair, which is no character and which no database takes."""
    return isinstance(part, str) and not any("\ud800" <= character <= "\udfff" for character in part)
