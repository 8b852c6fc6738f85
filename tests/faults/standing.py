"""Where a payment stands at one moment, by everybody's books: what a kill point is known by."""

from typing import Any

from tests.faults.stage import Stage

Wish = dict[str, str]
"""What tells a payment before it has an id, as MongoDB is asked for it: the key of an order, or the rule it is of."""

_ABSENT = "absent"


class Standing:
    """All that can be seen of one payment from outside its processes; what nobody asks for is not looked up."""

    def __init__(self, wish: Wish, *, stage: Stage) -> None:
        """Read the payment and its posting."""
        self._wish = wish
        self._stage = stage
        self._payment: dict[str, Any] = stage.books.payments.find_one(dict(wish)) or {}
        self._id: str = self._payment.get("_id", "")
        self._posting: dict[str, Any] = stage.books.postings.find_one({"_id": self._id}) or {}

    def differs_from(self, **expected: Any) -> dict[str, Any]:
        """Return what is otherwise than expected; a set names what it may be, and what is not named may be anything."""
        found = {name: getattr(self, name) for name in expected}
        return {name: value for name, value in found.items() if not _fits(value, expected[name])}

    @property
    def prepared(self) -> bool:
        """Whether it is written down what comes last before the payment itself: the intent of an order, the charge on a
        rule."""
        collection = self._stage.books.collection
        if "request_id" in self._wish:
            return collection("payments", "payment_intents").find_one(dict(self._wish)) is not None
        rule = {"_id": self._wish["autopay_rule_id"], "charging_payment_id": {"$gt": ""}}
        return collection("payments", "autopay_rules").find_one(rule) is not None

    @property
    def state(self) -> str:
        """The payment's state."""
        return str(self._payment.get("state", _ABSENT))

    @property
    def begun(self) -> bool:
        """Whether it is saved that the charge is about to be sent."""
        return self._payment.get("charge_begun_at") is not None

    @property
    def charges(self) -> int:
        """How many charges the acquirer's ledger has."""
        return self._stage.charges(self._id)

    @property
    def receipt(self) -> bool:
        """Whether its receipt is opened: the first thing that is saved when the acquirer told of a capture."""
        receipts = self._stage.books.collection("payments", "receipts")
        return receipts.find_one({"payment_id": self._id}) is not None

    @property
    def in_outbox(self) -> bool:
        """Whether something of the payment waits to be published."""
        return bool(self._payment.get("outbox"))

    @property
    def published(self) -> bool:
        """Whether the broker has its capture."""
        return bool(self._id) and self._stage.queues.has_heard(self._id)

    @property
    def posting(self) -> str:
        """The state of its posting."""
        return str(self._posting.get("state", _ABSENT))

    @property
    def claimed(self) -> bool:
        """Whether somebody works on its posting."""
        return bool(self._posting) and self._posting["work"]["leased_by"] is not None

    @property
    def credits(self) -> int:
        """How many entries its account's ledger has; to read all ledgers takes longer than the moment lasts."""
        if not self._posting:
            return 0
        rows = self._stage.offices[self._posting["region"]].ledger(self._posting["number"])
        return sum(row["external_id"] == self._id for row in rows)

    @property
    def untold(self) -> bool:
        """Whether something of its posting waits to be published."""
        return bool(self._posting.get("outbox"))


def _fits(value: Any, expected: Any) -> bool:
    return value in expected if isinstance(expected, frozenset) else value == expected
