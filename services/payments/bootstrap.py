"""Composition root of the grpc and dispatcher roles: settings in, a server or loops out."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.chassis.changes import ChangeStreamWaker
from services.chassis.clock import Clock
from services.chassis.leases import LeaderLease
from services.chassis.loops import Dispatcher, DispatcherLoop
from services.chassis.outbox import Relay, relay_loop
from services.chassis.publisher import Publisher, exchange_of
from services.chassis.work import DueWork
from services.payments.adapters.grpc_identity import GrpcContacts
from services.payments.adapters.mongo_autopay_occasions import occasions_collection, to_occasion
from services.payments.adapters.mongo_autopay_rules import rules_collection, to_rule
from services.payments.adapters.mongo_card_bindings import bindings_collection, to_binding
from services.payments.adapters.mongo_payments import payments_collection, to_payment
from services.payments.adapters.mongo_receipts import receipts_collection, to_receipt
from services.payments.adapters.mongo_reconciliations import incidents_collection
from services.payments.adapters.mongo_saving import MongoDue
from services.payments.adapters.yookassa_receipts import YookassaFiscalRegister
from services.payments.application.ask_before_repeating import AskBeforeRepeating
from services.payments.application.autopay_forecast import ForecastAutopayRule, ListAutopayDecisions
from services.payments.application.autopay_rules import (
    CheckTerms,
    CreateAutopayRule,
    GetAutopayRule,
    ListAutopayRules,
    StopAutopayRule,
    UpdateAutopayRule,
)
from services.payments.application.bind_card import BindCard, DriveBindings
from services.payments.application.charge_occasion import ChargeOccasion
from services.payments.application.create_payment import CreatePayment
from services.payments.application.drive_occasion import DriveOccasions
from services.payments.application.drive_payment import DrivePayments
from services.payments.application.note_notification import NoteNotification
from services.payments.application.open_occasions import RecheckRules
from services.payments.application.payment_methods import GetPaymentMethod, ListPaymentMethods, RemovePaymentMethod
from services.payments.application.read_grounds import ReadGrounds
from services.payments.application.read_payments import GetPayment, ListPayments
from services.payments.application.receipts import DriveReceipts, ReceiptsByHand
from services.payments.application.refund_payment import RefundPayment
from services.payments.application.region_freezes import UnfreezeRegion
from services.payments.application.settle_by_hand import SettleByHand
from services.payments.application.stop_rules import StopRulesOfMethod
from services.payments.bootstrap_parts import Parts
from services.payments.bootstrap_reconciliation import reconciliation_loop
from services.payments.domain.offer import Offer

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """What the gRPC server answers with."""

    create_payment: CreatePayment
    get_payment: GetPayment
    list_payments: ListPayments
    offer: Offer
    list_payment_methods: ListPaymentMethods
    bind_card: BindCard
    get_payment_method: GetPaymentMethod
    remove_payment_method: RemovePaymentMethod
    note_notification: NoteNotification
    create_rule: CreateAutopayRule
    get_rule: GetAutopayRule
    list_rules: ListAutopayRules
    update_rule: UpdateAutopayRule
    stop_rule: StopAutopayRule
    forecast_rule: ForecastAutopayRule
    list_decisions: ListAutopayDecisions


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """What an operator's commands do."""

    by_hand: SettleByHand
    receipts_by_hand: ReceiptsByHand
    refund_payment: RefundPayment
    unfreeze_region: UnfreezeRegion
    clock: Clock


def build_operations(parts: Parts, /) -> Operations:
    """Return what an operator's commands do."""
    payments, clock = parts.storage.payments, parts.clock
    return Operations(
        by_hand=SettleByHand(
            payments=payments,
            acquirer=parts.acquirer,
            open_receipt=parts.open_receipt,
            clock=clock,
            timeout_s=parts.settings.charge_timeout_s,
        ),
        receipts_by_hand=ReceiptsByHand(receipts=parts.storage.receipts, clock=clock),
        refund_payment=RefundPayment(payments=payments, clock=clock),
        unfreeze_region=UnfreezeRegion(freezes=parts.storage.freezes, clock=clock),
        clock=clock,
    )


