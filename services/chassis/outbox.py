"""The relay from the outboxes of a service's documents to its exchange; it touches nothing else of them."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import structlog
from pymongo import ASCENDING, UpdateOne
from pymongo.collection import Collection

from services.chassis.events import encode

Document = dict[str, Any]

_log = structlog.get_logger(__name__)
_PENDING = {"outbox.0": {"$exists": True}}


class EventPublisher(Protocol):
    """Whoever publishes with confirms: `services.chassis.publisher.Publisher`."""

    def publish(self, *, name: str, message_id: str, body: bytes) -> None: ...

    def keep_alive(self) -> None: ...

    def close(self) -> None: ...


class Leadership(Protocol):
    """Whoever says which replica may act: `services.chassis.leases.LeaderLease`."""

    def hold(self) -> bool: ...

    def release(self) -> None: ...


def ensure_outbox_index(collection: Collection[Document], /) -> None:
    """Index the documents with something to publish, and no others, so that asking costs nothing when all is quiet."""
    collection.create_index(
        [("outbox.occurred_at", ASCENDING)], name="outbox_pending", partialFilterExpression=_PENDING
    )


class Relay:
    """Publishes what the outboxes hold, entry by entry, and removes an entry only after the broker's confirm.

    Killed between the two, it publishes the entry again with the same message id: at least once, never lost. One
    replica at a time does it, so that the events of one aggregate leave in their order. Reading is by majority: nothing is published
    that a failover could take back.
    """

    def __init__(
        self,
        collections: Sequence[Collection[Document]],
        *,
        publisher: EventPublisher,
        lease: Leadership,
        batch: int = 100,
    ) -> None:
        self._collections = collections
        self._publisher = publisher
        self._lease = lease
        self._batch = batch

    def step(self) -> bool:
        """Publish one batch of each collection; True when there was something, so that more may wait.

        Raises PublishFailed, with everything confirmed so far already removed; the rest stays for the next step.
        """
        published = self._lease.hold() and any([self._relay(collection) for collection in self._collections])
        if not published:
            self._publisher.keep_alive()
        return published

    def stop(self) -> None:
        """Close the connection and let another replica lead at once."""
        self._publisher.close()
        self._lease.release()

    def _relay(self, collection: Collection[Document]) -> bool:
        confirmed: dict[Any, list[str]] = {}
        documents = list(collection.find(_PENDING, {"outbox": 1}, limit=self._batch))
        try:
            for document in documents:
                self._publish(document["outbox"], confirmed.setdefault(document["_id"], []))
        finally:
            _remove(collection, confirmed)
        return bool(documents)

    def _publish(self, entries: Iterable[Document], confirmed: list[str]) -> None:
        for entry in entries:
            self._publisher.publish(name=entry["name"], message_id=entry["_id"], body=encode(entry))
            confirmed.append(entry["_id"])


def _remove(collection: Collection[Document], confirmed: dict[Any, list[str]]) -> None:
    """Leave `version` alone: that an event is out is no change of the aggregate, and no save shall fail for it."""
    pulls = [
        UpdateOne({"_id": document_id}, {"$pull": {"outbox": {"_id": {"$in": entry_ids}}}})
        for document_id, entry_ids in confirmed.items()
        if entry_ids
    ]
    if pulls:
        collection.bulk_write(pulls, ordered=False)
