"""The part of the composition that whoever speaks with regions shares: which there are, the lines to them, and due work
that waits for them."""

from typing import Any

from pymongo.collection import Collection

from services.accounts.adapters.json_regions import load_regions
from services.accounts.adapters.region_gate import GateRules
from services.accounts.adapters.region_lines import LineRules, RegionLines
from services.accounts.adapters.regional_work import RegionalWork
from services.accounts.bootstrap_stores import Stores
from services.accounts.config import Settings
from services.accounts.domain.region import Regions
from services.chassis.grpc_bootstrap import service_tokens
from services.chassis.work import DueWork

Document = dict[str, Any]


def known_regions(settings: Settings, /) -> Regions:
    """Return all regions, and which of them are connected."""
    return load_regions(connected=settings.endpoints.keys())


def region_lines(settings: Settings, stores: Stores, /) -> RegionLines:
    """Return the lines to the connected regions; nothing connects before the first call."""
    return RegionLines(
        endpoints=settings.endpoints,
        tokens=service_tokens("accounts", settings=settings, clock=stores.clock),
        rules=LineRules(
            gate=GateRules(
                failures=settings.region_failures, pause_s=settings.region_pause_s, calls=settings.region_calls
            ),
            timeout_s=settings.region_timeout_s,
            retry_budget=settings.region_retry_budget,
        ),
    )


def regional_work(
    collection: Collection[Document],
    /,
    *,
    settings: Settings,
    stores: Stores,
    lines: RegionLines,
    lease_s: float | None = None,
) -> RegionalWork:
    """Return the due work of a collection whose documents are about regions; its lease is that of postings unless
    `lease_s` is another."""
    return RegionalWork(
        DueWork(collection, owner=stores.owner, clock=stores.clock, lease_s=lease_s or settings.posting_lease_s),
        lines=lines,
        share=settings.region_share,
    )
