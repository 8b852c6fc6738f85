"""The part of the composition that all roles share: what is kept of orders. Knows neither gRPC nor the dictionary."""

import os
import socket
from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from services.chassis.clock import Clock, build_clock
from services.chassis.mongo import connect
from services.content.adapters.mongo_content_orders import MongoContentOrderRepository
from services.content.adapters.mongo_content_quotes import MongoContentQuoteRepository
from services.content.adapters.mongo_entitlements import MongoEntitlementRepository
from services.content.config import Settings

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that content keeps, but for the catalogue."""

    clock: Clock
    owner: str
    client: MongoClient[Document]
    database: Database[Document]
    quotes: MongoContentQuoteRepository
    orders: MongoContentOrderRepository
    entitlements: MongoEntitlementRepository


def open_stores(settings: Settings, /, *, role: str) -> Stores:
    """Return the repositories with their indexes made (idempotent)."""
    clock = build_clock(settings.clock_file)
    owner = f"{role}@{socket.gethostname()}:{os.getpid()}"
    client = connect(settings.mongo_url, app_name=f"content-{role}")
    database = client[settings.mongo_database]
    stores = Stores(
        clock=clock,
        owner=owner,
        client=client,
        database=database,
        quotes=MongoContentQuoteRepository(database),
        orders=MongoContentOrderRepository(database, clock=clock, owner=owner),
        entitlements=MongoEntitlementRepository(database),
    )
    for repository in (stores.quotes, stores.orders, stores.entitlements):
        repository.ensure_indexes()
    return stores
