"""What autopay needs of the world beside the ports that it shares with payments, as Protocols."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.chassis.money import Money
from services.payments.domain.autopay_calendar import PastCharge
from services.payments.domain.region_freeze import RegionFreeze


class AutopayHistory(Protocol):
    """What an account's payments say to a decision about its next automatic one."""

    def automatic(self, *, billing_account_id: str, since: datetime, besides: str) -> Sequence[PastCharge]:
        """Return the automatic payments, of whichever rule, whose charge was sent since then or is about to be, and
        that were not declined."""
        ...

    def paid_by_hand(self, *, billing_account_id: str, since: datetime) -> Money:
        """Return the sum of payments by hand made since then, those included that may or may not have been taken."""
        ...


class RegionFreezeRepository(Protocol):
    """What fired in each region. `save` raises VersionConflict."""

    def get(self, region: str, /) -> RegionFreeze:
        """Return a region's, a new one when nothing has fired there yet."""
        ...

    def save(self, freeze: RegionFreeze, /) -> None: ...
