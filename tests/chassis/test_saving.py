"""Saving an aggregate: its version moves and its events are no longer pending exactly when it was saved."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.errors import VersionConflict
from services.chassis.events import Event
from services.chassis.saving import save_aggregate, save_announcing
from tests.chassis.things import NOW, make_event

_SERVICES = Path(__file__).resolve().parents[2] / "services"


@dataclass
class Thing:
    """The least that an aggregate is."""

    version: int = 0
    pending_events: list[Event] = field(default_factory=list)


def test_a_saved_aggregate_is_of_the_next_version(database: Database[dict[str, Any]]) -> None:
    thing = Thing()

    for colour in ("red", "green"):
        save_aggregate(database["things"], thing, document_id="a", document={"colour": colour})

    assert thing.version == 2
    assert database["things"].find_one() == {"_id": "a", "version": 2, "colour": "green"}


def test_its_events_go_into_the_outbox_in_their_order_and_are_pending_no_more(
    database: Database[dict[str, Any]],
) -> None:
    thing = Thing(pending_events=[make_event("x.happened.v1", number) for number in range(3)])

    save_announcing(database["things"], thing, document_id="a", document={"colour": "red"}, now=NOW)

    assert (thing.version, thing.pending_events) == (1, [])
    saved = database["things"].find_one()
    assert saved is not None
    assert [entry["data"]["number"] for entry in saved["outbox"]] == [0, 1, 2]
    assert {(entry["aggregate_id"], entry["occurred_at"]) for entry in saved["outbox"]} == {("a", NOW)}


def test_after_a_lost_race_version_and_events_are_as_before(database: Database[dict[str, Any]]) -> None:
    save_aggregate(database["things"], Thing(), document_id="a", document={"colour": "red"})
    late = Thing(pending_events=[make_event("x.happened.v1", 1)])

    with pytest.raises(VersionConflict):
        save_announcing(database["things"], late, document_id="a", document={"colour": "blue"}, now=NOW)

    assert (late.version, len(late.pending_events)) == (0, 1)


def test_no_repository_of_a_service_moves_versions_by_itself() -> None:
    repositories = [file for file in _SERVICES.glob("*/adapters/mongo_*.py") if "def save(" in file.read_text()]

    by_themselves = [file.name for file in repositories if ".version += 1" in file.read_text()]

    assert len(repositories) > 20
    assert by_themselves == []
