"""Starts everything that leaves accounts: events, and postings to the regions."""

from services.accounts.bootstrap import build_dispatcher
from services.accounts.config import load
from services.chassis.loops import Dispatcher


def start() -> Dispatcher:
    """Start the loops; they run until stopped."""
    dispatcher = build_dispatcher(load())
    dispatcher.start()
    return dispatcher
