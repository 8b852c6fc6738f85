"""The rules of autopay that are data, as JSON files beside the service: limits, and what declines mean."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.payments.domain.autopay_limits import Limits
from services.payments.domain.decline import DeclineClass, DeclineTable
from services.payments.domain.region_freeze import FreezeLimits

_FOLDER = Path(__file__).parents[1] / "autopay"


def load_limits() -> Limits:
    """Return the limits; a file of another form ends the start."""
    document = _read("limits.json")
    return Limits(
        charges_in_a_day=document["charges_in_a_day"],
        holds_beyond=True,
        hold_lapses_after=timedelta(hours=document["hold_lapses_after_hours"]),
        word_outlasts_hold=True,
        charged_late_at_most=timedelta(hours=document["charged_late_at_most_hours"]),
        paid_by_hand_within=timedelta(hours=document["paid_by_hand_within_hours"]),
    )


def load_freeze_limits() -> FreezeLimits:
    """Return when a region's threshold charges are too many."""
    document = _read("limits.json")["region_freeze"]
    return FreezeLimits(
        within=timedelta(minutes=document["within_minutes"]),
        at_most=document["at_most"],
        share_percent=document["share_percent"],
        share_at_least=document["share_at_least"],
    )


def load_declines() -> DeclineTable:
    """Return the table of declines; a class that nobody knows ends the start."""
    document = _read("declines.json")
    return DeclineTable(
        classes={reason: DeclineClass(word) for reason, word in document["classes"].items()},
        retries={
            DeclineClass(word): tuple(timedelta(minutes=pause) for pause in pauses)
            for word, pauses in document["retry_after_minutes"].items()
        },
    )


def _read(name: str) -> Any:
    return json.loads((_FOLDER / name).read_text())
