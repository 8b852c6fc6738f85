"""What payments in MongoDB say to the next automatic decision; they are read here only, never written."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo.database import Database

from services.chassis.money import Money
from services.payments.adapters.mongo_payments import payments_collection
from services.payments.domain.autopay_calendar import PastCharge
from services.payments.domain.payment import PaymentKind, State

Document = dict[str, Any]

_NOT_PAID = [
    state.value
    for state in (State.CREATED, State.AWAITING_CONFIRMATION, State.DECLINED, State.REFUNDING, State.REFUNDED)
]


class MongoAutopayHistory:
    """See AutopayHistory. Both queries run on the index `of_account`."""

    def __init__(self, database: Database[Document], /) -> None:
        self._payments = payments_collection(database)

    def automatic(self, *, billing_account_id: str, since: datetime, besides: str) -> Sequence[PastCharge]:
        rows = self._payments.find(
            {
                "billing_account_id": billing_account_id,
                "autopay_rule_id": {"$ne": ""},
                "state": {"$ne": State.DECLINED.value},
                "_id": {"$ne": besides},
                "$or": [{"charge_begun_at": {"$gte": since}}, {"charge_begun_at": None}],
            },
            {"amount": 1, "charge_begun_at": 1},
        )
        return [PastCharge(at=row["charge_begun_at"], amount=Money.from_mapping(row["amount"])) for row in rows]

    def paid_by_hand(self, *, billing_account_id: str, since: datetime) -> Money:
        may_be_paid = [
            {"state": {"$nin": _NOT_PAID}},
            {"state": State.CREATED.value, "kind": PaymentKind.SAVED_CARD.value},
        ]
        rows = self._payments.find(
            {
                "billing_account_id": billing_account_id,
                "created_at": {"$gte": since},
                "autopay_rule_id": "",
                "$or": may_be_paid,
            },
            {"amount": 1},
        )
        return sum((Money.from_mapping(row["amount"]) for row in rows), start=Money.zero())
