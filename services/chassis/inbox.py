"""Once-only effects for events whose handler has no guard of its own in an aggregate's state."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.chassis.clock import Clock
from services.chassis.events import Envelope
from services.chassis.mongo import is_duplicate_id

Document = dict[str, Any]

_log = structlog.get_logger(__name__)
_REMEMBERED_FOR = timedelta(
    days=30
)  # longer than any message waits in a ladder, a dead-letter queue or a region's backlog


class Inbox:
    """The message ids that this service has acted upon.

    The id and the handler's writes go into one transaction, the exception that the architecture allows with a reason:
    recorded before the write, a crash in between loses the effect; recorded after it, a crash doubles it. A handler
    with a natural guard (a state that refuses the second time) needs no inbox and no transaction.
    """

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._entries = database["inbox"]
        self._clock = clock

    def ensure_index(self) -> None:
        """Forget ids after 30 days."""
        self._entries.create_index(
            [("received_at", ASCENDING)],
            name="forget",
            expireAfterSeconds=int(_REMEMBERED_FOR.total_seconds()),
        )

    def once(self, envelope: Envelope, act: Callable[[ClientSession], object], /) -> bool:
        """Run `act` unless this message was acted upon before; False when it was.

        `act` passes the session on to each of its writes and does nothing but write: it is run again from the start
        when the transaction has to be repeated. What it raises undoes everything, and the message counts as not seen.
        """
        with self._entries.database.client.start_session() as session:
            try:
                session.with_transaction(lambda opened: self._record(envelope, act, opened))
            except DuplicateKeyError as error:
                if not self._is_ours(error):
                    raise
                _log.info("event_seen_before", message_id=envelope.message_id, event_name=envelope.name)
                return False
        return True

    def _record(self, envelope: Envelope, act: Callable[[ClientSession], object], session: ClientSession) -> None:
        entry = {"_id": envelope.message_id, "name": envelope.name, "received_at": self._clock.now()}
        self._entries.insert_one(entry, session=session)
        act(session)

    def _is_ours(self, error: DuplicateKeyError) -> bool:
        """A duplicate in a collection of `act` is the handler's own failure, not a message seen before."""
        return is_duplicate_id(error) and f"{self._entries.full_name} index" in str(error)
