"""Histories of accounts in MongoDB, a document for each month."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database

from services.accounts.adapters.mongo_rows import charge_document, charge_of, payment_document, payment_of
from services.accounts.adapters.mongo_values import key_of
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.history import BEGINNING, MOMENT, Span
from services.accounts.domain.history_month import HistoryMonth, Piece, Share, month_of
from services.chassis.saving import save_aggregate

Document = dict[str, Any]

_TO_DOCUMENT: Mapping[FigureKind, Callable[[Any], Document]] = {
    FigureKind.CHARGES: charge_document,
    FigureKind.PAYMENTS: payment_document,
}
_FROM_DOCUMENT: Mapping[FigureKind, Callable[[Document], Any]] = {
    FigureKind.CHARGES: charge_of,
    FigureKind.PAYMENTS: payment_of,
}
_BEHIND_ALL_MONTHS = "9999-13"


class MongoHistoryRepository:
    """Collection `history_months`, found by `_id` only: region, number, kind, since when the number is the account's
    unless it always was, and month, so that the months of an account lie side by side and in order."""

    def __init__(self, database: Database[Document], /) -> None:
        self._collection = database["history_months"]

    def named(
        self, key: AccountKey, kind: FigureKind, months: Sequence[str], /, *, held_since: datetime | None
    ) -> Sequence[HistoryMonth[Any]]:
        empty = [HistoryMonth[Any](key=key, kind=kind, month=month, held_since=held_since) for month in months]
        ids = [_id_of(month) for month in empty]
        found = {document["_id"]: _to_month(document) for document in self._collection.find({"_id": {"$in": ids}})}
        return [found.get(_id_of(month), month) for month in empty]

    def months(
        self, key: AccountKey, kind: FigureKind, period: Span, /, *, held_since: datetime | None
    ) -> Iterator[HistoryMonth[Any]]:
        first, last = month_of(period.begins_at), month_of(period.ends_at - MOMENT)
        among = {"$gte": _id(key, kind, held_since, first), "$lte": _id(key, kind, held_since, last)}
        seen = ""
        for document in self._collection.find({"_id": among}).sort("_id", DESCENDING).batch_size(12):
            seen = document["_id"]
            yield _to_month(document)
        every = {"$gte": _id(key, kind, held_since, ""), "$lt": _id(key, kind, held_since, _BEHIND_ALL_MONTHS)}
        oldest = self._collection.find_one({"_id": every}, sort=[("_id", 1)])
        if oldest is not None and oldest["_id"] != seen:
            yield _to_month(oldest)

    def save(self, month: HistoryMonth[Any], /) -> None:
        save_aggregate(
            self._collection,
            month,
            document_id=_id_of(month),
            document=_to_document(month),
        )


def _id(key: AccountKey, kind: FigureKind, held_since: datetime | None, month: str) -> str:
    since = "" if held_since is None else f"@{(held_since - BEGINNING) // MOMENT}"
    return f"{key}:{kind.value}{since}:{month}"


def _id_of(month: HistoryMonth[Any]) -> str:
    return _id(month.key, month.kind, month.held_since, month.month)


def _to_document(month: HistoryMonth[Any]) -> Document:
    to_document = _TO_DOCUMENT[month.kind]
    return {
        "region": month.key.region,
        "number": month.key.number,
        "kind": month.kind.value,
        "month": month.month,
        "held_since": month.held_since,
        "rows": [to_document(row) for row in month.rows],
        "pieces": [
            {
                "begins_at": piece.span.begins_at,
                "ends_at": piece.span.ends_at,
                "as_of": piece.as_of,
                "read_last": piece.read_last,
            }
            for piece in month.pieces
        ],
        "shares": [
            {
                "at": share.at,
                "behind": share.behind,
                "down_to": share.down_to,
                "row_ids": list(share.row_ids),
                "as_of": share.as_of,
            }
            for share in month.shares
        ],
        "kept_from": month.kept_from,
    }


def _to_month(document: Document) -> HistoryMonth[Any]:
    kind = FigureKind(document["kind"])
    from_document = _FROM_DOCUMENT[kind]
    return HistoryMonth(
        key=key_of(document),
        kind=kind,
        month=document["month"],
        held_since=document.get("held_since"),
        rows=tuple(from_document(row) for row in document["rows"]),
        pieces=tuple(_to_piece(piece) for piece in document["pieces"]),
        shares=tuple(_to_share(share) for share in document.get("shares", ())),
        kept_from=document["kept_from"],
        version=document["version"],
    )


def _to_piece(document: Document) -> Piece:
    return Piece(
        span=Span(document["begins_at"], document["ends_at"]),
        as_of=document["as_of"],
        read_last=document["read_last"],
    )


def _to_share(document: Document) -> Share:
    return Share(
        at=document["at"],
        behind=document["behind"],
        down_to=document["down_to"],
        row_ids=tuple(document["row_ids"]),
        as_of=document["as_of"],
    )
