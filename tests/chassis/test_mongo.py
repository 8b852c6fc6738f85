"""Saving an aggregate: one atomic update, refused when somebody else was first."""

from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.chassis.errors import VersionConflict
from services.chassis.mongo import VersionedSave, connect, save_many_versioned, save_versioned

Document = dict[str, Any]


def test_a_new_aggregate_starts_at_version_one_with_its_outbox(database: Database[Document]) -> None:
    things = database["things"]

    save_versioned(things, document_id="a", version=0, document={"colour": "red"}, outbox=[{"_id": "evt_1"}])

    assert things.find_one() == {"_id": "a", "version": 1, "colour": "red", "outbox": [{"_id": "evt_1"}]}


def test_a_save_replaces_fields_and_appends_to_the_outbox(database: Database[Document]) -> None:
    things = database["things"]
    save_versioned(things, document_id="a", version=0, document={"part": {"x": 1, "y": 2}}, outbox=[{"_id": "evt_1"}])

    save_versioned(things, document_id="a", version=1, document={"part": {"x": None}}, outbox=[{"_id": "evt_2"}])

    expected = {"_id": "a", "version": 2, "part": {"x": None}, "outbox": [{"_id": "evt_1"}, {"_id": "evt_2"}]}
    assert things.find_one() == expected


@pytest.mark.parametrize("version", [0, 1, 3])
def test_a_save_from_another_version_is_refused_and_writes_nothing(database: Database[Document], version: int) -> None:
    things = database["things"]
    save_versioned(things, document_id="a", version=0, document={"colour": "red"})
    save_versioned(things, document_id="a", version=1, document={"colour": "green"})

    with pytest.raises(VersionConflict) as refusal:
        save_versioned(things, document_id="a", version=version, document={"colour": "blue"}, outbox=[{"_id": "e"}])

    assert refusal.value.metadata == {"id": "a"}
    assert things.find_one() == {"_id": "a", "version": 2, "colour": "green"}


def test_an_aggregate_that_is_gone_is_a_conflict_rather_than_a_new_one(database: Database[Document]) -> None:
    with pytest.raises(VersionConflict):
        save_versioned(database["things"], document_id="a", version=1, document={})

    assert database["things"].find_one() is None


def test_a_duplicate_on_another_unique_index_stays_distinguishable(database: Database[Document]) -> None:
    things = database["things"]
    things.create_index("request_id", unique=True)
    save_versioned(things, document_id="a", version=0, document={"request_id": "r"})

    with pytest.raises(DuplicateKeyError):
        save_versioned(things, document_id="b", version=0, document={"request_id": "r"})


@pytest.mark.parametrize("field", ["_id", "version", "outbox"])
def test_refuses_a_document_with_a_field_of_its_own(database: Database[Document], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        save_versioned(database["things"], document_id="a", version=0, document={field: 7})


def test_a_connection_writes_journaled_by_majority_and_reads_what_no_failover_takes_back(mongo_url: str) -> None:
    with connect(mongo_url, app_name="test") as client:
        assert client.write_concern.document == {"w": "majority", "j": True}
        assert client.read_concern.document == {"level": "majority"}
        assert client.options.retry_writes
        assert client.options.timeout == 8.0
        assert client.codec_options.tz_aware


def _save(document_id: str, version: int, colour: str, *, outbox: tuple[Document, ...] = ()) -> VersionedSave:
    return VersionedSave(document_id=document_id, version=version, document={"colour": colour}, outbox=outbox)


def _colours(things: Collection[Document]) -> dict[str, tuple[str, int]]:
    return {thing["_id"]: (thing["colour"], thing["version"]) for thing in things.find()}


def test_a_bulk_saves_each_as_one_by_itself(database: Database[Document]) -> None:
    things = database["things"]
    save_versioned(things, document_id="a", version=0, document={"colour": "red"}, outbox=[{"_id": "evt_1"}])

    lost = save_many_versioned(things, [_save("a", 1, "green", outbox=({"_id": "evt_2"},)), _save("b", 0, "blue")])

    assert lost == frozenset()
    assert _colours(things) == {"a": ("green", 2), "b": ("blue", 1)}
    first = things.find_one({"_id": "a"})
    assert first is not None
    assert first["outbox"] == [{"_id": "evt_1"}, {"_id": "evt_2"}]


def test_a_bulk_names_the_new_one_that_somebody_else_made_first(database: Database[Document]) -> None:
    things = database["things"]
    save_many_versioned(things, [_save("a", 0, "red"), _save("b", 0, "red")])

    lost = save_many_versioned(things, [_save("a", 1, "green"), _save("b", 0, "blue"), _save("c", 0, "blue")])

    assert lost == {"b"}
    assert _colours(things) == {"a": ("green", 2), "b": ("red", 1), "c": ("blue", 1)}


def test_a_bulk_names_every_known_one_when_one_of_them_lost_its_race(database: Database[Document]) -> None:
    things = database["things"]
    save_many_versioned(things, [_save("a", 0, "red"), _save("b", 0, "red")])
    save_versioned(things, document_id="b", version=1, document={"colour": "black"})

    lost = save_many_versioned(things, [_save("a", 1, "green"), _save("b", 1, "green"), _save("c", 0, "green")])

    assert lost == {"a", "b"}
    assert _colours(things) == {"a": ("green", 2), "b": ("black", 2), "c": ("green", 1)}


def test_a_bulk_makes_no_known_one_that_is_gone_anew(database: Database[Document]) -> None:
    assert save_many_versioned(database["things"], [_save("a", 3, "green")]) == {"a"}
    assert _colours(database["things"]) == {}


def test_a_bulk_names_whose_key_of_another_unique_index_is_taken(database: Database[Document]) -> None:
    things = database["things"]
    things.create_index("colour", unique=True)
    save_many_versioned(things, [_save("a", 0, "red")])

    assert save_many_versioned(things, [_save("b", 0, "red"), _save("c", 0, "blue")]) == {"b"}


def test_an_empty_bulk_asks_nothing(database: Database[Document]) -> None:
    assert save_many_versioned(database["things"], []) == frozenset()
