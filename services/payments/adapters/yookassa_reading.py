"""Reading an answer of the API: what cannot be understood is no answer."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from services.chassis.clock import to_milliseconds
from services.payments.domain.acquirer import Silence

Told = TypeVar("Told")

_log = structlog.get_logger(__name__)


def read(document: Mapping[str, Any], reader: Callable[[Mapping[str, Any]], Told], /) -> Told | Silence:
    """Return what a document says, Silence for one that does not have the form that the API documents."""
    try:
        return reader(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        _log.error("acquirer_not_understood", error=type(error).__name__)
        return Silence()


def text_of(value: Any, /) -> str:
    """Return a text that is one. Raises ValueError for anything else, and for an empty one."""
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value


def our_id(document: Mapping[str, Any], key: str, /) -> str:
    """Return an id of ours from the metadata that the acquirer keeps for us, empty when it has none."""
    return str((document.get("metadata") or {}).get(key, ""))


def moment_of(text: str, /) -> datetime:
    """Return a moment to the millisecond, in UTC. Raises ValueError for what is none."""
    return to_milliseconds(datetime.fromisoformat(text).astimezone(UTC))
