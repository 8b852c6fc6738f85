"""What one process of the gateway holds: settings, texts, clock and, after the fork, the services."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

from flask import current_app

from gateway.actions.autopay import ReasonTexts
from gateway.actions.eligibility import EligibilityTexts
from gateway.actions.notices import NoticeTexts
from gateway.clients import Clients, connect
from gateway.config import Settings
from gateway.errors import Problems
from gateway.shedding import UnderWay
from gateway.wording import load_error_texts, load_texts
from services.chassis.clock import Clock, build_clock

_NAME = "kabinet"


@dataclass(slots=True, kw_only=True)
class Parts:
    """The parts that requests use."""

    settings: Settings
    clock: Clock
    problems: Problems
    notices: NoticeTexts
    pages: Mapping[str, Mapping[str, str]]
    eligibility: EligibilityTexts
    autopay_reasons: ReasonTexts
    under_way: UnderWay
    _clients: Clients | None = field(default=None)
    _lock: Lock = field(default_factory=Lock)

    @property
    def clients(self) -> Clients:
        """The services; made at the first request, because channels do not survive a fork."""
        with self._lock:
            if self._clients is None:
                self._clients = connect(self.settings, clock=self.clock)
            return self._clients


def build_parts(settings: Settings, /) -> Parts:
    """Return the parts as the settings want them."""
    return Parts(
        settings=settings,
        clock=build_clock(settings.clock_file),
        problems=Problems(errors=load_error_texts(), field_rules=load_texts("fields")),
        notices=NoticeTexts(texts=load_texts("notices"), public_url=settings.public_url),
        pages=load_texts("cabinet", "ordering", "claims", "grants", "autopay"),
        eligibility=EligibilityTexts(texts=load_texts("eligibility")),
        autopay_reasons=ReasonTexts(texts=load_texts("autopay")),
        under_way=UnderWay(most=settings.max_under_way),
    )


def keep(parts: Parts, extensions: dict[str, object], /) -> None:
    """Put the parts where `parts()` finds them."""
    extensions[_NAME] = parts


def parts() -> Parts:
    """Return the parts of the process that answers the request at hand."""
    found: Parts = current_app.extensions[_NAME]
    return found
