"""The relay from the outboxes of a service's documents to its exchange; it touches nothing else of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any, Protocol

from pymongo import ASCENDING, UpdateOne
from pymongo.collection import Collection

from services.chassis.events import encode
from services.chassis.loops import DispatcherLoop, Waker
from services.chassis.outgoing import OutgoingMessage, PublishFailed

Document = dict[str, Any]

_PENDING = {"outbox._id": {"$exists": True}}  # an empty outbox has no such path; "outbox.0" would find no index


class EventPublisher(Protocol):
    """Whoever publishes with confirms: `services.chassis.publisher.Publisher`."""

    def publish(self, messages: Sequence[OutgoingMessage], /) -> frozenset[str]:
        """Return the ids of the messages that are safe with the broker."""
        ...

    def close(self) -> None: ...


class Leadership(Protocol):
    """Whoever says which replica may act: `services.chassis.leases.LeaderLease`."""

    def hold(self) -> bool: ...

    def release(self) -> None: ...


def ensure_outbox_index(collection: Collection[Document], /) -> None:
    """Index the documents with something to publish, and no others, so that asking costs nothing when all is quiet."""
    collection.create_index([("outbox._id", ASCENDING)], name="outbox_pending", partialFilterExpression=_PENDING)


class Relay:
    """Publishes what the outboxes hold, entry by entry, and removes an entry only after the broker's confirm.

    Killed between the two, it publishes the entry again with the same message id: at least once, never lost. One
    replica at a time does it, so that the events of one aggregate leave in their order. Reading is by majority: nothing
    is published that a failover could take back.

    A step looks at the collections that were noted since the one before, at all of them if none was. So an idle relay
    looks everywhere, whatever it was not told; a waker that lost its stream notes every collection with the new one.
    """

    def __init__(
        self,
        collections: Sequence[Collection[Document]],
        *,
        publisher: EventPublisher,
        lease: Leadership,
        batch: int = 100,
    ) -> None:
        self._collections = {collection.name: collection for collection in collections}
        self._noted: set[str] = set()
        self._noting = Lock()
        self._publisher = publisher
        self._lease = lease
        self._batch = batch

    def step(self) -> bool:
        """Publish one batch of each collection; True when there was something, so that more may wait.

        Raises PublishFailed, with everything confirmed so far already removed; the rest stays for the next step.
        """
        if not self._lease.hold():
            return False
        names = self._take_noted()
        try:
            found = [name for name in names if self._relay(self._collections[name])]
        except Exception:
            self.note(*names)
            raise
        self.note(*found)
        return bool(found)

    @property
    def collection_names(self) -> Sequence[str]:
        """Whose outboxes it empties."""
        return list(self._collections)

    def note(self, *collection_names: str) -> None:
        """Something was written to these outboxes."""
        with self._noting:
            self._noted.update(collection_names)

    def stop(self) -> None:
        """Close the connection and let another replica lead at once."""
        self._publisher.close()
        self._lease.release()

    def _take_noted(self) -> Sequence[str]:
        with self._noting:
            noted, self._noted = self._noted, set()
        return [name for name in self._collections if not noted or name in noted]

    def _relay(self, collection: Collection[Document]) -> bool:
        documents = list(collection.find(_PENDING, {"outbox": 1}, limit=self._batch))
        confirmed: set[str] = set()
        try:
            for wave in _waves(documents):
                self._publish(wave, confirmed)
        finally:
            _remove(collection, documents, confirmed)
        return bool(documents)

    def _publish(self, wave: Sequence[Document], confirmed: set[str]) -> None:
        messages = [OutgoingMessage(message_id=entry["_id"], name=entry["name"], body=encode(entry)) for entry in wave]
        confirmed |= self._publisher.publish(messages)
        if missing := len(messages) - len(confirmed & {message.message_id for message in messages}):
            raise PublishFailed(f"{missing} of {len(messages)} messages not confirmed")


def relay_loop(relay: Relay, waker: Waker, /) -> DispatcherLoop:
    """Return the loop of a service's relay, woken by what is written to its outboxes."""
    for name in relay.collection_names:
        waker.subscribe("outbox", partial(_noted, relay, name), collection=name)  # before the loop is woken to look
    return DispatcherLoop("relay", relay.step, waker=waker, wakes_on="outbox", on_stop=relay.stop)


def _noted(relay: Relay, collection_name: str, _: datetime | None, /) -> None:
    relay.note(collection_name)


def _waves(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """Yield the first entries of all documents, then all the second: many under way, in order for each document."""
    outboxes = [document["outbox"] for document in documents]
    for turn in range(max(map(len, outboxes), default=0)):
        yield [outbox[turn] for outbox in outboxes if turn < len(outbox)]


def _remove(collection: Collection[Document], documents: Sequence[Document], confirmed: set[str]) -> None:
    """Leave `version` alone: that an event is out is no change of the aggregate, and no save shall fail for it."""
    pulls = []
    for document in documents:
        entry_ids = [entry["_id"] for entry in document["outbox"] if entry["_id"] in confirmed]
        if entry_ids:
            pulls.append(UpdateOne({"_id": document["_id"]}, {"$pull": {"outbox": {"_id": {"$in": entry_ids}}}}))
    if pulls:
        collection.bulk_write(pulls, ordered=False)
