"""Waking the loops of a dispatcher the moment something is written, by one change stream; no data is read from it."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from pymongo.change_stream import ChangeStream
from pymongo.database import Database
from pymongo.errors import PyMongoError

from services.chassis.loops import Wake

Document = dict[str, Any]

_log = structlog.get_logger(__name__)
_RETRY_S = 1.0
_AWAIT_MS = 500

# Only the names of those fields leave the server that somebody waits for, and when their work is due: what else is in
# them is nobody's business here. What was written of them counts only if it can be something to do: neither a lease
# taken, nor work without a next step, nor an outbox that was emptied. Loops would else be roused by their own claims
# and saves, several times for each; a write that tells of nothing does not leave the server at all.
_TELLS_OF_SOMETHING: Document = {
    "$and": [
        {"$not": [{"$in": ["$$this.k", ["work.lease_until", "work.leased_by"]]}]},
        {"$ne": ["$$this.v.due_at", None]},
        {"$ne": ["$$this.v", []]},
    ]
}
_WRITTEN: Document = {"$objectToArray": {"$ifNull": ["$updateDescription.updatedFields", "$fullDocument"]}}
_NAME: Document = {"$arrayElemAt": [{"$split": ["$$this.k", "."]}, 0]}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subscriber:
    field: str
    collection: str | None
    wake: Wake


class ChangeStreamWaker:
    """Calls subscribers when their field of any document of the database was written, with something to do in it.

    It spares the loops tight polling and nothing more: while MongoDB is away, or the stream is broken, the loops'
    `idle_s` does the work, and a new stream starts from now. That is why no position is kept.
    """

    def __init__(self, database: Database[Document], /) -> None:
        self._database = database
        self._subscribers: list[_Subscriber] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="change-stream", daemon=True)

    def subscribe(self, field: str, wake: Wake, /, *, collection: str | None = None) -> None:
        """Call `wake` after each write of a top-level field, such as `work` or `outbox`, to a document of one
        collection or of any, with its `due_at` where it has one; subscribe before `start`."""
        self._subscribers.append(_Subscriber(field=field, collection=collection, wake=wake))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the stream; returns when its thread is gone or after a few seconds."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_RETRY_S + 2 * _AWAIT_MS / 1000)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._database.watch(self._written_fields(), max_await_time_ms=_AWAIT_MS) as stream:
                    for subscriber in self._subscribers:
                        subscriber.wake(None)  # whatever was written while there was no stream
                    self._follow(stream)
            except PyMongoError as error:
                _log.warning("change_stream_lost", error=type(error).__name__)
                self._stopping.wait(_RETRY_S)

    def _written_fields(self) -> list[Document]:
        names = sorted({subscriber.field for subscriber in self._subscribers})
        counts = {"$and": [{"$in": [_NAME, names]}, _TELLS_OF_SOMETHING]}
        found = {"$filter": {"input": _WRITTEN, "as": "this", "cond": counts}}
        told = {"name": _NAME, "due_at": "$$this.v.due_at"}
        return [
            {"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}},
            {"$project": {"collection": "$ns.coll", "fields": {"$map": {"input": found, "as": "this", "in": told}}}},
            {"$match": {"fields.0": {"$exists": True}}},
        ]

    def _follow(self, stream: ChangeStream[Document]) -> None:
        while stream.alive and not self._stopping.is_set():
            change = stream.try_next()
            if change is not None:
                self._wake(change["collection"], change["fields"])

    def _wake(self, collection: str, fields: Collection[Document]) -> None:
        written = {field["name"]: field.get("due_at") for field in fields}
        for subscriber in self._subscribers:
            if subscriber.field in written and subscriber.collection in (None, collection):
                due_at = written[subscriber.field]
                subscriber.wake(due_at if isinstance(due_at, datetime) else None)
