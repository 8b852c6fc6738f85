"""Months with a limit in MongoDB; they end by themselves long after they are over."""

from datetime import timedelta
from typing import Any

from pymongo.database import Database

from services.chassis.clock import Clock
from services.chassis.money import Money
from services.chassis.saving import save_aggregate
from services.payments.domain.pay_month import PayMonth, SetAside

Document = dict[str, Any]

# Longer than a payment takes to become final and an owner takes to ask.
_KEPT_FOR = timedelta(days=400)


class MongoPayMonthRepository:
    """See PayMonthRepository. Collection `pay_months`; `_id` is the account's and the month's."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._months = database["pay_months"]
        self._clock = clock

    def ensure_indexes(self) -> None:
        self._months.create_index("changed_at", name="forget", expireAfterSeconds=int(_KEPT_FOR.total_seconds()))

    def get(self, pay_month_id: str, /) -> PayMonth:
        document = self._months.find_one({"_id": pay_month_id}) or {"set_aside": [], "version": 0}
        return PayMonth(
            pay_month_id=pay_month_id,
            set_aside={
                row["payment_id"]: SetAside(amount=Money.from_mapping(row["amount"]), at=row["at"])
                for row in document["set_aside"]
            },
            version=document["version"],
        )

    def save(self, month: PayMonth, /) -> None:
        rows = [
            {"payment_id": payment_id, "amount": aside.amount.as_mapping(), "at": aside.at}
            for payment_id, aside in month.set_aside.items()
        ]
        save_aggregate(
            self._months,
            month,
            document_id=month.pay_month_id,
            document={"set_aside": rows, "changed_at": self._clock.now()},
        )
