"""Starts everything that leaves documents: events, links, rendered bills, mails."""

from services.chassis.loops import Dispatcher
from services.documents.bootstrap import build_dispatcher
from services.documents.config import load


def start() -> Dispatcher:
    """Start the loops; they run until stopped."""
    dispatcher = build_dispatcher(load())
    dispatcher.start()
    return dispatcher
