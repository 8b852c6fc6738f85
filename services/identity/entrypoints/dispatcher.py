"""What leaves identity: its events, and the letters of registrations."""

from services.chassis.loops import Dispatcher
from services.identity.bootstrap import build_dispatcher
from services.identity.config import load


def start() -> Dispatcher:
    """Start the loops."""
    dispatcher = build_dispatcher(load())
    dispatcher.start()
    return dispatcher
