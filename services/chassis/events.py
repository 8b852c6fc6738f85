"""What an event is, in an outbox and on the wire; pure, so that a domain may import it: no I/O but reading schemas.

The outbox entry and the envelope are wire formats: fields are added, never renamed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from jsonschema import Draft202012Validator

from services.chassis.ids import new_id

MAX_BODY_BYTES = 1_000_000
MAX_DEPTH = 32
_INT64 = range(-(2**63), 2**63)
_NAME = re.compile(r"(?P<publisher>[a-z][a-z0-9_]*)\.(?P<event>[a-z][a-z0-9_]*)\.(?P<version>v[1-9][0-9]*)")
_SCHEMAS_OF_THIS_REPOSITORY = Path(__file__).parents[2] / "protos" / "events"


class PermanentError(Exception):
    """A message that will fail however often it is tried; the consumer puts it among the dead letters at once."""


class Undecodable(PermanentError):
    """The body is not an envelope. The text names the rule, never the content: that may be personal data."""


class UnknownEvent(PermanentError):
    """No schema of that event name and version is known here."""


class SchemaViolation(PermanentError):
    """The data breaks the event's contract. The text names the place, never the value."""


class Event(Protocol):
    """A fact: a frozen dataclass with a name such as `payments.payment_captured.v1` in the class."""

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event as a consumer sees it; `message_id` is the outbox entry's id, the same however often it is sent."""

    message_id: str
    name: str
    occurred_at: datetime
    aggregate_id: str
    data: Mapping[str, Any]


def to_outbox_entry(event: Event, *, now: datetime, aggregate_id: str) -> dict[str, Any]:
    """Return the entry that is saved with the aggregate, to be published by the relay.

    A field that is None is left out: in the contracts an optional fact is absent, never null. Raises TypeError for what
    JSON or an event must not hold (a float, a naive time) and ValueError for an int beyond 64 bits: found while saving,
    where it hurts nobody, rather than while publishing, where it would block the rest.
    """
    if not _NAME.fullmatch(event.name):
        raise ValueError(f"not an event name: {event.name}")
    return {
        "_id": new_id("evt"),
        "name": event.name,
        "aggregate_id": aggregate_id,
        "occurred_at": now,
        "data": _fields_of(event),
    }


def encode(entry: Mapping[str, Any]) -> bytes:
    """Return the body of an outbox entry's message."""
    envelope = {
        "message_id": entry["_id"],
        "name": entry["name"],
        "aggregate_id": entry["aggregate_id"],
        "occurred_at": to_rfc3339(entry["occurred_at"]),
        "data": entry["data"],
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def decode(body: bytes) -> Envelope:
    """Return the envelope in a body; everything that counts is in the body, so that it survives a move by hand.

    Raises Undecodable for bodies over 1 MB, bad JSON, floats, ints beyond 64 bits, deep nesting and missing fields.
    """
    if len(body) > MAX_BODY_BYTES:
        raise Undecodable("the body is over 1 MB")
    document = _parse(body)
    if not isinstance(document, dict):
        raise Undecodable("the body is not an object")
    _check_depth(document)
    data = document.get("data")
    if not isinstance(data, dict):
        raise Undecodable("data is not an object")
    name = _text(document, "name")
    if not _NAME.fullmatch(name):
        raise Undecodable("name is not an event name")
    return Envelope(
        message_id=_text(document, "message_id"),
        name=name,
        occurred_at=_moment(_text(document, "occurred_at")),
        aggregate_id=_text(document, "aggregate_id"),
        data=data,
    )


def publisher_of(name: str, /) -> str:
    """Return the service that publishes events of that name."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"not an event name: {name}")
    return match["publisher"]


class EventSchemas:
    """The contracts in `protos/events/<publisher>/<event>.v1.json`, read when first needed."""

    def __init__(self, folder: Path = _SCHEMAS_OF_THIS_REPOSITORY, /) -> None:
        self._folder = folder
        self._validators: dict[str, Draft202012Validator] = {}

    def knows(self, name: str, /) -> bool:
        """Say whether there is a contract of that event name and version."""
        return name in self._validators or self._path(name).is_file()

    def check(self, envelope: Envelope, /) -> None:
        """Raise UnknownEvent or SchemaViolation unless the data keeps to the event's contract.

        A field that the contract does not name is let through: contracts grow by fields, and the publisher may already
        be of the next release. That a publisher invents none is for its own tests.
        """
        for error in self._validator(envelope.name).iter_errors(envelope.data):
            if error.validator == "additionalProperties":
                continue
            raise SchemaViolation(f"{envelope.name}: {error.validator} at {error.json_path}")

    def _validator(self, name: str) -> Draft202012Validator:
        if name not in self._validators:
            self._validators[name] = self._load(name)
        return self._validators[name]

    def _load(self, name: str) -> Draft202012Validator:
        try:
            schema = json.loads(self._path(name).read_bytes())
        except FileNotFoundError:
            raise UnknownEvent(f"no contract of {name}") from None
        Draft202012Validator.check_schema(schema)
        return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)

    def _path(self, name: str) -> Path:
        match = _NAME.fullmatch(name)
        if match is None:
            raise UnknownEvent("not an event name")
        return self._folder / match["publisher"] / f"{match['event']}.{match['version']}.json"


def to_rfc3339(moment: datetime, /) -> str:
    """Return `2026-11-22T13:17:06.123Z`; raises TypeError for a time without a zone."""
    if moment.tzinfo is None:
        raise TypeError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _jsonable(value: Any) -> Any:
    match value:
        case Enum():
            return _jsonable(value.value)
        case None | bool() | str():
            return value
        case int():
            return _within_64_bits(value)
        case datetime():
            return to_rfc3339(value)
        case Mapping():
            return {_key(key): _jsonable(item) for key, item in value.items()}
        case list() | tuple() | frozenset():
            return [_jsonable(item) for item in (sorted(value) if isinstance(value, frozenset) else value)]
    if is_dataclass(value) and not isinstance(value, type):
        return _fields_of(value)
    raise TypeError(f"an event cannot hold a {type(value).__name__}")


def _fields_of(instance: Any) -> dict[str, Any]:
    values = {field.name: getattr(instance, field.name) for field in fields(instance)}
    return {name: _jsonable(value) for name, value in values.items() if value is not None}


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError("the keys of a mapping in an event are text")
    return key


def _within_64_bits(value: int) -> int:
    if value not in _INT64:
        raise ValueError("an int in an event fits 64 bits")
    return value


def _parse(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode(), parse_int=_parse_int, parse_float=_refuse_number, parse_constant=_refuse_number
        )
    except RecursionError:
        raise Undecodable("nested too deep") from None
    except ValueError:
        raise Undecodable("not JSON in UTF-8") from None


def _parse_int(digits: str) -> int:
    if len(digits) > 20 or int(digits) not in _INT64:
        raise Undecodable("an int beyond 64 bits")
    return int(digits)


def _refuse_number(_digits: str) -> None:
    raise Undecodable("a number that is not an int")


def _check_depth(document: dict[str, Any]) -> None:
    level: Sequence[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise Undecodable("nested too deep")


def _children(node: Any) -> Sequence[Any]:
    match node:
        case dict():
            return list(node.values())
        case list():
            return node
    return ()


def _text(document: Mapping[str, Any], field: str) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not value:
        raise Undecodable(f"{field} is missing or not text")
    return value


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Undecodable("occurred_at is not a time") from None
    if moment.tzinfo is None:
        raise Undecodable("occurred_at has no zone")
    return moment.astimezone(UTC)
