"""Letting threshold charges of a region through while they are not too many, and ending a freeze on a person's word."""

from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from services.chassis.clock import Clock
from services.payments.application.repeating import repeating
from services.payments.domain.autopay_decision import Grounds, Outcome, decide
from services.payments.domain.autopay_ports import RegionFreezeRepository
from services.payments.domain.autopay_trigger import Threshold
from services.payments.domain.ports import AutopayRuleRepository
from services.payments.domain.region_freeze import FreezeLimits, RegionFreeze

# Of those who meet in one region each round lets one through, so as many rounds are needed as deciders meet.
_TRIES = 50

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRegion:
    """Counts the threshold charges of a region before they are made. Dates are not counted: they are spread by hash,
    and no balance can set them off."""

    freezes: RegionFreezeRepository
    rules: AutopayRuleRepository
    limits: FreezeLimits
    clock: Clock

    def __call__(self, grounds: Grounds, /, *, decision_id: str, region: str) -> Grounds:
        """Return the grounds, with `region_frozen` set when this would be one charge too many.

        Idempotent by decision. Raises VersionConflict when too many others are counted at this very moment.
        """
        if not isinstance(grounds.trigger, Threshold) or decide(grounds).outcome is not Outcome.CHARGE:
            return grounds
        let_through = repeating(lambda: self._let_through(decision_id, region), tries=_TRIES)
        return grounds if let_through else replace(grounds, region_frozen=True)

    def _let_through(self, decision_id: str, region: str) -> bool:
        freeze = self.freezes.get(region)
        was_frozen, fired = freeze.is_frozen, freeze.fired
        let_through = freeze.let_through(
            decision_id,
            active_rules=self.rules.active_thresholds_in(region=region),
            limits=self.limits,
            now=self.clock.now(),
        )
        if (freeze.is_frozen, freeze.fired) != (was_frozen, fired):
            self.freezes.save(freeze)
        if freeze.is_frozen and not was_frozen:
            _log.error("autopay_region_frozen", alarm=True, region=region, fired=len(freeze.fired))
        return let_through


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfreezeRegion:
    """Ends a region's freeze. What is held by it is decided anew within the hour, on the balances of then."""

    freezes: RegionFreezeRepository
    clock: Clock

    def __call__(self, *, region: str, trusted_for: timedelta) -> bool:
        """Return whether it was frozen. While the region is trusted nothing there is counted."""
        return repeating(lambda: self._unfreeze(region, trusted_for))

    def _unfreeze(self, region: str, trusted_for: timedelta) -> bool:
        freeze: RegionFreeze = self.freezes.get(region)
        was_frozen = freeze.is_frozen
        freeze.unfreeze(trusted_until=self.clock.now() + trusted_for if trusted_for else None)
        self.freezes.save(freeze)
        _log.warning("autopay_region_unfrozen", region=region, was_frozen=was_frozen)
        return was_frozen
