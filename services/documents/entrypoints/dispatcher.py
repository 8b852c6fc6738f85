"""Starts everything that leaves documents: events, links, rendered bills, mails."""

from services.chassis.loops import Dispatcher
from services.documents.bootstrap import build_dispatcher
from services.documents.bootstrap_stores import open_stores
from services.documents.config import load


def start() -> Dispatcher:
    """Start the loops; they run until stopped."""
    settings = load()
    dispatcher = build_dispatcher(settings, open_stores(settings, role="dispatcher"))
    dispatcher.start()
    return dispatcher
