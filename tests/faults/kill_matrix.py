"""K1 to K16 of a payment's life as a table: what holds everybody up there, how it shows, and which process dies.

No code is prepared for a kill. MongoDB, the broker, the acquirer or a region holds a batch up at one point; that each
of its payments has got there, and no further, is read from the books while the process that is to die is stopped.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from tests.faults import holds
from tests.faults.batch import Batch
from tests.faults.stage import Stage
from tests.support import eventually


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A kill point. `shows` is how each of its payments stands there; `asks_more` is what no books tell."""

    name: str
    held: Callable[[Stage, Batch], AbstractContextManager[None]]
    shows: Mapping[str, Any]
    asks_more: Callable[[Stage, Batch], bool] = lambda _stage, _batch: True
    victim: str = "payments"
    automatic: bool = True
    saved_card: bool = True

    def wait_until_there(self, stage: Stage, batch: Batch) -> None:
        """Wait until every payment is at the point."""
        batch.wait_until(**self.shows)
        eventually(lambda: self.asks_more(stage, batch), timeout_s=20)


POINTS = (
    Point(
        name="K1 before the intent is saved",
        held=holds.intent_not_saved,
        shows={"prepared": True, "state": "absent"},
        asks_more=lambda stage, batch: (
            stage.failpoints.running(of="payments", update="payments", ordered=True) >= len(batch)
        ),
    ),
    Point(
        name="K2 before the answer",
        held=holds.outcome_saved_but_nobody_told,
        shows={"state": holds.CAPTURED, "charges": 1},
        asks_more=lambda _stage, batch: batch.answers == 0,
        automatic=False,  # nobody waits for an answer
    ),
    Point(
        name="K3 charging saved but not sent",
        held=holds.charging_saved_but_not_sent,
        shows={"state": "created", "begun": True, "charges": 0},
    ),
    Point(
        name="K4 sent", held=holds.sent_and_not_answered, shows={"state": "created", "begun": True, "receipt": False}
    ),
    Point(
        name="K5 answered but not saved",
        held=holds.answered_but_not_saved,
        shows={"state": "created", "charges": 1, "receipt": True},
    ),
    Point(
        name="K6 saved but not published",
        held=holds.saved_but_not_published,
        shows={"state": holds.CAPTURED, "in_outbox": True, "published": False},
    ),
    Point(
        name="K7 before the confirm",
        held=holds.published_but_not_confirmed,
        shows={"state": holds.CAPTURED, "in_outbox": True, "published": True},
    ),
    Point(
        name="K8 before the outbox pull",
        held=holds.confirmed_but_not_pulled,
        shows={"in_outbox": True, "published": True},
        # Of all updates of payments only the relay's are unordered: it has its confirms and is about to pull.
        asks_more=lambda stage, _batch: stage.failpoints.running(of="payments", update="payments", ordered=False) > 0,
    ),
    Point(
        name="K9 capture delivered",
        held=holds.captures_delivered,
        shows={"state": "captured", "in_outbox": False, "published": True, "posting": "absent"},
        asks_more=lambda stage, batch: stage.queues.unanswered("accounts.inbox") >= len(batch),
        victim="accounts-worker",
    ),
    Point(
        name="K9 posting delivered",
        held=holds.postings_delivered,
        shows={"state": "captured", "posting": "posted", "untold": False},
        asks_more=lambda stage, batch: stage.queues.unanswered("payments.inbox") >= len(batch),
        victim="payments-worker",
    ),
    Point(
        name="K10 posting saved but not sent",
        held=holds.posting_saved_but_not_sent,
        shows={"posting": "requested", "claimed": True, "credits": 0},
        victim="accounts",
    ),
    Point(
        name="K11 region applied it",
        held=holds.credited_and_not_answered,
        shows={"posting": "requested", "claimed": True, "credits": 1},
        victim="accounts",
    ),
    Point(
        name="K12 answered but not saved",
        held=holds.crediting_answered_but_not_saved,
        shows={"posting": "requested", "claimed": True, "credits": 1},
        asks_more=lambda stage, batch: (
            stage.failpoints.running(of=holds.ACCOUNTS, update="postings", ordered=True) >= len(batch)
        ),
        victim="accounts",
    ),
    Point(
        name="K13 before the ack",
        held=holds.handled_but_not_acknowledged,
        shows={"published": True, "posting": frozenset({"requested", "posted"})},
        asks_more=lambda stage, batch: (
            stage.failpoints.running(of="accounts-worker", update="postings") >= len(batch)
            and stage.queues.unanswered("accounts.inbox") >= len(batch)
        ),
        victim="accounts-worker",
    ),
    Point(
        name="K14 before notices",
        held=holds.posted_and_nobody_told,
        shows={"posting": "posted", "credits": 1, "untold": True},
        victim="accounts",
    ),
    Point(
        name="K15 webhook stored",
        held=holds.notification_stored,
        shows={"state": "awaiting_confirmation", "charges": 1},
        # An automatic charge is answered at once: when its webhook comes, nothing is undecided any more.
        automatic=False,
        saved_card=False,
    ),
    Point(
        name="K16 janitor between asking and saving",
        held=holds.asked_but_not_saved,
        shows={"state": "unknown", "charges": 1, "receipt": True},
    ),
)
