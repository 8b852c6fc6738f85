"""Starts everything that leaves content: events, and orders to be billed."""

from services.chassis.loops import Dispatcher
from services.content.bootstrap import build_dispatcher
from services.content.bootstrap_stores import open_stores
from services.content.config import load


def start() -> Dispatcher:
    """Start the loops; they run until stopped."""
    settings = load()
    dispatcher = build_dispatcher(settings, open_stores(settings, role="dispatcher"))
    dispatcher.start()
    return dispatcher
