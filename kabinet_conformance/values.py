"""What any value of the contract must look like, wherever it stands: sums, moments, texts."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

from kabinet.common.v1.money_pb2 import Money

from kabinet_conformance.verdicts import expect

CLOCKS_MAY_DIFFER = timedelta(seconds=5)
_LATIN_WITH_MARKS = re.compile("[À-ÿ]{3,}")


def expect_sum(owner: Any, field: str, /, *, at_least: int | None = None) -> None:
    """Check that a message has a sum with a currency, and that it is not too small."""
    expect(owner.HasField(field), f"{field} is missing")
    value: Money = getattr(owner, field)
    expect(value.currency == "RUB", f"{field} has the currency {value.currency!r}, and RUB is the contract's")
    expect(
        at_least is None or value.amount_minor >= at_least,
        f"{field} is {value.amount_minor}, at least {at_least} is right",
    )


def expect_moment(owner: Any, field: str, /, *, oldest: timedelta | None = None) -> datetime:
    """Check that a message has a moment that is not in the future, nor older than allowed; return it."""
    expect(owner.HasField(field), f"{field} is missing")
    moment: datetime = getattr(owner, field).ToDatetime(tzinfo=UTC)
    ahead = moment - datetime.now(UTC)
    expect(ahead <= CLOCKS_MAY_DIFFER, f"{field} is {ahead.total_seconds():.0f} s in the future")
    expect(oldest is None or -ahead <= (oldest or -ahead), f"{field} is {-ahead} old")
    return moment


def expect_text(text: str, what: str, /) -> None:
    """Check that a text for people is there and was not read in a wrong character set on its way."""
    expect(text.strip(), f"{what} is empty")
    expect(not is_garbled(text), f"{what} is garbled: {text!r}")


def is_garbled(text: str, /) -> bool:
    """Tell whether a text looks like UTF-8 read as CP1251 or Latin-1, like CP1251 read as Latin-1, or has holes."""
    if "\ufffd" in text or any(unicodedata.category(character) == "Cc" for character in text):
        return True
    return bool(_LATIN_WITH_MARKS.search(text)) or any(_was_utf8(text, read_as) for read_as in ("cp1251", "latin-1"))


def _was_utf8(text: str, read_as: str) -> bool:
    try:
        return text.encode(read_as).decode() != text
    except UnicodeError:
        return False
