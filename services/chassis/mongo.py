"""The connection to MongoDB and the one way to save an aggregate; what a document means, repositories know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from services.chassis.errors import VersionConflict

Document = dict[str, Any]

_WRITTEN_BY_SAVE = frozenset({"_id", "version", "outbox"})
_DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionedSave:
    """One aggregate of a bulk; its fields are those of `save_versioned`."""

    document_id: str
    version: int
    document: Mapping[str, Any]
    outbox: Sequence[Document] = ()


def connect(mongo_url: str, /, *, app_name: str, timeout_s: float = 8.0) -> MongoClient[Document]:
    """Return a client whose writes survive the loss of a server and whose every operation ends within `timeout_s`.

    Journaled majority writes and majority reads: money is saved before its side effect, and nothing is read, published
    or acted upon that a failover could take back. Within the time limit reads and writes are retried across a failover.
    A caller with less time left narrows it with `pymongo.timeout(...)`. Connects in the background, at the first use.
    """
    return MongoClient(
        mongo_url,
        appname=app_name,
        tz_aware=True,
        w="majority",
        journal=True,
        readConcernLevel="majority",
        retryWrites=True,
        retryReads=True,
        connectTimeoutMS=3000,
        serverSelectionTimeoutMS=3000,
        timeoutMS=int(timeout_s * 1000),
    )


def save_versioned(
    collection: Collection[Document],
    *,
    document_id: str,
    version: int,
    document: Mapping[str, Any],
    outbox: Sequence[Document] = (),
    session: ClientSession | None = None,
) -> None:
    """Write an aggregate read at `version` and append its outbox entries, in one atomic update to `version + 1`.

    `version == 0` says that it is new. `document` always holds every field of the aggregate, `None` where there is
    nothing: fields are set one by one, so one that is left out would keep its old value. (A unique index over a field
    that may be None is partial, by type.) Neither `_id`, `version` nor `outbox` is in it; `work` is whole, from
    `services.chassis.work.work_fields`.

    Raises VersionConflict when somebody else saved first. A duplicate on another unique index leaves as pymongo's
    DuplicateKeyError: only the repository knows what it means.
    """
    save = VersionedSave(document_id=document_id, version=version, document=document, outbox=outbox)
    try:
        result = collection.update_one(_as_read(save), _update(save), upsert=version == 0, session=session)
    except DuplicateKeyError as error:
        if is_duplicate_id(error):
            raise _conflict(document_id) from None
        raise
    if result.matched_count == 0 and result.upserted_id is None:
        raise _conflict(document_id)


def save_many_versioned(collection: Collection[Document], saves: Sequence[VersionedSave], /) -> frozenset[str]:
    """Write many aggregates, each as `save_versioned` would, in as few commands as MongoDB takes.

    Returns the ids of those that may not be written: somebody else saved first, or another unique index has their key.
    Whether an existing one is written MongoDB tells for all of them together; so when one of them lost its race, all
    that were not new are returned. Reading them again tells: what was written is there.
    """
    if not saves:
        return frozenset()
    updates = [UpdateOne(_as_read(save), _update(save), upsert=save.version == 0) for save in saves]
    try:
        result = collection.bulk_write(updates, ordered=False)
        refused: frozenset[str] = frozenset()
        matched = result.matched_count
    except BulkWriteError as error:
        refused = _refused(error, saves)
        matched = error.details["nMatched"]
    existing = [save.document_id for save in saves if save.version > 0]
    return refused if matched == len(existing) else refused.union(existing)


def as_written(collection: Collection[Document], /) -> Collection[Document]:
    """Return the collection as it stands at this moment, with what a failover could still take back: for a look that
    says where to write, where the write itself decides."""
    return collection.with_options(read_concern=ReadConcern("local"))


def exactly(text: str, /) -> Document:
    """Return the condition that a field is this text.

    By type, too: MongoDB does not conclude that from the text, and would read the whole collection rather than use a
    partial index over texts.
    """
    return {"$eq": text, "$type": "string"}


def is_duplicate_id(error: DuplicateKeyError, /) -> bool:
    """Say whether it is the `_id` that exists already, rather than a key of another unique index."""
    return list((error.details or {}).get("keyPattern", {})) == ["_id"]


def majority(collection: Collection[Document], /) -> Collection[Document]:
    """Return the collection with the guarantees of `connect`, whatever its client was made with."""
    return collection.with_options(
        read_concern=ReadConcern("majority"), write_concern=WriteConcern(w="majority", j=True)
    )


def _as_read(save: VersionedSave) -> Document:
    return {"_id": save.document_id, "version": save.version}


def _update(save: VersionedSave) -> Document:
    if misplaced := _WRITTEN_BY_SAVE & save.document.keys():
        raise ValueError(f"written by save_versioned alone: {sorted(misplaced)}")
    update: Document = {"$set": {**save.document, "version": save.version + 1}}
    if save.outbox:
        update["$push"] = {"outbox": {"$each": list(save.outbox)}}
    return update


def _refused(error: BulkWriteError, saves: Sequence[VersionedSave]) -> frozenset[str]:
    """Return whose keys exist already; raise the error when it tells of anything else."""
    failures = error.details["writeErrors"]
    if error.details["writeConcernErrors"] or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
        raise error
    return frozenset(saves[failure["index"]].document_id for failure in failures)


def _conflict(document_id: str) -> VersionConflict:
    return VersionConflict("Somebody else changed it at the same moment.", id=document_id)
