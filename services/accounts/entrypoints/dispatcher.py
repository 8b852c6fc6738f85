"""Starts everything that leaves accounts: events, and postings to the regions."""

from services.accounts.bootstrap import RunningDispatcher, build_dispatcher
from services.accounts.config import load


def start() -> RunningDispatcher:
    """Start the loops; they run until stopped."""
    dispatcher = build_dispatcher(load())
    dispatcher.start()
    return dispatcher
