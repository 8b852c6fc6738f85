"""Link a billing account to a subscriber after its region has verified the proof (F07, F08)."""

from dataclasses import dataclass
from datetime import datetime

from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.standings import Standings
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import AlreadyLinked, BillingAccount, valid_label
from services.accounts.domain.ownership_attempts import OwnershipNotProved
from services.accounts.domain.ports import BillingAccountRepository, RegionalBilling
from services.accounts.domain.proof_ladder import Proof, Relation, Rung, rung_of
from services.accounts.domain.region import Regions
from services.accounts.domain.standing import Standing
from services.chassis.clock import Clock
from services.chassis.errors import DomainError


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequest:
    """What a subscriber asks for."""

    subscriber_id: str
    request_id: str
    region: str
    number: str
    relation: Relation
    label: str
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkBillingAccount:
    """The region is asked within the call, after the attempt was saved; the proof itself is never saved, so that there
    is nothing to carry on from: without an answer the subscriber tries again, and the attempt does not count.

    Idempotent by `request_id`, and by meaning: an account that is linked already is returned, with what a stronger
    proof adds. One whose proof is outdated is proved anew, and is worth what the new proof deserves.
    """

    accounts: BillingAccountRepository
    standings: Standings
    current: CurrentNumbers
    billing: RegionalBilling
    guard: AttemptGuard
    regions: Regions
    clock: Clock

    def __call__(self, request: LinkRequest, /) -> BillingAccount:
        """Return the link.

        Raises `RegionNotFound`, `AccountNumberInvalid`, `ProofKindUnknown`, `LabelInvalid`, `OwnershipNotProved`,
        `TooManyAttempts`, `RegionUnavailable`.
        """
        repeated = self._repeated(request)
        if repeated is not None:
            return repeated
        region = self.regions.connected(request.region)
        key = self.current.of(region.key_of(request.number))
        rung = rung_of(request.proof.kind, taken=region.proof_kinds, region=region.code)
        valid_label(request.label)
        known = self.accounts.linked_to(key, subscriber_id=request.subscriber_id)
        still_holds = known is not None and self.standings.of(known).standing is Standing.CLEAR
        if known is not None and still_holds and known.rung.value >= rung.value:
            return known
        asked_at = self.clock.now()  # what changes hands while the region thinks about it was proved before
        self._verify(request, key)
        try:
            if known is None:
                return self._link(request, key, rung, asked_at)
            return self._prove(known, rung, asked_at, still_holds=still_holds)
        except AlreadyLinked:
            return self._settle_race(key, request)

    def _repeated(self, request: LinkRequest) -> BillingAccount | None:
        if not request.request_id:
            return None
        return self.accounts.requested_as(request.request_id, subscriber_id=request.subscriber_id)

    def _verify(self, request: LinkRequest, key: AccountKey) -> None:
        attempt = self.guard.begin(subscriber_id=request.subscriber_id, key=key)
        try:
            verified = self.billing.verify_ownership(key, request.proof)
        except DomainError:
            self.guard.forgive(attempt)
            raise
        if not verified:
            raise OwnershipNotProved
        self.guard.forgive(attempt)

    def _link(self, request: LinkRequest, key: AccountKey, rung: Rung, proved_at: datetime) -> BillingAccount:
        account = BillingAccount.link(
            subscriber_id=request.subscriber_id,
            key=key,
            relation=request.relation,
            label=request.label,
            rung=rung,
            request_id=request.request_id or None,
            now=self.clock.now(),
            proved_at=proved_at,
        )
        self.accounts.save(account)
        return account

    def _prove(self, known: BillingAccount, rung: Rung, proved_at: datetime, *, still_holds: bool) -> BillingAccount:
        known.prove(rung, at=proved_at, still_holds=still_holds)
        self.accounts.save(known)
        return known

    def _settle_race(self, key: AccountKey, request: LinkRequest) -> BillingAccount:
        """Return the link that a parallel call of the same subscriber made a moment ago."""
        account = self.accounts.linked_to(key, subscriber_id=request.subscriber_id)
        if account is None:
            raise AlreadyLinked
        return account
