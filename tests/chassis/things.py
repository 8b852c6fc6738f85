"""An aggregate to test with: its events, and a way to have some waiting in an outbox."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from pymongo.collection import Collection

from services.chassis.events import Event, to_outbox_entry
from services.chassis.mongo import save_versioned

Document = dict[str, Any]
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def make_event(name: str, number: int, behaviour: str = "work") -> Event:
    """Return an event of that name; services name theirs once, in a class."""
    event_name = name

    @dataclass(frozen=True, slots=True, kw_only=True)
    class ThingHappened:
        name: ClassVar[str] = event_name
        number: int
        behaviour: str

    return ThingHappened(number=number, behaviour=behaviour)


def save_with_events(things: Collection[Document], thing_id: str, name: str, numbers: range) -> list[str]:
    """Save a new aggregate that announces as many events; returns their message ids."""
    entries = [to_outbox_entry(make_event(name, number), now=NOW, aggregate_id=thing_id) for number in numbers]
    save_versioned(things, document_id=thing_id, version=0, document={"colour": "red"}, outbox=entries)
    return [entry["_id"] for entry in entries]
