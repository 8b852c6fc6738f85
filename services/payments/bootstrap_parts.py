"""The adapters that the grpc and dispatcher roles are composed of, each made when it is first needed."""

import os
import socket
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database

from services.chassis.clock import Clock, build_clock
from services.chassis.grpc_bootstrap import service_tokens
from services.chassis.grpc_client import Remote
from services.chassis.mongo import connect
from services.chassis.tls import client_tls
from services.chassis.work import DueWork
from services.payments.adapters.autopay_files import load_declines, load_freeze_limits, load_limits
from services.payments.adapters.grpc_accounts import IDEMPOTENT, GrpcAccounts
from services.payments.adapters.grpc_identity import CONTACT_METHODS
from services.payments.adapters.profile_file import load_fiscal_terms, load_offer
from services.payments.adapters.storage import Storage, storage_in
from services.payments.adapters.yookassa_acquirer import YookassaAcquirer
from services.payments.adapters.yookassa_bindings import YookassaCardBinder
from services.payments.adapters.yookassa_client import ShopSettings, YookassaClient
from services.payments.application.bind_card import Binding
from services.payments.application.charging import Charging
from services.payments.application.find_withdrawal import FindWithdrawal
from services.payments.application.pay_limits import PayLimits
from services.payments.application.receipts import OpenReceipt
from services.payments.application.region_freezes import GuardRegion
from services.payments.application.stop_rules import StopRule
from services.payments.config import Settings
from services.payments.domain.autopay_limits import Limits
from services.payments.domain.backoff import Backoff, standard_backoff
from services.payments.domain.decline import DeclineTable
from services.payments.domain.fiscal import FiscalTerms
from services.payments.domain.offer import Offer

Document = dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """The adapters of one process, each made when it is first needed."""

    settings: Settings
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")

    @cached_property
    def clock(self) -> Clock:
        return build_clock(self.settings.clock_file)

    @cached_property
    def database(self) -> Database[Document]:
        return connect(self.settings.mongo_url, app_name="payments")[self.settings.mongo_database]

    @cached_property
    def storage(self) -> Storage:
        storage = storage_in(self.database, clock=self.clock)
        storage.ensure_indexes()
        return storage

    @cached_property
    def remote_accounts(self) -> Remote:
        return Remote(
            name="accounts",
            address=self.settings.accounts_address,
            tokens=service_tokens("payments", settings=self.settings, clock=self.clock),
            idempotent_methods=IDEMPOTENT,
            tls=client_tls(self.settings),
        )

    @cached_property
    def accounts(self) -> GrpcAccounts:
        return GrpcAccounts(self.remote_accounts)

    @cached_property
    def yookassa(self) -> YookassaClient:
        shop = ShopSettings(
            api_url=self.settings.yookassa_api_url,
            shop_id=self.settings.yookassa_shop_id,
            secret_key=self.settings.yookassa_secret_key.get_secret_value(),
        )
        return YookassaClient(shop)

    @cached_property
    def acquirer(self) -> YookassaAcquirer:
        return YookassaAcquirer(self.yookassa)

    @cached_property
    def offer(self) -> Offer:
        return load_offer(self.settings.profile)

    @cached_property
    def autopay_limits(self) -> Limits:
        return load_limits()

    @cached_property
    def guard_region(self) -> GuardRegion:
        return GuardRegion(
            freezes=self.storage.freezes, rules=self.storage.rules, limits=load_freeze_limits(), clock=self.clock
        )

    @cached_property
    def declines(self) -> DeclineTable:
        return load_declines()

    @cached_property
    def backoff(self) -> Backoff:
        return standard_backoff(scale=self.settings.backoff_scale)

    @cached_property
    def charging(self) -> Charging:
        return Charging(
            payments=self.storage.payments,
            methods=self.storage.methods,
            acquirer=self.acquirer,
            clock=self.clock,
            backoff=self.backoff,
            card_policy=self.offer.card_policy,
            open_receipt=self.open_receipt,
        )

    @cached_property
    def find_withdrawal(self) -> FindWithdrawal:
        return FindWithdrawal(
            methods=self.storage.methods,
            rules=self.storage.rules,
            card_policy=self.offer.card_policy,
            clock=self.clock,
        )

    @cached_property
    def fiscal_terms(self) -> FiscalTerms | None:
        return load_fiscal_terms(self.settings.profile)

    @cached_property
    def open_receipt(self) -> OpenReceipt:
        return OpenReceipt(receipts=self.storage.receipts, terms=self.fiscal_terms, clock=self.clock)

    @cached_property
    def remote_identity(self) -> Remote:
        return Remote(
            name="identity",
            address=self.settings.identity_address,
            tokens=service_tokens("payments", settings=self.settings, clock=self.clock),
            idempotent_methods=CONTACT_METHODS,
            tls=client_tls(self.settings),
        )

    @cached_property
    def binding(self) -> Binding:
        return Binding(
            bindings=self.storage.bindings,
            methods=self.storage.methods,
            binder=YookassaCardBinder(self.yookassa),
            card_policy=self.offer.card_policy,
            clock=self.clock,
            backoff=self.backoff,
        )

    @cached_property
    def limits(self) -> PayLimits:
        return PayLimits(months=self.storage.months, payments=self.storage.payments, clock=self.clock)

    @cached_property
    def stop_rule(self) -> StopRule:
        return StopRule(rules=self.storage.rules, clock=self.clock)

    @property
    def charge_grace(self) -> timedelta:
        return timedelta(seconds=self.settings.charge_grace_s)

    def due(self, collection: Collection[Document], /) -> DueWork:
        return DueWork(collection, owner=self.owner, clock=self.clock, lease_s=self.settings.work_lease_s)

    def close(self) -> None:
        """Give the connections back; for a process that ends by itself there is no need."""
        self.database.client.close()
        self.remote_accounts.close()
        self.remote_identity.close()
