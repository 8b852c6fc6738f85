"""Fault scripts of the mailbox: what is to go wrong with mail to an address, and how often."""

import threading
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FaultName = Literal["451", "550", "timeout_after_data", "close_before_data"]
ANYBODY = "*"


class Script(BaseModel):
    """`POST /control/faults`. `recipient` is an address, or `*`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipient: str = Field(min_length=1, max_length=320)
    fault: FaultName
    times: int = Field(default=1, ge=1, le=100_000)


class Faults:
    """The scripts that still have something to do. They are kept in memory: a restarted mailbox is well again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[tuple[Script, int]] = []

    def arm(self, script: Script, /) -> None:
        """Add a script."""
        with self._lock:
            self._armed.append((script, script.times))

    def take(self, recipients: list[str], /, *, among: set[FaultName]) -> FaultName | None:
        """Return the oldest fault for one of the recipients, counting it down."""
        addresses = {recipient.lower() for recipient in recipients} | {ANYBODY}
        with self._lock:
            for place, (script, left) in enumerate(self._armed):
                if script.fault in among and script.recipient.lower() in addresses:
                    self._armed[place : place + 1] = [(script, left - 1)] if left > 1 else []
                    return script.fault
        return None

    def armed(self) -> list[dict[str, object]]:
        """Return what is armed."""
        with self._lock:
            return [script.model_dump() | {"times": left} for script, left in self._armed]

    def disarm_all(self) -> None:
        """Forget every script."""
        with self._lock:
            self._armed.clear()
