"""The dispatcher role: what leaves the service leaves here."""

from services.chassis.loops import Dispatcher
from services.payments.bootstrap import build_dispatcher
from services.payments.bootstrap_parts import Parts
from services.payments.config import load


def start() -> Dispatcher:
    """Start the loops; they run until `stop`."""
    dispatcher = build_dispatcher(Parts(load()))
    dispatcher.start()
    return dispatcher
