"""A relay that the tests run as a process of its own and that dies between a confirm and the removal from the outbox.

`python -m tests.chassis.relay_process` with MONGO_URL, MONGO_DATABASE, AMQP_URL, EXCHANGE and CONFIRMS_TO_LIVE in the
environment.
"""

import os
from collections.abc import Sequence

from services.chassis.leases import LeaderLease
from services.chassis.mongo import connect
from services.chassis.outbox import Relay
from services.chassis.publisher import OutgoingMessage, Publisher


class MortalPublisher:
    """The real publisher, in a process that is killed right after so many confirms."""

    def __init__(self, publisher: Publisher, confirms_to_live: int) -> None:
        self._publisher = publisher
        self._left = confirms_to_live

    def publish(self, messages: Sequence[OutgoingMessage], /) -> frozenset[str]:
        confirmed = self._publisher.publish(messages)
        self._left -= len(confirmed)
        if self._left <= 0:
            os._exit(9)
        return confirmed

    def close(self) -> None:
        self._publisher.close()


def main() -> None:
    database = connect(os.environ["MONGO_URL"], app_name="relay")[os.environ["MONGO_DATABASE"]]
    publisher = Publisher(os.environ["AMQP_URL"], exchange=os.environ["EXCHANGE"])
    relay = Relay(
        [database["things"]],
        publisher=MortalPublisher(publisher, int(os.environ["CONFIRMS_TO_LIVE"])),
        lease=LeaderLease(database["leases"], name="relay", owner=f"pid-{os.getpid()}", ttl_s=1.0),
    )
    while True:
        relay.step()


if __name__ == "__main__":
    main()
