"""Composition root of the worker role; neither gRPC nor pika may be reached from here: under eventlet they hang."""

from dataclasses import dataclass

from services.chassis.clock import build_clock
from services.chassis.mongo import connect
from services.payments.adapters.storage import storage_in
from services.payments.application.autopay_notices import AnnounceCharges
from services.payments.application.end_autopay import EndAutopayOfAccount
from services.payments.application.open_occasions import ObserveBalance, OpenDueOccasions
from services.payments.application.record_crediting import RecordCrediting
from services.payments.application.stop_rules import StopRule
from services.payments.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerUseCases:
    """What events and timers lead to."""

    record_crediting: RecordCrediting
    observe_balance: ObserveBalance
    end_autopay_of_account: EndAutopayOfAccount
    open_due_occasions: OpenDueOccasions
    announce_charges: AnnounceCharges


def build_worker_use_cases(settings: Settings, /) -> WorkerUseCases:
    """Return them, over the service's own database."""
    clock = build_clock(settings.clock_file)
    database = connect(settings.mongo_url, app_name="payments-worker")[settings.mongo_database]
    storage = storage_in(database, clock=clock)
    storage.ensure_indexes()
    return WorkerUseCases(
        record_crediting=RecordCrediting(payments=storage.payments, clock=clock),
        observe_balance=ObserveBalance(rules=storage.rules, occasions=storage.occasions, clock=clock),
        end_autopay_of_account=EndAutopayOfAccount(
            rules=storage.rules,
            occasions=storage.occasions,
            payments=storage.payments,
            stop_rule=StopRule(rules=storage.rules, clock=clock),
            clock=clock,
        ),
        open_due_occasions=OpenDueOccasions(rules=storage.rules, occasions=storage.occasions, clock=clock),
        announce_charges=AnnounceCharges(rules=storage.rules, clock=clock),
    )
