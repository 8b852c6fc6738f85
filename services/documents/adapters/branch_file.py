"""Branches and requisites from a JSON file; one that does not add up ends the start."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from services.documents.domain.branch import Branch, Branches, Payee


def load_branches(path: Path, /) -> Branches:
    """Return the branches; raises ValueError for requisites with a mistyped digit."""
    entries: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    branches = {region: _branch(entry) for region, entry in entries.items()}
    return Branches(default=branches.pop("default"), by_region=branches)


def _branch(entry: dict[str, Any]) -> Branch:
    return Branch(
        name=entry["name"],
        time_zone=ZoneInfo(entry["time_zone"]),
        phone=entry["phone"],
        payee=Payee(**entry["payee"]),
    )
