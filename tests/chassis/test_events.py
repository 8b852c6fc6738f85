"""The form of an event: what goes in comes out, and what must not go in is refused while saving."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.events import (
    Envelope,
    EventSchemas,
    SchemaViolation,
    Undecodable,
    UnknownEvent,
    decode,
    encode,
    publisher_of,
    to_outbox_entry,
)
from services.chassis.money import Money

NOW = datetime(2026, 11, 22, 9, 30, 1, 123000, tzinfo=UTC)


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Part:
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingHappened:
    name: ClassVar[str] = "things.thing_happened.v1"
    value: Any


def entry_of(value: Any) -> dict[str, Any]:
    return to_outbox_entry(ThingHappened(value=value), now=NOW, aggregate_id="thing_1")


def envelope_of(data: dict[str, Any], name: str = ThingHappened.name) -> Envelope:
    return Envelope(message_id="evt_1", name=name, occurred_at=NOW, aggregate_id="thing_1", data=data)


def test_an_entry_is_what_the_wire_format_says() -> None:
    entry = entry_of("x")

    assert entry["_id"].startswith("evt_")
    assert entry == {
        "_id": entry["_id"],
        "name": "things.thing_happened.v1",
        "aggregate_id": "thing_1",
        "occurred_at": NOW,
        "data": {"value": "x"},
    }
    assert json.loads(encode(entry)) == {
        "message_id": entry["_id"],
        "name": "things.thing_happened.v1",
        "aggregate_id": "thing_1",
        "occurred_at": "2026-11-22T09:30:01.123Z",
        "data": {"value": "x"},
    }


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Money(45000), {"amount_minor": 45000, "currency": "RUB"}),
        (datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=3))), "2026-01-01T00:00:00.000Z"),
        (Colour.RED, "red"),
        (Part(7), {"size": 7}),
        ((1, "a", None, True), [1, "a", None, True]),
        ({"parts": [Part(1)]}, {"parts": [{"size": 1}]}),
    ],
)
def test_values_are_written_as_json_knows_them(value: object, written: object) -> None:
    assert entry_of(value)["data"] == {"value": written}


@pytest.mark.parametrize("value", [1.0, [1.0], {"a": 1.0}, {1: "a"}, b"x", datetime(2026, 1, 1), object(), Part])  # noqa: DTZ001
def test_refuses_to_save_what_an_event_must_not_hold(value: object) -> None:
    with pytest.raises(TypeError):
        entry_of(value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_refuses_to_save_an_int_beyond_64_bits(value: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        entry_of(value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)


def test_an_optional_fact_that_there_is_not_is_left_out() -> None:
    @dataclass(frozen=True, slots=True)
    class Whole:
        part: int | None

    assert entry_of(None)["data"] == {}
    assert entry_of(Whole(part=None))["data"] == {"value": {}}


@given(value=_JSON.filter(lambda value: value is not None))
def test_what_is_encoded_is_decoded_unchanged(value: object) -> None:
    entry = entry_of(value)

    envelope = decode(encode(entry))

    assert envelope == Envelope(
        message_id=entry["_id"], name=entry["name"], occurred_at=NOW, aggregate_id="thing_1", data={"value": value}
    )


@given(body=st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused_but_never_crash(body: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(body)


@pytest.mark.parametrize(
    "change",
    [
        {"message_id": ""},
        {"message_id": 7},
        {"name": "things.thing_happened"},
        {"name": "../../etc.passwd.v1"},
        {"aggregate_id": None},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-11-22T09:30:01"},
        {"data": []},
    ],
)
def test_refuses_an_envelope_with_a_wrong_field_and_does_not_repeat_its_value(change: dict[str, object]) -> None:
    body = json.dumps(json.loads(encode(entry_of("x"))) | change).encode()

    with pytest.raises(Undecodable) as refusal:
        decode(body)

    assert str(*change.values()) not in str(refusal.value) or not str(*change.values())


def test_every_published_contract_accepts_its_own_examples() -> None:
    folder = Path(__file__).parents[2] / "protos" / "events"
    schemas = EventSchemas()
    examples = [
        (f"{path.parent.name}.{path.stem}", example)
        for path in folder.glob("*/*.json")
        for example in json.loads(path.read_text())["examples"]
    ]

    for name, example in examples:
        schemas.check(envelope_of(example, name))

    assert len(examples) >= 10


@pytest.fixture
def schemas(tmp_path: Path) -> EventSchemas:
    schema = {
        "type": "object",
        "properties": {"value": {"type": "integer"}},
        "required": ["value"],
        "additionalProperties": False,
    }
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "thing_happened.v1.json").write_text(json.dumps(schema))
    return EventSchemas(tmp_path)


@pytest.mark.parametrize("data", [{"value": "secret"}, {"other": "secret"}, {}])
def test_refuses_data_that_breaks_the_contract_without_repeating_it(
    schemas: EventSchemas, data: dict[str, Any]
) -> None:
    with pytest.raises(SchemaViolation) as refusal:
        schemas.check(envelope_of(data))

    assert "secret" not in str(refusal.value)


def test_a_field_that_a_later_release_added_is_let_through(schemas: EventSchemas) -> None:
    schemas.check(envelope_of({"value": 1, "added_later": "x"}))


@pytest.mark.parametrize("name", ["things.thing_happened.v2", "nobody.thing_happened.v1", "../x.y.v1"])
def test_knows_no_other_name_or_version(schemas: EventSchemas, name: str) -> None:
    assert not _knows(schemas, name)
    with pytest.raises(UnknownEvent):
        schemas.check(envelope_of({"value": 1}, name))


def test_the_publisher_is_the_first_part_of_the_name() -> None:
    assert publisher_of("things.thing_happened.v1") == "things"


def _knows(schemas: EventSchemas, name: str) -> bool:
    try:
        return schemas.knows(name)
    except UnknownEvent:
        return False
