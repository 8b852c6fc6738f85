"""Orders in MongoDB; unique keys see to one order per quote, and one purchase per subscriber and offering."""

from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_announcing
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields
from services.content.adapters.offering_documents import offering_from_document, offering_to_document
from services.content.domain.content_order import AlreadyEntitled, ContentOrder, OrderState

Document = dict[str, Any]


class MongoContentOrderRepository:
    """Meets `ContentOrderRepository`."""

    def __init__(self, database: Database[Document], /, *, clock: Clock, owner: str) -> None:
        self.collection = database["content_orders"]
        self._clock = clock
        self.due = DueWork(self.collection, owner=owner, clock=clock)

    def ensure_indexes(self) -> None:
        ensure_work_index(self.collection)
        ensure_outbox_index(self.collection)
        self.collection.create_index(
            [("exclusive_key", ASCENDING)],
            name="one_purchase",
            unique=True,
            partialFilterExpression={"exclusive_key": {"$type": "string"}},
        )

    def add(self, order: ContentOrder, /) -> bool:
        try:
            self.save(order)
        except VersionConflict:  # of a new document it says that the id exists
            return False
        except DuplicateKeyError:
            if self.get(order.content_order_id) is not None:  # a double tap breaks both keys; either may be named
                return False
            raise AlreadyEntitled("It has been bought already.") from None
        return True

    def get(self, content_order_id: str, /) -> ContentOrder | None:
        document = self.collection.find_one({"_id": content_order_id})
        return _from_document(document) if document else None

    def save(self, order: ContentOrder, /) -> None:
        save_announcing(
            self.collection,
            order,
            document_id=order.content_order_id,
            document=_to_document(order),
            now=self._clock.now(),
        )

    def claim_due(self) -> ContentOrder | None:
        document = self.due.claim()
        return _from_document(document) if document else None


def _to_document(order: ContentOrder) -> Document:
    return {
        "subscriber_id": order.subscriber_id,
        "billing_account_id": order.billing_account_id,
        "offering": offering_to_document(order.offering),
        "created_at": order.created_at,
        "state": order.state.value,
        "refusal_reason": order.refusal_reason,
        "charge_may_exist": order.charge_may_exist,
        "failures": order.failures,
        "exclusive_key": order.exclusive_key,
        **work_fields(order.due_at),
    }


def _from_document(document: Document) -> ContentOrder:
    return ContentOrder(
        content_order_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        billing_account_id=document["billing_account_id"],
        offering=offering_from_document(document["offering"]),
        created_at=document["created_at"],
        state=OrderState(document["state"]),
        refusal_reason=document["refusal_reason"],
        charge_may_exist=document["charge_may_exist"],
        failures=document["failures"],
        due_at=due_at_of(document),
        version=document["version"],
    )
