"""The regions from regions.json, which is data: names, zones, cutover, proofs, freshness."""

import json
from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from services.accounts.domain.region import Cutover, Region, Regions

_FILE = Path(__file__).resolve().parents[1] / "regions.json"


def load_regions(*, connected: Collection[str], file: Path = _FILE) -> Regions:
    """Return all regions; those in `connected` have an endpoint.

    Raises ValueError for an endpoint of a region that does not exist, and for a zone that is not known here: both are
    mistakes to be found at the start.
    """
    document = json.loads(file.read_text())
    regions = [_region(document["defaults"] | entry, connected) for entry in document["regions"]]
    unknown = set(connected) - {region.code for region in regions}
    if unknown:
        raise ValueError(f"endpoints of regions that do not exist: {sorted(unknown)}")
    return Regions(regions)


def _region(entry: dict[str, Any], connected: Collection[str]) -> Region:
    return Region(
        code=entry["code"],
        name=entry["name"],
        name_en=entry["name_en"],
        time_zone=ZoneInfo(entry["time_zone"]).key,
        cutover=Cutover(entry["cutover"]),
        cutover_date=date.fromisoformat(entry["cutover_date"]),
        proof_kinds=tuple(entry["proof_kinds"]),
        number_pattern=entry["number_pattern"],
        fresh_for=timedelta(seconds=entry["fresh_for_s"]),
        connected=entry["code"] in connected,
    )
