"""Payments, and what is looked for by the words of others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.clock import SystemClock
from services.chassis.errors import VersionConflict
from services.payments.adapters.storage import storage_in
from services.payments.domain.card_binding import BindingState
from services.payments.domain.evidence import Chargeback, Evidence
from services.payments.domain.payment import PaymentKind, Problem, State
from services.payments.domain.ports import (
    AlreadySaved,
    PagePosition,
    PaymentRepository,
)
from services.payments.domain.refund import Refund, RefundState
from tests.payments.builders import (
    A_MORNING,
    make_binding,
    make_payment,
    rub,
)
from tests.support.query_plans import query_plans

Document = dict[str, Any]
_LATER = A_MORNING + timedelta(minutes=1)


class TestPaymentRepository:
    @pytest.fixture
    def payments(self, build: Callable[[str], Any]) -> PaymentRepository:
        repository: PaymentRepository = build("payments")
        return repository

    def test_returns_what_was_saved(self, payments: PaymentRepository) -> None:
        payment = make_payment(
            state=State.CAPTURED,
            request_id="r",
            fingerprint="f",
            payment_method_id="pm_1",
            acquirer_payment_id="a",
            captured_at=_LATER,
            needs_person=Problem.POSTING_CONTRADICTED,
            further_problems=[Problem.CHARGEBACK, Problem.REVERSAL_NEEDED],
            due_at=_LATER,
            asked=3,
            autopay_rule_id="aru_1",
            autopay_rule_version=2,
            card_not_kept="CARD_NOT_ACCEPTED",
            receipt_expected=True,
            receipt_at=_LATER,
            refunds=[
                Refund(
                    refund_id="one",
                    amount=rub(100),
                    reference="T-1",
                    reason="moved out",
                    requested_at=_LATER,
                    sent_at=_LATER,
                    state=RefundState.SUCCEEDED,
                    acquirer_refund_id="r",
                    ended_at=_LATER,
                    reversed_at=_LATER,
                )
            ],
            chargebacks=[
                Chargeback(chargeback_id="cb", amount=rub(450), reason="r", received_at=_LATER, recorded_at=_LATER)
            ],
            evidence=[Evidence(about="one", note="ledger 7", recorded_by="op", recorded_at=_LATER)],
        )

        payments.save(payment)

        assert payments.get(payment.payment_id) == payment
        assert payment.version == 1
        assert payments.get("pay_none") is None

    def test_lists_what_waits_for_a_person_the_oldest_first(self, payments: PaymentRepository) -> None:
        made = [
            make_payment(created_at=A_MORNING + timedelta(minutes=age), needs_person=problem)
            for age, problem in ((3, Problem.CHARGEBACK), (1, Problem.OUTCOME_UNKNOWN), (2, None))
        ]
        for payment in made:
            payments.save(payment)

        assert payments.needing_person(limit=10) == [made[1], made[0]]
        assert payments.needing_person(limit=1) == [made[1]]

    def test_finds_by_the_acquirers_id(self, payments: PaymentRepository) -> None:
        payment = make_payment(acquirer_payment_id="a")
        payments.save(payment)

        assert payments.by_acquirer_payment("a") == payment
        assert payments.by_acquirer_payment("b") is None

    def test_a_lost_race_is_a_conflict_and_announces_nothing(self, payments: PaymentRepository) -> None:
        payment = make_payment()
        payments.save(payment)
        late = payments.get(payment.payment_id)
        assert late is not None
        payment.lose_track(now=_LATER)
        payments.save(payment)

        late.decline("insufficient_funds", now=_LATER)

        with pytest.raises(VersionConflict):
            payments.save(late)
        assert payments.get(payment.payment_id) == payment

    def test_a_request_has_one_payment_and_a_payment_without_one_is_free(self, payments: PaymentRepository) -> None:
        first = make_payment(subscriber_id="sub_1", request_id="r")
        payments.save(first)

        with pytest.raises(AlreadySaved):
            payments.save(make_payment(subscriber_id="sub_1", request_id="r"))
        with pytest.raises(AlreadySaved):
            payments.save(make_payment(payment_id=first.payment_id))
        payments.save(make_payment(subscriber_id="sub_2", request_id="r"))
        payments.save(make_payment(subscriber_id="sub_1"))
        payments.save(make_payment(subscriber_id="sub_1"))

        assert payments.by_request(subscriber_id="sub_1", request_id="r") == first
        assert payments.by_request(subscriber_id="sub_3", request_id="r") is None

    def test_pages_run_from_the_newest_through_rows_of_one_moment(self, payments: PaymentRepository) -> None:
        made = [
            make_payment(
                payment_id=f"pay_{number}",
                subscriber_id="sub_1",
                billing_account_id=f"acc_{number % 2}",
                created_at=A_MORNING + timedelta(minutes=number // 2),
            )
            for number in range(5)
        ]
        for payment in [*made, make_payment(subscriber_id="sub_2")]:
            payments.save(payment)

        first = payments.page(subscriber_id="sub_1", billing_account_id="", size=2, after=None)
        after = PagePosition(at=first[-1].created_at, row_id=first[-1].payment_id)
        rest = payments.page(subscriber_id="sub_1", billing_account_id="", size=9, after=after)
        of_one = payments.page(subscriber_id="sub_1", billing_account_id="acc_1", size=9, after=None)

        assert [payment.payment_id for payment in [*first, *rest]] == ["pay_4", "pay_3", "pay_2", "pay_1", "pay_0"]
        assert [payment.payment_id for payment in of_one] == ["pay_3", "pay_1"]

    def test_a_hint_hurries_an_undecided_payment_and_no_other(self, payments: PaymentRepository) -> None:
        waiting = make_payment(state=State.AWAITING_CONFIRMATION, acquirer_payment_id="a", due_at=_LATER)
        captured = make_payment(state=State.CAPTURED, acquirer_payment_id="b", due_at=_LATER)
        for payment in (waiting, captured):
            payments.save(payment)

        found = [payments.hurry(acquirer_payment_id=name, now=A_MORNING) for name in ("a", "a", "b", "nobody")]

        hurried, left = payments.get(waiting.payment_id), payments.get(captured.payment_id)
        assert hurried is not None and (hurried.due_at, hurried.version) == (A_MORNING, 2)
        assert left == captured
        assert found == [True, True, True, False]

    def test_counts_what_a_balance_does_not_show_yet(self, payments: PaymentRepository) -> None:
        account: dict[str, Any] = {"billing_account_id": "acc_1", "kind": PaymentKind.SAVED_CARD}
        counted = [
            make_payment(kopecks=1, state=State.UNKNOWN, **account),
            make_payment(kopecks=10, state=State.CAPTURED, **account),
            make_payment(kopecks=100, state=State.CREATED, **account),
            make_payment(kopecks=1_000, state=State.POSTED, posted_at=_LATER, **account),
        ]
        others = [
            make_payment(kopecks=7, state=State.POSTED, posted_at=A_MORNING, **account),
            make_payment(kopecks=7, state=State.DECLINED, **account),
            make_payment(kopecks=7, state=State.AWAITING_CONFIRMATION, **account),
            make_payment(kopecks=7, state=State.REFUNDING, **account),
            make_payment(kopecks=7, state=State.CAPTURED, billing_account_id="acc_2"),
        ]
        for payment in [*counted, *others]:
            payments.save(payment)

        under_way = payments.under_way(billing_account_id="acc_1", balance_as_of=A_MORNING)

        assert under_way.amount_minor == 1_111
        assert payments.under_way(billing_account_id="acc_3", balance_as_of=A_MORNING) == rub(0)


def test_a_refund_of_before_its_sending_was_kept_may_have_been_sent_when_it_was_requested(
    database: Database[Document],
) -> None:
    payments = storage_in(database, clock=SystemClock()).payments
    refunds = [
        Refund(refund_id=name, amount=rub(1), reference=name, reason="moved out", requested_at=_LATER)
        for name in ("old", "new")
    ]
    payment = make_payment(state=State.RETURNING, refunds=refunds)
    payments.save(payment)
    database["payments"].update_one({"_id": payment.payment_id}, {"$unset": {"refunds.0.sent_at": ""}})

    read = payments.get(payment.payment_id)

    assert read is not None
    assert [refund.sent_at for refund in read.refunds] == [_LATER, None]


def test_a_payment_of_before_it_could_have_several_problems_is_read(database: Database[Document]) -> None:
    payments = storage_in(database, clock=SystemClock()).payments
    payment = make_payment(state=State.POSTED, needs_person=Problem.CHARGEBACK)
    payments.save(payment)
    database["payments"].update_one({"_id": payment.payment_id}, {"$unset": {"further_problems": ""}})

    assert payments.needing_person(limit=1) == [payment]


def test_what_is_looked_for_by_the_words_of_others_is_found_by_an_index(database: Database[Document]) -> None:
    storage = storage_in(database, clock=SystemClock())
    storage.ensure_indexes()
    payment = make_payment(state=State.UNKNOWN, request_id="r", acquirer_payment_id="a", due_at=_LATER)
    storage.payments.save(payment)
    storage.bindings.save(make_binding(state=BindingState.UNKNOWN, acquirer_method_id="m", due_at=_LATER))

    with query_plans(database) as plans:
        storage.payments.hurry(acquirer_payment_id="a", now=A_MORNING)
        storage.bindings.hurry(acquirer_method_id="m", now=A_MORNING)
        by_acquirer = storage.payments.by_acquirer_payment("a")
        by_request = storage.payments.by_request(subscriber_id=payment.subscriber_id, request_id="r")

    assert by_acquirer == by_request and by_request is not None and by_request.due_at == A_MORNING
    assert plans and all(plan.startswith("IXSCAN") for plan in plans), plans
