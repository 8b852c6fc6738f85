"""One conformance class per repository, run against the fake and MongoDB."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.chassis.clock import SystemClock
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from services.payments.adapters.autopay_files import load_declines
from services.payments.adapters.storage import storage_in
from services.payments.domain.acquirer import SavedCard
from services.payments.domain.autopay_amount import Caps, UpToTarget
from services.payments.domain.autopay_decision import Word
from services.payments.domain.autopay_ports import RegionFreezeRepository
from services.payments.domain.autopay_rule import AutopayRuleExists, StopReason
from services.payments.domain.autopay_trigger import DayOfMonth, FirstOfMonth, Threshold
from services.payments.domain.backoff import standard_backoff
from services.payments.domain.card_binding import BindingState
from services.payments.domain.evidence import Chargeback, Evidence
from services.payments.domain.payment import PaymentKind, Problem, State
from services.payments.domain.ports import (
    AlreadySaved,
    AutopayOccasionRepository,
    AutopayRuleRepository,
    CardBindingRepository,
    IntentRegister,
    PagePosition,
    PaymentMethodRepository,
    PaymentRepository,
    PayMonthRepository,
    ReceiptRepository,
)
from services.payments.domain.receipt import ReceiptProblem, ReceiptState
from services.payments.domain.refund import Refund, RefundState
from services.payments.domain.region_freeze import RegionFreeze
from services.payments.domain.similar_payment import Claim
from tests.payments.builders import (
    A_MORNING,
    FREEZE_LIMITS,
    make_binding,
    make_grounds,
    make_method,
    make_occasion,
    make_payment,
    make_receipt,
    make_request,
    make_rule,
    rub,
)
from tests.payments.fakes import (
    FakeBindings,
    FakeFreezes,
    FakeHistory,
    FakeIntents,
    FakeMethods,
    FakeOccasions,
    FakePayments,
    FakePayMonths,
    FakeReceipts,
    FakeRules,
)
from tests.support.query_plans import query_plans

Document = dict[str, Any]
_SAME: dict[str, Any] = {"subscriber_id": "sub_1", "billing_account_id": "acc_1"}
_A_WHILE = timedelta(minutes=3)
_LATER = A_MORNING + timedelta(minutes=1)


@pytest.fixture(params=["fake", "mongo"])
def build(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """Return one repository by its name in Storage."""
    if request.param == "fake":
        payments = FakePayments()
        fakes = {
            "payments": payments,
            "methods": FakeMethods(),
            "intents": FakeIntents(),
            "receipts": FakeReceipts(),
            "bindings": FakeBindings(),
            "rules": FakeRules(),
            "occasions": FakeOccasions(),
            "months": FakePayMonths(),
            "history": FakeHistory(payments),
            "freezes": FakeFreezes(),
        }
        return lambda name: fakes[name]
    database: Database[Document] = request.getfixturevalue("database")
    storage = storage_in(database, clock=SystemClock())
    storage.ensure_indexes()
    return lambda name: getattr(storage, name)


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


class TestAutopayHistory:
    def test_returns_what_rules_of_an_account_charged_or_are_about_to(self, build: Callable[[str], Any]) -> None:
        rule: dict[str, Any] = {"billing_account_id": "acc_1", "autopay_rule_id": "aru_1"}
        mine = make_payment(**rule)
        for payment in [
            mine,
            make_payment(kopecks=2, state=State.UNKNOWN, autopay_rule_id="aru_2", billing_account_id="acc_1"),
            make_payment(kopecks=3, charge_begun_at=None, created_at=A_MORNING - timedelta(days=9), **rule),
            make_payment(state=State.DECLINED, **rule),
            make_payment(created_at=A_MORNING - timedelta(days=2), **rule),
            make_payment(billing_account_id="acc_1"),
            make_payment(autopay_rule_id="aru_1", billing_account_id="acc_2"),
        ]:
            build("payments").save(payment)

        past = build("history").automatic(
            billing_account_id="acc_1", since=A_MORNING - timedelta(days=1), besides=mine.payment_id
        )

        assert sorted(charge.amount.amount_minor for charge in past) == [2, 3]
        assert {charge.at for charge in past} == {A_MORNING, None}

    def test_sums_up_what_was_paid_by_hand_and_may_have_been_taken(self, build: Callable[[str], Any]) -> None:
        mine: dict[str, Any] = {"billing_account_id": "acc_1"}
        for payment in [
            make_payment(kopecks=1, state=State.POSTED, **mine),
            make_payment(kopecks=10, state=State.UNKNOWN, **mine),
            make_payment(kopecks=100, kind=PaymentKind.SAVED_CARD, **mine),
            make_payment(kopecks=1_000, state=State.AWAITING_CONFIRMATION, **mine),
            make_payment(kopecks=1_000, state=State.DECLINED, **mine),
            make_payment(kopecks=1_000, state=State.REFUNDED, **mine),
            make_payment(kopecks=1_000, state=State.POSTED, autopay_rule_id="aru_1", **mine),
            make_payment(kopecks=1_000, state=State.POSTED, created_at=A_MORNING - timedelta(days=2), **mine),
            make_payment(kopecks=1_000, state=State.POSTED, billing_account_id="acc_2"),
        ]:
            build("payments").save(payment)

        paid = build("history").paid_by_hand(billing_account_id="acc_1", since=A_MORNING - timedelta(days=1))

        assert paid == Money(111)


class TestPaymentMethodRepository:
    def test_keeps_cards_and_lists_those_not_removed(self, build: Callable[[str], Any]) -> None:
        methods: PaymentMethodRepository = build("methods")
        old = make_method(subscriber_id="sub_1")
        new = make_method(subscriber_id="sub_1", saved_at=_LATER)
        removed = make_method(subscriber_id="sub_1")
        for method in (old, new, removed, make_method(subscriber_id="sub_2")):
            methods.save(method)

        removed.remove(now=_LATER)
        methods.save(removed)

        assert methods.usable_of(subscriber_id="sub_1") == [new, old]
        assert methods.get(removed.payment_method_id) == removed
        with pytest.raises(AlreadySaved):
            methods.save(make_method(payment_method_id=old.payment_method_id))
        with pytest.raises(VersionConflict):
            methods.save(replace(old, version=7))


class TestIntentRegister:
    @pytest.fixture
    def intents(self, build: Callable[[str], Any]) -> IntentRegister:
        register: IntentRegister = build("intents")
        return register

    def claim(self, intents: IntentRegister, request_id: str, *, now: datetime = _LATER) -> Claim | None:
        return intents.claim(make_request(**_SAME, request_id=request_id).intent, now=now, older_than=now - _A_WHILE)

    def test_a_meaning_is_held_by_one_request_until_it_is_old(self, intents: IntentRegister) -> None:
        first = self.claim(intents, "one")
        own = self.claim(intents, "one")
        second = self.claim(intents, "two", now=_LATER + _A_WHILE - timedelta(seconds=1))
        late = self.claim(intents, "two", now=_LATER + _A_WHILE)

        assert (first, own, late) == (None, None, None)
        assert second == Claim(request_id="one", at=_LATER)

    def test_it_is_taken_over_from_exactly_the_claim_that_was_seen(self, intents: IntentRegister) -> None:
        self.claim(intents, "one")
        held = self.claim(intents, "two")
        assert held is not None
        two, three = (make_request(**_SAME, request_id=request_id).intent for request_id in ("two", "three"))

        taken = [intents.take_over(intent, held, now=_LATER + timedelta(seconds=1)) for intent in (two, three)]

        assert taken == [True, False]
        assert self.claim(intents, "four") == Claim(request_id="two", at=_LATER + timedelta(seconds=1))

    def test_it_can_be_taken_whoever_holds_it(self, intents: IntentRegister) -> None:
        self.claim(intents, "one")

        intents.take(make_request(**_SAME, request_id="two").intent, now=_LATER)

        assert self.claim(intents, "three") == Claim(request_id="two", at=_LATER)

    def test_only_its_holder_gives_it_up(self, intents: IntentRegister) -> None:
        one, two = (make_request(**_SAME, request_id=request_id).intent for request_id in ("one", "two"))
        self.claim(intents, "one")

        intents.release(two)
        still_held = self.claim(intents, "two")
        intents.release(one)

        assert still_held == Claim(request_id="one", at=_LATER)
        assert self.claim(intents, "two") is None

    @pytest.mark.parametrize("change", [{"amount": rub(451)}, {"billing_account_id": "acc_2"}, {"subscriber_id": "s"}])
    def test_another_sum_account_or_payer_is_another_meaning(
        self, intents: IntentRegister, change: dict[str, Any]
    ) -> None:
        self.claim(intents, "one")

        other = make_request(**_SAME | change, request_id="two").intent

        assert intents.claim(other, now=_LATER, older_than=_LATER - _A_WHILE) is None


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


class TestCardBindingRepository:
    @pytest.fixture
    def bindings(self, build: Callable[[str], Any]) -> CardBindingRepository:
        repository: CardBindingRepository = build("bindings")
        return repository

    def test_returns_what_was_saved(self, bindings: CardBindingRepository) -> None:
        card = SavedCard(acquirer_method_id="t", brand="mir", last4="2987", expires="2099-12", issuer_country="RU")
        binding = make_binding(state=BindingState.BOUND, acquirer_method_id="t", card=card, due_at=_LATER, asked=2)

        bindings.save(binding)

        assert bindings.get(binding.payment_method_id) == binding
        found = bindings.by_request(subscriber_id=binding.subscriber_id, request_id=binding.request_id)
        assert found == binding

    def test_a_request_has_one_binding_and_a_lost_race_is_a_conflict(self, bindings: CardBindingRepository) -> None:
        first = make_binding()
        bindings.save(first)
        second = make_binding(subscriber_id=first.subscriber_id, request_id=first.request_id)
        stale = replace(first)

        with pytest.raises(AlreadySaved):
            bindings.save(second)
        bindings.save(first)
        with pytest.raises(VersionConflict):
            bindings.save(stale)

    def test_a_hint_makes_an_open_binding_due_and_nothing_else(self, bindings: CardBindingRepository) -> None:
        waiting = make_binding(
            state=BindingState.AWAITING_CONFIRMATION, acquirer_method_id="open", due_at=_LATER + timedelta(hours=1)
        )
        ended = make_binding(state=BindingState.REFUSED, acquirer_method_id="ended")
        for binding in (waiting, ended):
            bindings.save(binding)

        for acquirer_method_id in ("open", "ended", "nobody's"):
            bindings.hurry(acquirer_method_id=acquirer_method_id, now=_LATER)

        hurried, left = (bindings.get(binding.payment_method_id) for binding in (waiting, ended))
        assert hurried is not None and (hurried.due_at, hurried.version) == (_LATER, 2)
        assert left is not None and (left.due_at, left.version) == (None, 1)


class TestAutopayRuleRepository:
    @pytest.fixture
    def rules(self, build: Callable[[str], Any]) -> AutopayRuleRepository:
        repository: AutopayRuleRepository = build("rules")
        return repository

    @pytest.mark.parametrize("trigger", [FirstOfMonth(), DayOfMonth(31), Threshold(rub(100))])
    def test_returns_what_was_saved(self, rules: AutopayRuleRepository, trigger: Any) -> None:
        rule = make_rule(
            trigger=trigger, amount=UpToTarget(rub(7)), caps=Caps(per_charge=rub(9), per_day=rub(99)), region="54"
        )
        rule.observe(rub(5), as_of=_LATER)
        rule.paused_until, rule.charging_payment_id = _LATER, "pay_1"
        rule.answered_period, rule.answer = "2026-12", Word.SKIP

        rules.save(rule)

        assert rules.get(rule.autopay_rule_id) == rule
        assert rules.by_request(subscriber_id=rule.subscriber_id, request_id=rule.request_id) == rule
        assert rules.active_of_account(billing_account_id=rule.billing_account_id) == rule
        assert rules.active_on_method(payment_method_id=rule.terms.payment_method_id) == [rule]
        assert rules.of_subscriber(subscriber_id=rule.subscriber_id) == [rule]

    def test_an_account_has_one_active_rule(self, rules: AutopayRuleRepository) -> None:
        first = make_rule(billing_account_id="acc_1")
        rules.save(first)

        with pytest.raises(AutopayRuleExists):
            rules.save(make_rule(billing_account_id="acc_1"))
        first.stop(StopReason.SUBSCRIBER, now=_LATER)
        rules.save(first)
        second = make_rule(billing_account_id="acc_1")
        rules.save(second)

        assert rules.active_of_account(billing_account_id="acc_1") == second
        assert rules.get(first.autopay_rule_id) == first

    def test_a_request_has_one_rule(self, rules: AutopayRuleRepository) -> None:
        rules.save(make_rule(subscriber_id="sub_1", request_id="r"))

        with pytest.raises(AlreadySaved):
            rules.save(make_rule(subscriber_id="sub_1", request_id="r"))

    def test_finds_what_is_due_by_date_longest_waiting_first(self, rules: AutopayRuleRepository) -> None:
        old = make_rule(created_at=A_MORNING - timedelta(days=90))
        older = make_rule(created_at=A_MORNING - timedelta(days=150))
        stopped = make_rule(created_at=A_MORNING - timedelta(days=90))
        stopped.stop(StopReason.SUBSCRIBER, now=A_MORNING)
        for rule in (old, older, stopped, make_rule(), make_rule(trigger=Threshold(rub(1)))):
            rules.save(rule)

        assert rules.due_by_date(now=A_MORNING, limit=9) == [older, old]
        assert rules.due_by_date(now=A_MORNING, limit=1) == [older]

    def test_finds_what_is_to_be_announced_and_announces_it_with_the_save(self, rules: AutopayRuleRepository) -> None:
        near, far = make_rule(trigger=DayOfMonth(23)), make_rule(trigger=FirstOfMonth())
        for rule in (near, far, make_rule(trigger=Threshold(rub(1)))):
            rules.save(rule)

        due = rules.due_to_announce(now=A_MORNING + timedelta(days=1), limit=9)
        due[0].announce(now=_LATER)
        rules.save(due[0])

        assert [rule.autopay_rule_id for rule in due] == [near.autopay_rule_id]
        assert due[0].pending_events == []
        assert rules.due_to_announce(now=A_MORNING + timedelta(days=1), limit=9) == []

    def test_counts_the_active_threshold_rules_of_a_region(self, rules: AutopayRuleRepository) -> None:
        stopped = make_rule(trigger=Threshold(rub(1)), region="54")
        stopped.stop(StopReason.SUBSCRIBER, now=_LATER)
        for rule in (
            stopped,
            make_rule(trigger=Threshold(rub(1)), region="54"),
            make_rule(trigger=FirstOfMonth(), region="54"),
            make_rule(trigger=Threshold(rub(1)), region="77"),
        ):
            rules.save(rule)

        assert rules.active_thresholds_in(region="54") == 1


class TestRegionFreezeRepository:
    def test_keeps_what_fired_and_lets_one_of_two_savers_through(self, build: Callable[[str], Any]) -> None:
        freezes: RegionFreezeRepository = build("freezes")
        first, late = freezes.get("54"), freezes.get("54")
        first.let_through("aru_1:episode-1", active_rules=0, limits=FREEZE_LIMITS, now=_LATER)
        freezes.save(first)

        with pytest.raises(VersionConflict):
            freezes.save(late)

        assert freezes.get("54") == first
        assert freezes.get("77") == RegionFreeze(region="77")
        first.frozen_at, first.trusted_until = _LATER, _LATER
        freezes.save(first)
        assert freezes.get("54") == first


class TestAutopayOccasionRepository:
    def test_keeps_the_whole_life_of_an_occasion(self, build: Callable[[str], Any]) -> None:
        occasions: AutopayOccasionRepository = build("occasions")
        occasion = make_occasion(subscriber_id="sub_1", billing_account_id="acc_1")
        occasion.decide(make_grounds(), now=_LATER)
        occasion.await_payment(now=_LATER, backoff=standard_backoff())
        occasion.fail_try("insufficient_funds", table=load_declines(), now=_LATER)
        occasion.decide(make_grounds(automatic_charges_in_24_h=2), now=_LATER)
        occasion.confirm(now=_LATER)

        occasions.save(occasion)

        assert occasion.pending_events == []
        assert occasions.get(occasion.decision_id) == occasion

    def test_says_whether_another_occasion_of_the_account_asks_its_subscriber(
        self, build: Callable[[str], Any]
    ) -> None:
        occasions: AutopayOccasionRepository = build("occasions")
        asks = make_occasion(billing_account_id="acc_1")
        asks.decide(make_grounds(automatic_charges_in_24_h=2), now=_LATER)
        frozen = make_occasion(billing_account_id="acc_2")
        frozen.decide(make_grounds(region_frozen=True), now=_LATER)
        for occasion in (asks, frozen, make_occasion(billing_account_id="acc_3")):
            occasions.save(occasion)

        def asked(account: str, besides: str = "") -> bool:
            return occasions.held_of_account(billing_account_id=account, besides=besides)

        assert [asked("acc_1"), asked("acc_1", asks.decision_id), asked("acc_2"), asked("acc_3")] == [
            True,
            False,
            False,
            False,
        ]

    def test_keeps_decisions_with_all_their_grounds(self, build: Callable[[str], Any]) -> None:
        occasions: AutopayOccasionRepository = build("occasions")
        grounds = make_grounds(
            trigger=Threshold(rub(100)), balance=rub(-20), balance_as_of=_LATER, under_way=rub(1), now=_LATER
        )
        decided = make_occasion(autopay_rule_id="aru_1", decision_id="aru_1:episode-1")
        decided.decide(grounds, now=_LATER)
        newer = make_occasion(autopay_rule_id="aru_1", decision_id="aru_1:2026-12", opened_at=_LATER)
        newer.decide(make_grounds(card_is_usable=False), now=_LATER)
        undecided = make_occasion(autopay_rule_id="aru_1", decision_id="aru_1:episode-2")
        for occasion in (decided, newer, undecided):
            occasions.save(occasion)

        listed = occasions.decided_of(autopay_rule_id="aru_1", size=9, after=None)
        after = PagePosition(at=newer.opened_at, row_id=newer.decision_id)

        assert listed == [newer, decided]
        assert all(occasion.record is not None and occasion.record.replays() for occasion in listed)
        assert occasions.decided_of(autopay_rule_id="aru_1", size=9, after=after) == [decided]
        assert occasions.get(undecided.decision_id) == undecided

    def test_an_occasion_is_opened_once(self, build: Callable[[str], Any]) -> None:
        occasions: AutopayOccasionRepository = build("occasions")
        occasions.save(make_occasion(decision_id="aru_1:2026-11"))

        with pytest.raises(AlreadySaved):
            occasions.save(make_occasion(decision_id="aru_1:2026-11"))


class TestPayMonthRepository:
    @pytest.fixture
    def months(self, build: Callable[[str], Any]) -> PayMonthRepository:
        repository: PayMonthRepository = build("months")
        return repository

    def test_returns_what_was_saved_and_an_empty_month_before(self, months: PayMonthRepository) -> None:
        month = months.get("acc_1:2026-11")
        assert (month.set_aside, month.version) == ({}, 0)
        month.reserve("pay_1", rub(2**40), limit=rub(2**41), now=A_MORNING)
        month.reserve("pay_2", rub(1), limit=rub(2**41), now=_LATER)
        months.save(month)

        assert months.get("acc_1:2026-11") == month
        assert months.get("acc_1:2026-12").set_aside == {}

    def test_of_two_who_set_something_aside_at_once_one_is_saved(self, months: PayMonthRepository) -> None:
        one, other = months.get("acc_1:2026-11"), months.get("acc_1:2026-11")
        one.reserve("pay_1", rub(1), limit=rub(2), now=A_MORNING)
        other.reserve("pay_2", rub(1), limit=rub(2), now=A_MORNING)
        months.save(one)

        with pytest.raises(VersionConflict):
            months.save(other)

        assert list(months.get("acc_1:2026-11").set_aside) == ["pay_1"]
