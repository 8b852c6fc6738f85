"""Positions in lists that run by time, as page tokens."""

from datetime import UTC, datetime, timedelta

from services.chassis.paging import PageTokenInvalid, from_page_token, to_page_token
from services.payments.domain.ports import PagePosition

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 253_402_300_799_999  # the last millisecond of the year 9999


def token_of(position: PagePosition | None, /) -> str:
    """Return the token of the page after a position, empty for none."""
    if position is None:
        return ""
    return to_page_token((position.at - _EPOCH) // timedelta(milliseconds=1), position.row_id)


def position_of(token: str, /) -> PagePosition | None:
    """Return the position in a token, None for the first page. Raises PageTokenInvalid."""
    parts = from_page_token(token, length=2)
    if parts is None:
        return None
    match parts:
        case [int(at_ms), str(row_id)] if 0 <= at_ms <= _LATEST_MS:
            return PagePosition(at=_EPOCH + timedelta(milliseconds=at_ms), row_id=row_id)
    raise PageTokenInvalid("The page token is not valid.")
