"""Payments with a world in memory: an acquirer with a ledger, accounts with balances, and a way to kill at any call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money
from services.payments.adapters.autopay_files import load_declines
from services.payments.application.ask_before_repeating import AskBeforeRepeating
from services.payments.application.autopay_pause import AnswerHeldCharge, PauseAutopayRule
from services.payments.application.autopay_rules import CheckTerms, CreateAutopayRule, GetAutopayRule
from services.payments.application.bind_card import BindCard, Binding, DriveBindings
from services.payments.application.charge_occasion import ChargeOccasion
from services.payments.application.charging import Charging
from services.payments.application.create_payment import CreatePayment
from services.payments.application.drive_occasion import DriveOccasions
from services.payments.application.drive_payment import DrivePayments
from services.payments.application.end_autopay import EndAutopayOfAccount
from services.payments.application.find_withdrawal import FindWithdrawal
from services.payments.application.open_occasions import ObserveBalance, OpenDueOccasions, RecheckRules
from services.payments.application.pay_limits import PayLimits
from services.payments.application.payment_methods import GetPaymentMethod, RemovePaymentMethod
from services.payments.application.read_grounds import ReadGrounds
from services.payments.application.receipts import DriveReceipts, OpenReceipt, ReceiptsByHand
from services.payments.application.record_crediting import RecordCrediting
from services.payments.application.refund_payment import RefundPayment
from services.payments.application.region_freezes import GuardRegion, UnfreezeRegion
from services.payments.application.stop_rules import StopRule, StopRulesOfMethod
from services.payments.domain.acquirer import (
    Absent,
    AcquirerBinding,
    AcquirerPayment,
    AcquirerRefund,
    BindingAnswer,
    BindingStatus,
    ChargeOrder,
    PaymentAnswer,
    RefundAnswer,
    Refused,
    SavedCard,
    Silence,
    Status,
)
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.backoff import standard_backoff
from services.payments.domain.card_policy import CardBrand, CardPolicy
from services.payments.domain.fiscal import (
    AcquirerReceipt,
    FiscalTerms,
    MovedMoney,
    ReceiptAnswer,
    ReceiptOrder,
    ReceiptStatus,
)
from services.payments.domain.offer import KindStatus, Offer
from services.payments.domain.payment import Payment, PaymentKind
from services.payments.domain.ports import (
    AccountGone,
    AccountsSilent,
    Action,
    AutopayTerms,
    ContactsSilent,
    DecisionBalance,
    Permission,
    Posting,
    PostingState,
)
from services.payments.domain.region_freeze import FreezeLimits
from tests.payments.builders import FREEZE_LIMITS, GRACE, LIMITS, MOSCOW, ManualClock, rub
from tests.payments.fakes import (
    FakeBindings,
    FakeDue,
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
    """Charges saved cards at once, lets new ones wait for `confirm`; a key has one effect. `script` breaks answers,
    `declines` are the reasons for which the next charges of saved cards are declined."""

    clock: ManualClock
    by_key: dict[str, AcquirerPayment] = field(default_factory=dict)
    refunds: dict[str, AcquirerRefund] = field(default_factory=dict)
    charges: list[AcquirerPayment] = field(default_factory=list)
    script: list[Callable[[PaymentAnswer], PaymentAnswer]] = field(default_factory=list)
    declines: list[str] = field(default_factory=list)
    silent_before: int = 0
    lists_lag: bool = False
    refuses_refunds: bool = False
    told: Callable[[PaymentAnswer], PaymentAnswer] = lambda answer: answer

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
        return self.told(next(known, Refused("not_found")))

    def find(self, payment_id: str, /, *, since: datetime, until: datetime, timeout_s: float) -> PaymentAnswer:
        return Absent() if self.lists_lag else self.by_key.get(f"{payment_id}:charge", Absent())

    def refund(self, *, refund_id: str, acquirer_payment_id: str, amount: Money, timeout_s: float) -> RefundAnswer:
        if self.refuses_refunds:
            return Refused("invalid_request")
        made = AcquirerRefund(
            acquirer_refund_id=f"acquirer-{refund_id}", refund_id=refund_id, status=Status.SUCCEEDED, amount=amount
        )
        return self.refunds.setdefault(refund_id, made)

    def find_refund(self, refund_id: str, /, *, acquirer_payment_id: str, timeout_s: float) -> RefundAnswer:
        return Absent() if self.lists_lag else self.refunds.get(refund_id, Absent())

    def _open(self, order: ChargeOrder) -> AcquirerPayment:
        saved = order.kind is PaymentKind.SAVED_CARD
        made = AcquirerPayment(
            acquirer_payment_id=f"acquirer-{order.payment_id}",
            payment_id=order.payment_id,
            status=Status.SUCCEEDED if saved else Status.PENDING,
            amount=order.amount,
            captured_at=self.clock.now() if saved else None,
            confirmation_url="" if saved else "http://acquirer/pay",
        )
        if saved and self.declines:
            return _with(made, status=Status.CANCELED, decline_reason=self.declines.pop(0), captured_at=None)
        if saved:
            self.charges.append(made)
        return made


class _BillingAccountGone(DomainError):
    reason = "BILLING_ACCOUNT_NOT_FOUND"
    kind = Kind.NOT_FOUND


@dataclass
class FakeBinder:
    """Opens one binding per key, which waits for `confirm`; `script` breaks answers."""

    by_key: dict[str, AcquirerBinding] = field(default_factory=dict)
    script: list[Callable[[BindingAnswer], BindingAnswer]] = field(default_factory=list)

    def bind(self, *, idempotence_key: str, payment_method_id: str, return_url: str, timeout_s: float) -> BindingAnswer:
        opened = AcquirerBinding(
            acquirer_method_id=f"acquirer-{payment_method_id}",
            payment_method_id=payment_method_id,
            status=BindingStatus.PENDING,
            confirmation_url="http://acquirer/bind",
        )
        return self._answer(self.by_key.setdefault(idempotence_key, opened))

    def get_binding(self, acquirer_method_id: str, /, *, timeout_s: float) -> BindingAnswer:
        known = (told for told in self.by_key.values() if told.acquirer_method_id == acquirer_method_id)
        return self._answer(next(known, Refused("not_found")))

    def confirm(self, payment_method_id: str, *, country: str = "RU") -> None:
        key = f"{payment_method_id}:bind"
        card = SavedCard(
            acquirer_method_id=f"acquirer-{payment_method_id}",
            brand="visa",
            last4="1111",
            expires="2099-12",
            issuer_country=country,
        )
        self.by_key[key] = replace(self.by_key[key], status=BindingStatus.ACTIVE, confirmation_url="", card=card)

    def _answer(self, answer: BindingAnswer) -> BindingAnswer:
        return self.script.pop(0)(answer) if self.script else answer


@dataclass
class FakeRegister:
    """Takes a receipt per key and registers it when it is asked again; `script` breaks answers. `looks` counts who
    looked before they sent."""

    clock: ManualClock
    by_key: dict[str, tuple[ReceiptOrder, AcquirerReceipt]] = field(default_factory=dict)
    script: list[Callable[[ReceiptAnswer], ReceiptAnswer]] = field(default_factory=list)
    lists_lag: bool = False
    looks: int = 0

    def register(self, order: ReceiptOrder, /, *, timeout_s: float) -> ReceiptAnswer:
        made = AcquirerReceipt(
            acquirer_receipt_id=f"rt-{order.idempotence_key}", status=ReceiptStatus.PENDING, amount=order.amount
        )
        first, known = self.by_key.get(order.idempotence_key, (order, made))
        answer = self._answer(known if first == order else Refused("invalid_request"))
        if not isinstance(answer, Refused):  # else it was not executed
            self.by_key[order.idempotence_key] = first, known
        return answer

    def get_receipt(self, acquirer_receipt_id: str, /, *, timeout_s: float) -> ReceiptAnswer:
        key = acquirer_receipt_id.removeprefix("rt-")
        order, made = self.by_key[key]
        done = replace(made, status=ReceiptStatus.SUCCEEDED, registered_at=made.registered_at or self.clock.now())
        self.by_key[key] = order, done
        return self._answer(done)

    def find_receipt(self, money: MovedMoney, /, *, timeout_s: float) -> ReceiptAnswer:
        self.looks += 1
        known = (made for order, made in self.by_key.values() if order.money == money)
        return Absent() if self.lists_lag else next(known, Absent())

    def _answer(self, answer: ReceiptAnswer) -> ReceiptAnswer:
        return self.script.pop(0)(answer) if self.script else answer


@dataclass
class FakeContacts:
    """One address for all."""

    email: str = "payer@example.test"
    silent: bool = False

    def email_of(self, subscriber_id: str, /) -> str:
        if self.silent:
            raise ContactsSilent
        return self.email


@dataclass
class FakeAccounts:
    """One balance for all, told after `takes_s`; credits what is asked for once per payment, unless it refuses or is
    silent. With `keeps_balance` new fees eat up at once whatever is paid."""

    clock: ManualClock
    balance: Money = field(default_factory=lambda: rub(1000))
    takes_s: int = 0
    silent: bool = False
    gone: bool = False
    old_mandate_active: bool = False
    keeps_balance: bool = False
    obstacle: Reason | None = None
    refuses: str = ""
    credited: dict[str, Money] = field(default_factory=dict)
    refusal: Exception | None = None
    monthly_pay_limit: Money | None = None

    def authorize(self, *, subscriber_id: str, billing_account_id: str, actions: Sequence[Action]) -> Permission:
        if self.gone:
            raise _BillingAccountGone("no such account")
        if self.refusal is not None:
            raise self.refusal
        return self._permission()

    def autopay_permission(self, *, subscriber_id: str, billing_account_id: str) -> Permission | Reason:
        if self.silent:
            raise AccountsSilent
        if self.gone:
            return Reason.ACCOUNT_UNLINKED
        return self.obstacle or self._permission()

    def autopay_terms(self, *, subscriber_id: str, billing_account_id: str) -> AutopayTerms | Reason:
        permission = self.autopay_permission(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        if isinstance(permission, Reason):
            return permission
        return AutopayTerms(permission=permission, told=self.decision_balance(billing_account_id=billing_account_id))

    def _permission(self) -> Permission:
        return Permission(time_zone=MOSCOW, region="77", monthly_pay_limit=self.monthly_pay_limit)

    def check_linked(self, *, subscriber_id: str, billing_account_id: str) -> None:
        if self.gone:
            raise AccountGone(billing_account_id)
        if self.silent:
            raise AccountsSilent

    def decision_balance(self, *, billing_account_id: str) -> DecisionBalance:
        if self.gone:
            raise AccountGone(billing_account_id)
        if self.silent:
            raise AccountsSilent
        self.clock.advance(seconds=self.takes_s)
        return DecisionBalance(balance=self.balance, as_of=self.clock.now(), old_mandate_active=self.old_mandate_active)

    def request_posting(self, payment: Payment, /) -> Posting:
        if self.silent:
            raise AccountsSilent
        if self.refuses:
            return Posting(state=PostingState.REFUSED, refusal_reason=self.refuses)
        if payment.payment_id not in self.credited:
            self.credited[payment.payment_id] = payment.amount
            self.balance += Money.zero() if self.keeps_balance else payment.amount
        return Posting(state=PostingState.POSTED, posted_at=self.clock.now())


@dataclass
class World:
    """Everything that outlives a process; `process` is one process over it."""

    clock: ManualClock = field(default_factory=ManualClock)
    payments: FakePayments = field(default_factory=FakePayments)
    methods: FakeMethods = field(default_factory=FakeMethods)
    receipts: FakeReceipts = field(default_factory=FakeReceipts)
    contacts: FakeContacts = field(default_factory=FakeContacts)
    intents: FakeIntents = field(default_factory=FakeIntents)
    bindings: FakeBindings = field(default_factory=FakeBindings)
    binder: FakeBinder = field(default_factory=FakeBinder)
    rules: FakeRules = field(default_factory=FakeRules)
    occasions: FakeOccasions = field(default_factory=FakeOccasions)
    freezes: FakeFreezes = field(default_factory=FakeFreezes)
    freeze_limits: FreezeLimits = FREEZE_LIMITS
    months: FakePayMonths = field(default_factory=FakePayMonths)

    def __post_init__(self) -> None:
        self.acquirer = FakeAcquirer(self.clock)
        self.accounts = FakeAccounts(self.clock)
        self.register = FakeRegister(self.clock)

    def process(self, killer: Killer | None = None) -> "Process":
        return Process(self, killer or Killer())


class Process:
    """The use cases of one process, every call of theirs to the world watched by a killer."""

    def __init__(self, world: World, killer: Killer) -> None:
        clock, backoff, around = world.clock, standard_backoff(), killer.around
        payments, methods = around(world.payments), around(world.methods)
        rules, occasions = around(world.rules), around(world.occasions)
        history = around(FakeHistory(world.payments))
        acquirer, accounts = around(world.acquirer), around(world.accounts)
        charging = Charging(
            payments=payments,
            methods=methods,
            acquirer=acquirer,
            clock=clock,
            backoff=backoff,
            card_policy=AN_OFFER.card_policy,
            open_receipt=OpenReceipt(receipts=around(world.receipts), terms=TERMS, clock=clock),
        )
        self.drive_receipts = DriveReceipts(
            due=around(FakeDue(world.receipts.rows, clock)),
            receipts=around(world.receipts),
            payments=payments,
            contacts=around(world.contacts),
            register=around(world.register),
            terms=TERMS,
            clock=clock,
            backoff=backoff,
            timeout_s=4,
        )
        self.receipts_by_hand = ReceiptsByHand(receipts=around(world.receipts), clock=clock)
        stop_rule = StopRule(rules=rules, clock=clock)
        limits = PayLimits(months=around(world.months), payments=payments, clock=clock)
        self.world = world
        self.create_payment = CreatePayment(
            payments=payments,
            methods=methods,
            accounts=accounts,
            limits=limits,
            charging=charging,
            ask_before_repeating=AskBeforeRepeating(intents=around(world.intents), payments=payments, clock=clock),
            offer=AN_OFFER,
            return_prefixes=("http://localhost:18080",),
            clock=clock,
            charge_timeout_s=4,
            charge_grace=GRACE,
        )
        self.refund_payment = RefundPayment(payments=payments, clock=clock)
        self.record_crediting = RecordCrediting(payments=payments, clock=clock)
        self.observe_balance = ObserveBalance(rules=rules, occasions=occasions, clock=clock)
        self.open_due_occasions = OpenDueOccasions(rules=rules, occasions=occasions, clock=clock)
        binding = Binding(
            bindings=around(world.bindings),
            methods=methods,
            binder=around(world.binder),
            card_policy=AN_OFFER.card_policy,
            clock=clock,
            backoff=backoff,
        )
        self.bind_card = BindCard(
            bindings=around(world.bindings),
            binding=binding,
            offer=AN_OFFER,
            return_prefixes=("http://localhost:18080",),
            clock=clock,
            charge_timeout_s=4,
            charge_grace=GRACE,
        )
        self.drive_bindings = DriveBindings(
            due=around(FakeDue(world.bindings.rows, clock)), binding=binding, charge_timeout_s=4
        )
        self.get_method = GetPaymentMethod(methods=methods, bindings=around(world.bindings))
        self.remove_method = RemovePaymentMethod(
            methods=methods,
            bindings=around(world.bindings),
            binding=binding,
            stop_rules=StopRulesOfMethod(rules=rules, stop_rule=stop_rule),
            clock=clock,
        )
        get_rule = GetAutopayRule(rules=rules)
        self.pause_rule = PauseAutopayRule(get_rule=get_rule, rules=rules, clock=clock)
        self.answer_held = AnswerHeldCharge(occasions=occasions, clock=clock)
        self.unfreeze = UnfreezeRegion(freezes=around(world.freezes), clock=clock)
        self.end_autopay_of_account = EndAutopayOfAccount(
            rules=rules, occasions=occasions, payments=payments, stop_rule=stop_rule, clock=clock
        )
        self.create_rule = CreateAutopayRule(
            rules=rules, accounts=accounts, check_terms=CheckTerms(methods=methods, offer=AN_OFFER), clock=clock
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
        read_grounds = ReadGrounds(
            methods=methods,
            payments=payments,
            history=history,
            occasions=occasions,
            accounts=accounts,
            pay_limits=limits,
            guard_region=GuardRegion(
                freezes=around(world.freezes), rules=rules, limits=world.freeze_limits, clock=clock
            ),
            limits=LIMITS,
        )
        find_withdrawal = FindWithdrawal(methods=methods, rules=rules, card_policy=AN_OFFER.card_policy, clock=clock)
        self.drive_occasions = DriveOccasions(
            due=around(FakeDue(world.occasions.rows, clock)),
            occasions=occasions,
            rules=rules,
            payments=payments,
            read_grounds=read_grounds,
            charge=ChargeOccasion(
                payments=payments,
                pay_limits=limits,
                find_withdrawal=find_withdrawal,
                charging=charging,
                clock=clock,
                charge_timeout_s=4,
                charge_grace=GRACE,
            ),
            stop_rule=stop_rule,
            declines=load_declines(),
            clock=clock,
            backoff=backoff,
        )
        self.drive_payments = DrivePayments(
            due=around(FakeDue(world.payments.rows, clock)),
            payments=payments,
            accounts=accounts,
            acquirer=acquirer,
            charging=charging,
            find_withdrawal=find_withdrawal,
            clock=clock,
            backoff=backoff,
            charge_timeout_s=4,
            charge_grace=GRACE,
        )

    def turn(self) -> bool:
        """Do whatever is due now, everything once."""
        opened = bool(self.open_due_occasions())
        return any(
            [
                opened,
                self.recheck_rules(),
                self.drive_occasions(),
                self.drive_payments(),
                self.drive_bindings(),
                self.drive_receipts(),
            ]
        )

    def run(self, *, minutes: int = 30) -> None:
        """Let time pass in steps of 20 s."""
        for _ in range(minutes * 3):
            while self.turn():
                pass
            self.world.clock.advance(seconds=20)


TERMS = FiscalTerms(
    description="Оплата услуг связи",
    vat_code=12,
    tax_system_code=1,
    payment_subject="payment",
    payment_mode="advance",
)
AN_OFFER = Offer(
    kinds=(
        KindStatus(kind=PaymentKind.NEW_CARD, disabled_reason=""),
        KindStatus(kind=PaymentKind.SAVED_CARD, disabled_reason=""),
        KindStatus(kind=PaymentKind.SBP, disabled_reason=""),
        KindStatus(kind=PaymentKind.WEBMONEY, disabled_reason="WITHDRAWN_BY_OPERATOR"),
    ),
    card_policy=CardPolicy(
        brands=(CardBrand(brand="mir", name="Мир"), CardBrand(brand="visa", name="VISA")),
        issuer_countries=frozenset({"RU"}),
    ),
    largest_payment=rub(350_000),
)


def _with(told: AcquirerPayment, **fields: Any) -> AcquirerPayment:
    return replace(told, **fields)
