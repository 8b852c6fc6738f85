"""What leaves identity: its events, and the letters of registrations."""

from services.chassis.loops import Dispatcher
from services.identity.bootstrap import build_dispatcher
from services.identity.bootstrap_stores import open_stores
from services.identity.config import load


def start() -> Dispatcher:
    """Start the loops; they run until stopped."""
    settings = load()
    dispatcher = build_dispatcher(settings, open_stores(settings, role="dispatcher"))
    dispatcher.start()
    return dispatcher
