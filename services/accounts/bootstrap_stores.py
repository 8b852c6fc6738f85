"""The part of the composition that all roles share: clock and repositories. Knows neither gRPC nor the broker's
client."""

import os
import socket
from dataclasses import dataclass

from pymongo.database import Database

from services.accounts.adapters.mongo_aliases import MongoAliasRepository
from services.accounts.adapters.mongo_attempts import MongoAttemptsRepository
from services.accounts.adapters.mongo_billing_accounts import MongoBillingAccountRepository
from services.accounts.adapters.mongo_charge_placements import MongoChargePlacementRepository
from services.accounts.adapters.mongo_feed_journals import MongoFeedJournalRepository, MongoFeedRejectionRepository
from services.accounts.adapters.mongo_grant_offers import MongoGrantOfferRepository
from services.accounts.adapters.mongo_history import MongoHistoryRepository
from services.accounts.adapters.mongo_postings import MongoPostingRepository
from services.accounts.adapters.mongo_regional_bills import MongoRegionalBillRepository
from services.accounts.adapters.mongo_snapshots import MongoSnapshotRepository
from services.accounts.application.settle_number import MoveLinks, SettleNumber
from services.accounts.config import Settings
from services.chassis.clock import Clock, build_clock
from services.chassis.mongo import Document, connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that accounts keeps."""

    clock: Clock
    owner: str
    database: Database[Document]
    accounts: MongoBillingAccountRepository
    snapshots: MongoSnapshotRepository
    history: MongoHistoryRepository
    postings: MongoPostingRepository
    placements: MongoChargePlacementRepository
    attempts: MongoAttemptsRepository
    bills: MongoRegionalBillRepository
    aliases: MongoAliasRepository
    journals: MongoFeedJournalRepository
    rejections: MongoFeedRejectionRepository
    offers: MongoGrantOfferRepository

    def close(self) -> None:
        """Close the connections to MongoDB."""
        self.database.client.close()


def move_links(stores: Stores, /) -> MoveLinks:
    """Return what moves the links of an account that has another number."""
    return MoveLinks(accounts=stores.accounts, clock=stores.clock)


def settle_number(stores: Stores, /) -> SettleNumber:
    """Return what sees that a link goes by its account's present number."""
    return SettleNumber(
        accounts=stores.accounts,
        aliases=stores.aliases,
        snapshots=stores.snapshots,
        move=move_links(stores),
        clock=stores.clock,
    )


def open_stores(settings: Settings, /, *, role: str) -> Stores:
    """Return the repositories with their indexes made (idempotent)."""
    clock = build_clock(settings.clock_file)
    database = connect(settings.mongo_url, app_name=f"accounts-{role}")[settings.mongo_database]
    stores = Stores(
        clock=clock,
        owner=f"{role}@{socket.gethostname()}:{os.getpid()}",
        database=database,
        accounts=MongoBillingAccountRepository(database, clock=clock),
        snapshots=MongoSnapshotRepository(database, clock=clock),
        history=MongoHistoryRepository(database),
        postings=MongoPostingRepository(database, clock=clock),
        placements=MongoChargePlacementRepository(database),
        attempts=MongoAttemptsRepository(database),
        bills=MongoRegionalBillRepository(database, clock=clock),
        aliases=MongoAliasRepository(database),
        journals=MongoFeedJournalRepository(database),
        rejections=MongoFeedRejectionRepository(database),
        offers=MongoGrantOfferRepository(database),
    )
    stores.accounts.ensure_indexes()
    stores.snapshots.ensure_indexes()
    stores.postings.ensure_indexes()
    stores.attempts.ensure_indexes()
    stores.bills.ensure_indexes()
    stores.rejections.ensure_indexes()
    stores.offers.ensure_indexes()
    return stores
