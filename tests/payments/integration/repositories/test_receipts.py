"""Fiscal receipts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.errors import VersionConflict
from services.payments.domain.ports import (
    AlreadySaved,
    ReceiptRepository,
)
from services.payments.domain.receipt import ReceiptProblem, ReceiptState
from tests.payments.builders import (
    A_MORNING,
    make_receipt,
)

_LATER = A_MORNING + timedelta(minutes=1)


class TestReceiptRepository:
    @pytest.fixture
    def receipts(self, build: Callable[[str], Any]) -> ReceiptRepository:
        repository: ReceiptRepository = build("receipts")
        return repository

    def test_returns_what_was_saved(self, receipts: ReceiptRepository) -> None:
        receipt = make_receipt(
            state=ReceiptState.FAILED,
            refund_id="one",
            acquirer_receipt_id="rt",
            registered_at=_LATER,
            attempt=2,
            problem=ReceiptProblem.CANCELED,
            asked=3,
            due_at=_LATER,
        )

        receipts.save(receipt)

        assert receipts.get(receipt.receipt_id) == receipt
        assert receipts.get("none") is None

    def test_there_is_one_of_an_id_and_a_lost_race_is_a_conflict(self, receipts: ReceiptRepository) -> None:
        receipt = make_receipt()
        receipts.save(receipt)
        stale = replace(receipt)
        receipts.save(receipt)

        with pytest.raises(AlreadySaved):
            receipts.save(make_receipt(payment_id=receipt.payment_id))
        with pytest.raises(VersionConflict):
            receipts.save(stale)

    def test_lists_what_waits_for_a_person_the_oldest_first(self, receipts: ReceiptRepository) -> None:
        made = [
            make_receipt(created_at=A_MORNING + timedelta(minutes=age), problem=problem)
            for age, problem in ((3, ReceiptProblem.CANCELED), (1, ReceiptProblem.OVERDUE), (2, None))
        ]
        for receipt in made:
            receipts.save(receipt)

        assert receipts.needing_person(limit=10) == [made[1], made[0]]
