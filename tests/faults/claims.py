"""Who took which payment when: every claim and every save, in the order in which MongoDB did them."""

from dataclasses import dataclass
from typing import Any

from pymongo.change_stream import CollectionChangeStream
from pymongo.collection import Collection


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a payment; `claimed_by` is None for a save, which frees the lease."""

    payment_id: str
    claimed_by: str | None


class ClaimLog:
    """Follows the payments of a suite from the moment it is made."""

    def __init__(self, payments: Collection[dict[str, Any]]) -> None:
        self._stream: CollectionChangeStream[dict[str, Any]] = payments.watch(max_await_time_ms=300)
        self._stream.try_next()  # opens it: what is written from now on is seen

    def seen(self) -> list[Write]:
        """Return the writes since the last time."""
        writes: list[Write] = []
        while (change := self._stream.try_next()) is not None:
            write = _write(change)
            if write is not None:
                writes.append(write)
        return writes

    def close(self) -> None:
        """Stop following."""
        self._stream.close()


def worked_on_twice(writes: list[Write]) -> list[str]:
    """Return the payments that were claimed while somebody else's claim still stood."""
    claimed: dict[str, str] = {}
    twice: list[str] = []
    for write in writes:
        if write.claimed_by is None:
            claimed.pop(write.payment_id, None)
        elif write.payment_id in claimed:
            twice.append(f"{write.payment_id}: {claimed[write.payment_id]}, then {write.claimed_by}")
        else:
            claimed[write.payment_id] = write.claimed_by
    return twice


def _write(change: dict[str, Any]) -> Write | None:
    """An entry pulled from the outbox is no work on the payment."""
    payment_id = change["documentKey"]["_id"]
    if change["operationType"] != "update":
        return Write(payment_id, None)
    fields = change["updateDescription"]["updatedFields"]
    if "work.leased_by" in fields:
        return Write(payment_id, fields["work.leased_by"])
    work = fields.get("work")
    return None if work is None else Write(payment_id, work["leased_by"])
