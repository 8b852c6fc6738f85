"""Have a region send a code to the contact that it holds for an account: the proof that lets see (the middle rung)."""

from dataclasses import dataclass
from datetime import datetime

from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.application.claimant import claimant_of
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.domain.ports import RegionalBilling
from services.accounts.domain.proof_ladder import CONTACT_CODE, rung_of
from services.accounts.domain.region import Regions
from services.chassis.clock import Clock
from services.chassis.errors import DomainError
from services.chassis.pseudonyms import Pseudonyms


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest:
    """What a subscriber asks for."""

    subscriber_id: str
    region: str
    number: str
    client_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOwnershipCode:
    """The code and the contact are the region's own: neither comes through here. Every code that the region took over
    counts, whether it was sent, used or neither, so that nobody fills an owner's mailbox."""

    billing: RegionalBilling
    guard: AttemptGuard
    current: CurrentNumbers
    regions: Regions
    pseudonyms: Pseudonyms
    clock: Clock

    def __call__(self, request: CodeRequest, /) -> datetime:
        """Return until when a code is good that was sent now; alike for accounts that there are and are not.

        Raises `RegionNotFound`, `AccountNumberInvalid`, `ProofKindUnknown`, `TooManyAttempts`, `RegionUnavailable`.
        """
        region = self.regions.connected(request.region)
        key = self.current.of(region.key_of(request.number))
        rung_of(CONTACT_CODE, taken=region.proof_kinds, region=region.code)
        attempt = self.guard.begin(subscriber_id=request.subscriber_id, key=key, client_address=request.client_address)
        claimant = claimant_of(key, subscriber_id=request.subscriber_id, pseudonyms=self.pseudonyms)
        asked_at = self.clock.now()
        try:
            return asked_at + self.billing.send_ownership_code(key, claimant=claimant)
        except DomainError:
            self.guard.forgive(attempt)
            raise
