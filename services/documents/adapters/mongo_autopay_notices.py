"""Autopay notices in MongoDB; the id keeps a second mail of the same from existing."""

from typing import Any

from pymongo.database import Database

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.saving import save_aggregate
from services.chassis.work import DueWork, due_at_of, ensure_work_index, work_fields
from services.documents.domain.autopay_notice import AutopayNotice, NoticeKind, NoticeState

Document = dict[str, Any]


class MongoAutopayNoticeRepository:
    """Meets `AutopayNoticeRepository`."""

    def __init__(self, database: Database[Document], /, *, clock: Clock, owner: str) -> None:
        self._notices = database["autopay_notices"]
        self.due = DueWork(self._notices, owner=owner, clock=clock)

    def ensure_indexes(self) -> None:
        ensure_work_index(self._notices)

    def add(self, notice: AutopayNotice, /) -> bool:
        try:
            self.save(notice)
        except VersionConflict:  # of a new document it says that the id exists
            return False
        return True

    def get(self, notice_id: str, /) -> AutopayNotice | None:
        document = self._notices.find_one({"_id": notice_id})
        return _from_document(document) if document else None

    def save(self, notice: AutopayNotice, /) -> None:
        save_aggregate(self._notices, notice, document_id=notice.notice_id, document=_to_document(notice))

    def claim_due(self) -> AutopayNotice | None:
        document = self.due.claim()
        return _from_document(document) if document else None


def _to_document(notice: AutopayNotice) -> Document:
    return {
        "kind": notice.kind.value,
        "decision_id": notice.decision_id,
        "subscriber_id": notice.subscriber_id,
        "billing_account_id": notice.billing_account_id,
        "created_at": notice.created_at,
        "decline_class": notice.decline_class,
        "next_try_at": notice.next_try_at,
        "lapses_at": notice.lapses_at,
        "time_zone": notice.time_zone,
        "state": notice.state.value,
        "tries": notice.tries,
        "first_tried_at": notice.first_tried_at,
        "mailed_at": notice.mailed_at,
        **work_fields(notice.due_at),
    }


def _from_document(document: Document) -> AutopayNotice:
    return AutopayNotice(
        notice_id=document["_id"],
        kind=NoticeKind(document["kind"]),
        decision_id=document["decision_id"],
        subscriber_id=document["subscriber_id"],
        billing_account_id=document["billing_account_id"],
        created_at=document["created_at"],
        decline_class=document["decline_class"],
        next_try_at=document["next_try_at"],
        lapses_at=document["lapses_at"],
        time_zone=document.get("time_zone", ""),
        state=NoticeState(document["state"]),
        tries=document["tries"],
        first_tried_at=document["first_tried_at"],
        mailed_at=document["mailed_at"],
        due_at=due_at_of(document),
        version=document["version"],
    )
