"""Everything at one glance over JSON."""

from typing import Any

from gateway.actions.overview import get_overview
from gateway.api.routes import answers, area
from gateway.auth import caller
from gateway.parts import parts
from gateway.views.overview import OverviewView

api = area("overview", "Everything at one glance")


@api.get("/overview", responses=answers(200, OverviewView, name="Overview", refused=(401,)))
def read_overview() -> Any:
    """Read profile, accounts with figures, last payments and bills, renewals and notices

    Answers within 2 s. A service that is down costs its own section: `status` is then `unavailable`.
    """
    return overview()


def overview() -> OverviewView:
    """Return the overview as this gateway's settings want it."""
    settings = parts().settings
    return get_overview(
        caller(),
        within_s=settings.overview_within_s,
        refresh_within_ms=settings.refresh_within_ms,
        notices=parts().notices,
        now=parts().clock.now(),
    )