def build_grpc(parts: Parts, /) -> UseCases:
    """Return what the contract's methods call; makes the indexes."""
    storage, clock = parts.storage, parts.clock
    get_rule = GetAutopayRule(rules=storage.rules)
    check_terms = CheckTerms(methods=storage.methods, offer=parts.offer)
    return UseCases(
        create_payment=CreatePayment(
            payments=storage.payments,
            methods=storage.methods,
            accounts=parts.accounts,
            limits=parts.limits,
            charging=parts.charging,
            ask_before_repeating=AskBeforeRepeating(intents=storage.intents, payments=storage.payments, clock=clock),
            offer=parts.offer,
            return_prefixes=(parts.settings.public_url,),
            clock=clock,
            charge_timeout_s=parts.settings.charge_timeout_s,
            charge_grace=parts.charge_grace,
        ),
        get_payment=GetPayment(payments=storage.payments),
        list_payments=ListPayments(payments=storage.payments),
        offer=parts.offer,
        list_payment_methods=ListPaymentMethods(methods=storage.methods),
        bind_card=BindCard(
            bindings=storage.bindings,
            binding=parts.binding,
            offer=parts.offer,
            return_prefixes=(parts.settings.public_url,),
            clock=clock,
            charge_timeout_s=parts.settings.charge_timeout_s,
            charge_grace=parts.charge_grace,
        ),
        get_payment_method=GetPaymentMethod(methods=storage.methods, bindings=storage.bindings),
        remove_payment_method=RemovePaymentMethod(
            methods=storage.methods,
            bindings=storage.bindings,
            binding=parts.binding,
            stop_rules=StopRulesOfMethod(rules=storage.rules, stop_rule=parts.stop_rule),
            clock=clock,
        ),
        note_notification=NoteNotification(payments=storage.payments, bindings=storage.bindings, clock=clock),
        create_rule=CreateAutopayRule(
            rules=storage.rules, accounts=parts.accounts, check_terms=check_terms, clock=clock
        ),
        get_rule=get_rule,
        list_rules=ListAutopayRules(rules=storage.rules),
        update_rule=UpdateAutopayRule(
            rules=storage.rules, get_rule=get_rule, accounts=parts.accounts, check_terms=check_terms, clock=clock
        ),
        stop_rule=StopAutopayRule(get_rule=get_rule, stop_rule=parts.stop_rule),
        forecast_rule=ForecastAutopayRule(
            get_rule=get_rule,
            methods=storage.methods,
            history=storage.history,
            limits=parts.autopay_limits,
            clock=clock,
        ),
        list_decisions=ListAutopayDecisions(get_rule=get_rule, occasions=storage.occasions),
    )


def build_dispatcher(parts: Parts, /) -> Dispatcher:
    """Return the loops through which everything leaves, not yet started."""
    waker = ChangeStreamWaker(parts.database)
    return Dispatcher(
        [
            _relay(parts, waker),
            _payments(parts, waker),
            _bindings(parts, waker),
            *_receipts(parts, waker),
            _occasions(parts, waker),
            _rechecks(parts, waker),
            reconciliation_loop(parts, waker),
        ],
        waker=waker,
    )


def drive_payments(parts: Parts, due: DueWork, /) -> DrivePayments:
    """Return the step that brings one due payment on."""
    return DrivePayments(
        due=MongoDue(due, to_payment),
        payments=parts.storage.payments,
        accounts=parts.accounts,
        acquirer=parts.acquirer,
        charging=parts.charging,
        find_withdrawal=parts.find_withdrawal,
        clock=parts.clock,
        backoff=parts.backoff,
        charge_timeout_s=parts.settings.charge_timeout_s,
        charge_grace=parts.charge_grace,
    )


