"""Reading the books of a running suite: the acquirer's, the regions', MongoDB's, and what clients were told."""

from collections.abc import Iterable, Sequence
from typing import Any

import pymongo

from tests.e2e.outside import Payer, RegionOffice
from tests.faults.ground_truth import FINAL, Document, Movement, Truth
from tests.support.running_suite import RunningSuite


class Books:
    """Everybody's books. Remembers what MongoDB said the last time: histories only ever grow."""

    def __init__(self, suite: RunningSuite, *, payer: Payer, offices: Iterable[RegionOffice]) -> None:
        """Open a client of our own, that reads what no failover can take back."""
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            suite.mongo_url, readConcernLevel="majority", tz_aware=True, serverSelectionTimeoutMS=20_000
        )
        self._names = {name: suite.database(name) for name in ("payments", "accounts")}
        self._payer = payer
        self._offices = list(offices)
        self._before: dict[str, Document] = {}

    @property
    def payments(self) -> "pymongo.collection.Collection[dict[str, Any]]":
        """The payments as the service keeps them."""
        return self.collection("payments", "payments")

    @property
    def postings(self) -> "pymongo.collection.Collection[dict[str, Any]]":
        """The postings as accounts keeps them."""
        return self.collection("accounts", "postings")

    def collection(self, service: str, name: str) -> "pymongo.collection.Collection[dict[str, Any]]":
        """A collection of payments or accounts."""
        return self._client[self._names[service]][name]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def truth(self, *, acknowledged: Iterable[str]) -> Truth:
        """Read all of it; complete once nothing moves any more."""
        payments: dict[str, Document] = {row["_id"]: row for row in self.payments.find()}
        before, self._before = self._before, payments
        entries = self._payer.ledger()
        return Truth(
            charges=[_movement(entry) for entry in entries if entry["kind"] == "charge"],
            refunds=[_movement(entry) for entry in entries if entry["kind"] == "refund"],
            credits=[
                Movement(row["external_id"], row["amount_minor"])
                for office in self._offices
                for row in office.ledger()
                if row["kind"] == "payment" and row["channel"] == "kabinet"
            ],
            payments=payments,
            postings={row["_id"]: row for row in self.postings.find()},
            acknowledged=frozenset(acknowledged),
            before=before,
        )

    def unfinished(self, payment_ids: Sequence[str]) -> dict[str, str]:
        """Return the state of each payment that is not final yet, or not there."""
        found = {row["_id"]: row["state"] for row in self.payments.find({"_id": {"$in": list(payment_ids)}})}
        states = {payment_id: found.get(payment_id, "absent") for payment_id in payment_ids}
        return {payment_id: state for payment_id, state in states.items() if state not in FINAL}

    def without_receipt(self, payment_ids: Sequence[str]) -> list[str]:
        """Return the payments that are to have a receipt and do not know of one yet: it follows by itself, later."""
        awaited = {"_id": {"$in": list(payment_ids)}, "receipt_expected": True, "receipt_at": None}
        return [row["_id"] for row in self.payments.find(awaited, {"_id": 1})]

    def posting_version(self, payment_id: str) -> int:
        """Return how often a payment's posting was written."""
        posting = self.postings.find_one({"_id": payment_id})
        assert posting is not None, f"{payment_id} has no posting"
        return int(posting["version"])

    def unpublished(self) -> dict[str, int]:
        """Return how many documents of each collection still have something in their outbox."""
        waiting: dict[str, int] = {}
        for database, collection in self._collections():
            count = self._client[database][collection].count_documents({"outbox._id": {"$exists": True}})
            if count:
                waiting[f"{database}.{collection}"] = count
        return waiting

    def everything(self) -> Iterable[tuple[str, Document]]:
        """Yield every document of every service, with where it was found."""
        for database, collection in self._collections():
            for document in self._client[database][collection].find():
                yield f"{database}.{collection}", document

    def _collections(self) -> list[tuple[str, str]]:
        prefix = self._names["payments"].removesuffix("payments")
        return [
            (database, collection)
            for database in self._client.list_database_names()
            if database.startswith(prefix)
            for collection in self._client[database].list_collection_names()
        ]


def _movement(entry: dict[str, Any]) -> Movement:
    return Movement(entry["metadata"]["payment_id"], entry["amount_minor"])
