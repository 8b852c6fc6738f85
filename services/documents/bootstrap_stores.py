"""The part of the composition that all roles share: repositories. Knows neither gRPC nor the broker's client."""

import os
import socket
from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from services.chassis.clock import Clock, build_clock
from services.chassis.mongo import connect
from services.documents.adapters.mongo_archive import MongoArchive
from services.documents.adapters.mongo_autopay_notices import MongoAutopayNoticeRepository
from services.documents.adapters.mongo_bill_deliveries import MongoBillDeliveryRepository
from services.documents.adapters.mongo_customer_bills import MongoCustomerBillRepository
from services.documents.adapters.mongo_mailings import MongoMailingRepository
from services.documents.adapters.mongo_receipt_cursor import MongoReceiptCursor
from services.documents.config import Settings

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that documents keeps."""

    clock: Clock
    owner: str
    client: MongoClient[Document]
    database: Database[Document]
    deliveries: MongoBillDeliveryRepository
    bills: MongoCustomerBillRepository
    mailings: MongoMailingRepository
    autopay_notices: MongoAutopayNoticeRepository
    archive: MongoArchive
    cursor: MongoReceiptCursor


def open_stores(settings: Settings, /, *, role: str) -> Stores:
    """Return the repositories with their indexes made (idempotent)."""
    clock = build_clock(settings.clock_file)
    owner = f"{role}@{socket.gethostname()}:{os.getpid()}"
    client = connect(settings.mongo_url, app_name=f"documents-{role}")
    database = client[settings.mongo_database]
    stores = Stores(
        clock=clock,
        owner=owner,
        client=client,
        database=database,
        deliveries=MongoBillDeliveryRepository(database, clock=clock, owner=owner),
        bills=MongoCustomerBillRepository(database, clock=clock, owner=owner),
        mailings=MongoMailingRepository(database, clock=clock, owner=owner),
        autopay_notices=MongoAutopayNoticeRepository(database, clock=clock, owner=owner),
        archive=MongoArchive(database, clock=clock),
        cursor=MongoReceiptCursor(database),
    )
    for repository in (stores.deliveries, stores.bills, stores.mailings, stores.autopay_notices):
        repository.ensure_indexes()
    return stores
