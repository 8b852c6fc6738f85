"""The collections of payments put together, for every composition root alike; it opens no connection by itself."""

from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

from services.chassis.clock import Clock
from services.payments.adapters.mongo_autopay_history import MongoAutopayHistory
from services.payments.adapters.mongo_autopay_occasions import MongoAutopayOccasionRepository
from services.payments.adapters.mongo_autopay_rules import MongoAutopayRuleRepository
from services.payments.adapters.mongo_card_bindings import MongoCardBindingRepository
from services.payments.adapters.mongo_intents import MongoIntentRegister
from services.payments.adapters.mongo_pay_months import MongoPayMonthRepository
from services.payments.adapters.mongo_payment_methods import MongoPaymentMethodRepository
from services.payments.adapters.mongo_payments import MongoPaymentRepository
from services.payments.adapters.mongo_receipts import MongoReceiptRepository
from services.payments.adapters.mongo_reconciliations import MongoIncidentRepository, MongoReconciliationRepository
from services.payments.adapters.mongo_region_freezes import MongoRegionFreezeRepository

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The repositories over one database."""

    payments: MongoPaymentRepository
    methods: MongoPaymentMethodRepository
    bindings: MongoCardBindingRepository
    intents: MongoIntentRegister
    receipts: MongoReceiptRepository
    rules: MongoAutopayRuleRepository
    occasions: MongoAutopayOccasionRepository
    months: MongoPayMonthRepository
    history: MongoAutopayHistory
    freezes: MongoRegionFreezeRepository
    reconciliations: MongoReconciliationRepository
    incidents: MongoIncidentRepository

    def ensure_indexes(self) -> None:
        """Make the indexes that carry invariants, before anything is written."""
        self.payments.ensure_indexes()
        self.methods.ensure_indexes()
        self.bindings.ensure_indexes()
        self.intents.ensure_indexes()
        self.receipts.ensure_indexes()
        self.rules.ensure_indexes()
        self.occasions.ensure_indexes()
        self.months.ensure_indexes()
        self.reconciliations.ensure_indexes()
        self.incidents.ensure_indexes()


def storage_in(database: Database[Document], /, *, clock: Clock) -> Storage:
    """Return the repositories over a database."""
    return Storage(
        payments=MongoPaymentRepository(database, clock=clock),
        methods=MongoPaymentMethodRepository(database),
        bindings=MongoCardBindingRepository(database),
        intents=MongoIntentRegister(database),
        receipts=MongoReceiptRepository(database),
        rules=MongoAutopayRuleRepository(database, clock=clock),
        occasions=MongoAutopayOccasionRepository(database, clock=clock),
        months=MongoPayMonthRepository(database, clock=clock),
        history=MongoAutopayHistory(database),
        freezes=MongoRegionFreezeRepository(database),
        reconciliations=MongoReconciliationRepository(database),
        incidents=MongoIncidentRepository(database, clock=clock),
    )
