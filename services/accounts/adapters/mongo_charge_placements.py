"""One-time fees in MongoDB."""

from typing import Any

from pymongo.database import Database

from services.accounts.adapters.mongo_values import key_of
from services.accounts.domain.charge_placement import ChargePlacement, PlacementState
from services.chassis.money import Money
from services.chassis.saving import save_aggregate

Document = dict[str, Any]


class MongoChargePlacementRepository:
    """Collection `charge_placements`; `_id` is the caller's charge id."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["charge_placements"]

    def get(self, charge_id: str, /) -> ChargePlacement | None:
        document = self._collection.find_one({"_id": charge_id})
        return _to_placement(document) if document else None

    def save(self, placement: ChargePlacement, /) -> None:
        save_aggregate(
            self._collection,
            placement,
            document_id=placement.charge_id,
            document=_to_document(placement),
        )


def _to_document(placement: ChargePlacement) -> Document:
    return {
        "billing_account_id": placement.billing_account_id,
        "region": placement.key.region,
        "number": placement.key.number,
        "amount": placement.amount.as_mapping(),
        "description": placement.description,
        "requested_at": placement.requested_at,
        "state": placement.state.value,
        "regional_charge_id": placement.regional_charge_id,
        "charged_at": placement.charged_at,
        "refusal_reason": placement.refusal_reason,
    }


def _to_placement(document: Document) -> ChargePlacement:
    return ChargePlacement(
        charge_id=document["_id"],
        billing_account_id=document["billing_account_id"],
        key=key_of(document),
        amount=Money.from_mapping(document["amount"]),
        description=document["description"],
        requested_at=document["requested_at"],
        state=PlacementState(document["state"]),
        regional_charge_id=document["regional_charge_id"],
        charged_at=document["charged_at"],
        refusal_reason=document["refusal_reason"],
        version=document["version"],
    )
