"""The freezes of regions in MongoDB: a document per region, saved by version, so that charges are counted singly."""

from typing import Any

from pymongo.database import Database

from services.chassis.saving import save_aggregate
from services.payments.domain.region_freeze import Fired, RegionFreeze

Document = dict[str, Any]


class MongoRegionFreezeRepository:
    """See RegionFreezeRepository."""

    def __init__(self, database: Database[Document], /) -> None:
        self._freezes = database["region_freezes"]

    def get(self, region: str, /) -> RegionFreeze:
        document = self._freezes.find_one({"_id": region})
        return RegionFreeze(region=region) if document is None else _to_freeze(document)

    def save(self, freeze: RegionFreeze, /) -> None:
        """Raise VersionConflict for a lost race, also for the first of a region."""
        save_aggregate(self._freezes, freeze, document_id=freeze.region, document=_to_document(freeze))


def _to_freeze(document: Document) -> RegionFreeze:
    return RegionFreeze(
        region=document["_id"],
        fired=tuple(Fired(decision_id=fired["decision_id"], at=fired["at"]) for fired in document["fired"]),
        frozen_at=document["frozen_at"],
        trusted_until=document["trusted_until"],
        version=document["version"],
    )


def _to_document(freeze: RegionFreeze) -> Document:
    return {
        "fired": [{"decision_id": fired.decision_id, "at": fired.at} for fired in freeze.fired],
        "frozen_at": freeze.frozen_at,
        "trusted_until": freeze.trusted_until,
    }
