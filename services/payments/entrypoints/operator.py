"""What an operator tells payments from a shell: that a region's billing has been looked at and its freeze may end."""

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import timedelta

from services.chassis import logs
from services.payments.application.region_freezes import UnfreezeRegion
from services.payments.bootstrap_parts import Parts
from services.payments.config import load


def unfreeze(arguments: Sequence[str], /) -> None:
    """End the freeze of a region's threshold charges, and say whether there was one."""
    parser = ArgumentParser(prog="python -m services.payments unfreeze")
    parser.add_argument("--region", required=True, help="the region's code")
    parser.add_argument("--trusted-for-hours", type=int, default=0, help="how long nothing there is counted")
    wanted = parser.parse_args(arguments)
    settings = load()
    logs.configure(service="payments-operator", level=settings.log_level)
    parts = Parts(settings)
    try:
        end = UnfreezeRegion(freezes=parts.storage.freezes, clock=parts.clock)
        was_frozen = end(region=wanted.region, trusted_for=timedelta(hours=wanted.trusted_for_hours))
    finally:
        parts.close()
    print(f"Region {wanted.region}: {'unfrozen' if was_frozen else 'was not frozen'}.")