def drive_occasions(parts: Parts, due: DueWork, /) -> DriveOccasions:
    """Return the step that brings one due occasion on."""
    storage = parts.storage
    return DriveOccasions(
        due=MongoDue(due, to_occasion),
        occasions=storage.occasions,
        rules=storage.rules,
        payments=storage.payments,
        read_grounds=ReadGrounds(
            methods=storage.methods,
            payments=storage.payments,
            history=storage.history,
            occasions=storage.occasions,
            accounts=parts.accounts,
            pay_limits=parts.limits,
            guard_region=parts.guard_region,
            limits=parts.autopay_limits,
        ),
        charge=ChargeOccasion(
            payments=storage.payments,
            pay_limits=parts.limits,
            find_withdrawal=parts.find_withdrawal,
            charging=parts.charging,
            clock=parts.clock,
            charge_timeout_s=parts.settings.charge_timeout_s,
            charge_grace=parts.charge_grace,
        ),
        stop_rule=parts.stop_rule,
        declines=parts.declines,
        clock=parts.clock,
        backoff=parts.backoff,
    )


def recheck_rules(parts: Parts, due: DueWork, /) -> RecheckRules:
    """Return the step that looks at one threshold rule's balance."""
    return RecheckRules(
        due=MongoDue(due, to_rule),
        rules=parts.storage.rules,
        occasions=parts.storage.occasions,
        accounts=parts.accounts,
        stop_rule=parts.stop_rule,
        clock=parts.clock,
        every=timedelta(seconds=parts.settings.autopay_recheck_s),
    )


def _relay(parts: Parts, waker: ChangeStreamWaker) -> DispatcherLoop:
    relay = Relay(
        [
            payments_collection(parts.database),
            rules_collection(parts.database),
            occasions_collection(parts.database),
            incidents_collection(parts.database),
        ],
        publisher=Publisher(parts.settings.amqp_url, exchange=exchange_of("payments")),
        lease=LeaderLease(
            parts.database["leases"], name="relay", owner=parts.owner, ttl_s=parts.settings.relay_lease_s
        ),
    )
    return relay_loop(relay, waker)


def _payments(parts: Parts, waker: ChangeStreamWaker) -> DispatcherLoop:
    due = parts.due(payments_collection(parts.database))
    return DispatcherLoop(
        "payments",
        drive_payments(parts, due),
        waker=waker,
        concurrency=parts.settings.dispatcher_concurrency,
        due=due,
    )


def _bindings(parts: Parts, waker: ChangeStreamWaker) -> DispatcherLoop:
    due = parts.due(bindings_collection(parts.database))
    step = DriveBindings(
        due=MongoDue(due, to_binding), binding=parts.binding, charge_timeout_s=parts.settings.charge_timeout_s
    )
    return DispatcherLoop("card-bindings", step, waker=waker, due=due)


def _receipts(parts: Parts, waker: ChangeStreamWaker) -> list[DispatcherLoop]:
    """Return the loop of receipts, none where the profile has no receipts."""
    if parts.fiscal_terms is None:
        return []
    due = parts.due(receipts_collection(parts.database))
    step = DriveReceipts(
        due=MongoDue(due, to_receipt),
        receipts=parts.storage.receipts,
        payments=parts.storage.payments,
        contacts=GrpcContacts(parts.remote_identity),
        register=YookassaFiscalRegister(parts.yookassa),
        terms=parts.fiscal_terms,
        clock=parts.clock,
        backoff=parts.backoff,
        timeout_s=parts.settings.charge_timeout_s,
    )
    return [DispatcherLoop("receipts", step, waker=waker, concurrency=2, due=due)]


def _occasions(parts: Parts, waker: ChangeStreamWaker) -> DispatcherLoop:
    due = parts.due(occasions_collection(parts.database))
    return DispatcherLoop(
        "occasions",
        drive_occasions(parts, due),
        waker=waker,
        concurrency=parts.settings.dispatcher_concurrency,
        due=due,
    )


def _rechecks(parts: Parts, waker: ChangeStreamWaker) -> DispatcherLoop:
    due = parts.due(rules_collection(parts.database))
    return DispatcherLoop("rule-rechecks", recheck_rules(parts, due), waker=waker, due=due)
