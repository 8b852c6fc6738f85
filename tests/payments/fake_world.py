"""Payments with a world in memory: an acquirer with a ledger, accounts with balances, and a way to kill at any call."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.chassis.money import Money
from services.payments.application.charging import Charging
from services.payments.application.create_payment import CreatePayment
from services.payments.application.drive_occasion import DriveOccasions
from services.payments.application.drive_payment import DrivePayments
from services.payments.application.open_occasions import ObserveBalance, OpenDueOccasions, RecheckRules
from services.payments.application.payment_methods import RemovePaymentMethod
from services.payments.application.record_crediting import RecordCrediting
from services.payments.application.stop_rules import StopRule, StopRulesOfMethod
from services.payments.domain.acquirer import (
    Absent,
    AcquirerPayment,
    AcquirerRefund,
    ChargeOrder,
    PaymentAnswer,
    RefundAnswer,
    Refused,
    Silence,
    Status,
)
from services.payments.domain.backoff import standard_backoff
from services.payments.domain.offer import KindStatus, Offer
from services.payments.domain.payment import Payment, PaymentKind
from services.payments.domain.ports import AccountGone, AccountsSilent, Action, DecisionBalance, Posting, PostingState
from tests.payments.builders import GRACE, MOSCOW, ManualClock, rub
from tests.payments.fakes import FakeDue, FakeMethods, FakeOccasions, FakePayments, FakeRules


class Killed(BaseException):
    """The process is gone: nothing of it goes on, not even an `except Exception`."""


@dataclass
class Killer:
    """Kills after the n-th call to the world; 0 never."""

    after: int = 0
    calls: int = 0

    def around(self, thing: Any) -> Any:
        return _Watched(thing, self)

    def called(self) -> None:
        self.calls += 1
        if self.calls == self.after:
            raise Killed


class _Watched:
    def __init__(self, thing: Any, killer: Killer) -> None:
        self._thing = thing
        self._killer = killer

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._thing, name)

        def call(*arguments: Any, **options: Any) -> Any:
            result = method(*arguments, **options)
            self._killer.called()
            return result

        return call


@dataclass
class FakeAcquirer:
    """Charges saved cards at once, lets new ones wait for `confirm`; a key has one effect. `script` breaks answers."""

    clock: ManualClock
    by_key: dict[str, AcquirerPayment] = field(default_factory=dict)
    refunds: dict[str, AcquirerRefund] = field(default_factory=dict)
    charges: list[AcquirerPayment] = field(default_factory=list)
    script: list[Callable[[PaymentAnswer], PaymentAnswer]] = field(default_factory=list)
    silent_before: int = 0
    lists_lag: bool = False

    def charge(self, order: ChargeOrder, /, *, timeout_s: float) -> PaymentAnswer:
        if self.silent_before:
            self.silent_before -= 1
            return Silence()
        if order.idempotence_key not in self.by_key:
            self.by_key[order.idempotence_key] = self._open(order)
        answer: PaymentAnswer = self.by_key[order.idempotence_key]
        return self.script.pop(0)(answer) if self.script else answer

    def confirm(self, payment_id: str) -> None:
        key = f"{payment_id}:charge"
        paid = _with(self.by_key[key], status=Status.SUCCEEDED, captured_at=self.clock.now(), confirmation_url="")
        self.by_key[key] = paid
        self.charges.append(paid)

    def get(self, acquirer_payment_id: str, /, *, timeout_s: float) -> PaymentAnswer:
        known = (told for told in self.by_key.values() if told.acquirer_payment_id == acquirer_payment_id)
        return next(known, Refused("not_found"))

    def find(self, payment_id: str, /, *, since: datetime, until: datetime, timeout_s: float) -> PaymentAnswer:
        return Absent() if self.lists_lag else self.by_key.get(f"{payment_id}:charge", Absent())

    def refund(
        self, *, idempotence_key: str, acquirer_payment_id: str, amount: Money, timeout_s: float
    ) -> RefundAnswer:
        made = AcquirerRefund(acquirer_refund_id=idempotence_key, status=Status.SUCCEEDED, amount=amount)
        return self.refunds.setdefault(idempotence_key, made)

    def find_refund(self, acquirer_payment_id: str, /, *, timeout_s: float) -> RefundAnswer:
        key = f"{acquirer_payment_id.removeprefix('acquirer-')}:refund"
        return Absent() if self.lists_lag else self.refunds.get(key, Absent())

    def _open(self, order: ChargeOrder) -> AcquirerPayment:
        saved = bool(order.acquirer_method_id)
        made = AcquirerPayment(
            acquirer_payment_id=f"acquirer-{order.payment_id}",
            payment_id=order.payment_id,
            status=Status.SUCCEEDED if saved else Status.PENDING,
            amount=order.amount,
            captured_at=self.clock.now() if saved else None,
            confirmation_url="" if saved else "http://acquirer/pay",
        )
        if saved:
            self.charges.append(made)
        return made


@dataclass
class FakeAccounts:
    """One balance for all; credits what is asked for once per payment, unless it refuses or is silent."""

    clock: ManualClock
    balance: Money = field(default_factory=lambda: rub(1000))
    silent: bool = False
    gone: bool = False
    refuses: str = ""
    credited: dict[str, Money] = field(default_factory=dict)
    refusal: Exception | None = None

    def authorize(self, *, subscriber_id: str, billing_account_id: str, action: Action) -> str:
        if self.refusal is not None:
            raise self.refusal
        return MOSCOW

    def decision_balance(self, *, billing_account_id: str) -> DecisionBalance:
        if self.gone:
            raise AccountGone(billing_account_id)
        if self.silent:
            raise AccountsSilent
        return DecisionBalance(balance=self.balance, as_of=self.clock.now())

    def request_posting(self, payment: Payment, /) -> Posting:
        if self.silent:
            raise AccountsSilent
        if self.refuses:
            return Posting(state=PostingState.REFUSED, refusal_reason=self.refuses)
        if payment.payment_id not in self.credited:
            self.credited[payment.payment_id] = payment.amount
            self.balance += payment.amount
        return Posting(state=PostingState.POSTED, posted_at=self.clock.now())


@dataclass
class World:
    """Everything that outlives a process; `process` is one process over it."""

    clock: ManualClock = field(default_factory=ManualClock)
    payments: FakePayments = field(default_factory=FakePayments)
    methods: FakeMethods = field(default_factory=FakeMethods)
    rules: FakeRules = field(default_factory=FakeRules)
    occasions: FakeOccasions = field(default_factory=FakeOccasions)

    def __post_init__(self) -> None:
        self.acquirer = FakeAcquirer(self.clock)
        self.accounts = FakeAccounts(self.clock)

    def process(self, killer: Killer | None = None) -> "Process":
        return Process(self, killer or Killer())


class Process:
    """The use cases of one process, every call of theirs to the world watched by a killer."""

    def __init__(self, world: World, killer: Killer) -> None:
        clock, backoff, around = world.clock, standard_backoff(), killer.around
        payments, methods = around(world.payments), around(world.methods)
        rules, occasions = around(world.rules), around(world.occasions)
        acquirer, accounts = around(world.acquirer), around(world.accounts)
        charging = Charging(payments=payments, methods=methods, acquirer=acquirer, clock=clock, backoff=backoff)
        stop_rule = StopRule(rules=rules, clock=clock)
        self.world = world
        self.create_payment = CreatePayment(
            payments=payments,
            methods=methods,
            accounts=accounts,
            charging=charging,
            offer=AN_OFFER,
            return_prefixes=("http://localhost:18080",),
            clock=clock,
            charge_timeout_s=4,
            charge_grace=GRACE,
        )
        self.record_crediting = RecordCrediting(payments=payments, clock=clock)
        self.observe_balance = ObserveBalance(rules=rules, occasions=occasions, clock=clock)
        self.open_due_occasions = OpenDueOccasions(rules=rules, occasions=occasions, clock=clock)
        self.remove_method = RemovePaymentMethod(
            methods=methods, stop_rules=StopRulesOfMethod(rules=rules, stop_rule=stop_rule), clock=clock
        )
        self.recheck_rules = RecheckRules(
            due=around(FakeDue(world.rules.rows, clock)),
            rules=rules,
            occasions=occasions,
            accounts=accounts,
            stop_rule=stop_rule,
            clock=clock,
            every=timedelta(minutes=10),
        )
        self.drive_occasions = DriveOccasions(
            due=around(FakeDue(world.occasions.rows, clock)),
            occasions=occasions,
            rules=rules,
            methods=methods,
            payments=payments,
            accounts=accounts,
            stop_rule=stop_rule,
            clock=clock,
            backoff=backoff,
        )
        self.drive_payments = DrivePayments(
            due=around(FakeDue(world.payments.rows, clock)),
            payments=payments,
            methods=methods,
            rules=rules,
            accounts=accounts,
            acquirer=acquirer,
            charging=charging,
            clock=clock,
            backoff=backoff,
            charge_timeout_s=4,
            charge_grace=GRACE,
        )

    def turn(self) -> bool:
        """Do whatever is due now, everything once."""
        opened = bool(self.open_due_occasions())
        return any([opened, self.recheck_rules(), self.drive_occasions(), self.drive_payments()])

    def run(self, *, minutes: int = 30) -> None:
        """Let time pass in steps of 20 s."""
        for _ in range(minutes * 3):
            while self.turn():
                pass
            self.world.clock.advance(seconds=20)


AN_OFFER = Offer(
    kinds=(
        KindStatus(kind=PaymentKind.NEW_CARD, disabled_reason=""),
        KindStatus(kind=PaymentKind.SAVED_CARD, disabled_reason=""),
        KindStatus(kind=PaymentKind.WEBMONEY, disabled_reason="WITHDRAWN_BY_OPERATOR"),
    ),
    card_brands=("Мир",),
    largest_payment=rub(350_000),
)


def _with(told: AcquirerPayment, **fields: Any) -> AcquirerPayment:
    return replace(told, **fields)
