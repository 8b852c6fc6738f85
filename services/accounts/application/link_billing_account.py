"""Link a billing account to a subscriber after its region has verified the proof (F07, F08)."""

from dataclasses import dataclass
from datetime import datetime

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.application.claimant import claimant_of
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.settle_number import SettleNumber
from services.accounts.application.weighed_links import WeighGrants
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import AlreadyLinked, BillingAccount, valid_label
from services.accounts.domain.grant import LinkedOtherwise
from services.accounts.domain.ordering_errors import RequestIdReused
from services.accounts.domain.ownership_attempts import OwnershipNotProved
from services.accounts.domain.ports import BillingAccountRepository, RegionalBilling
from services.accounts.domain.proof_ladder import RUNG_OF_PROOF, Proof, Relation, rung_of
from services.accounts.domain.region import Regions
from services.accounts.domain.standing import Standing
from services.chassis.clock import Clock
from services.chassis.errors import DomainError, VersionConflict
from services.chassis.pseudonyms import Pseudonyms

_TRIES = 5


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
    client_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkBillingAccount:
    """The region is asked within the call, after the attempt was saved; the proof itself is never saved, so that there
    is nothing to carry on from: without an answer the subscriber tries again, and the attempt does not count.

    Idempotent by `request_id`, and by meaning: an account that is linked already is returned, with what a stronger
    proof adds, or confirmed by a code of the owner's contact. One whose proof is outdated is proved anew, and is worth
    what the new proof deserves. Whether others have linked it is looked at only once the
    proof is verified, by whoever shows the link: nobody learns it by guessing.
    """

    accounts: BillingAccountRepository
    weigh: WeighGrants
    standing: AccountStanding
    current: CurrentNumbers
    settle_number: SettleNumber
    billing: RegionalBilling
    guard: AttemptGuard
    regions: Regions
    pseudonyms: Pseudonyms
    clock: Clock

    def __call__(self, request: LinkRequest, /) -> BillingAccount:
        """Return the link.

        Raises `RegionNotFound`, `AccountNumberInvalid`, `RequestIdReused`, `ProofKindUnknown`, `LabelInvalid`,
        `OwnershipNotProved`, `TooManyAttempts`, `RegionUnavailable`; `LinkedOtherwise` for an account that is linked by
        a grant.
        """
        region = self.regions.connected(request.region)
        key = self.current.of(region.key_of(request.number))
        repeated = repeated_link(request, key, accounts=self.accounts, current=self.current)
        if repeated is not None:
            return repeated
        rung_of(request.proof.kind, taken=region.proof_kinds, region=region.code)
        valid_label(request.label)
        known = self.accounts.linked_to(key, subscriber_id=request.subscriber_id)
        if known is not None and known.grant is not None:
            raise LinkedOtherwise
        if known is not None and not self._gains(known, request):
            return known
        asked_at = self.clock.now()  # what changes hands while the region thinks about it was proved before
        self._verify(request, key)
        link = self.settle_number(self._record(request, key, asked_at))
        if link is None:
            raise OwnershipNotProved
        return link

    def _verify(self, request: LinkRequest, key: AccountKey) -> None:
        attempt = self.guard.begin(subscriber_id=request.subscriber_id, key=key, client_address=request.client_address)
        claimant = claimant_of(key, subscriber_id=request.subscriber_id, pseudonyms=self.pseudonyms)
        try:
            verified = self.billing.verify_ownership(key, request.proof, claimant=claimant)
        except DomainError:
            self.guard.forgive(attempt)
            raise
        if not verified:
            raise OwnershipNotProved
        self.guard.forgive(attempt)

    def _gains(self, known: BillingAccount, request: LinkRequest) -> bool:
        return known.gains_by(request.proof.kind) or self._is_outdated(known)

    def _is_outdated(self, known: BillingAccount) -> bool:
        return self.standing.of([known])[known.billing_account_id] is Standing.OWNER_CHANGED

    def _record(self, request: LinkRequest, key: AccountKey, asked_at: datetime) -> BillingAccount:
        """Save what the proof gives. A code is spent by now, so a race that is lost is run again."""
        for left in reversed(range(_TRIES)):
            try:
                return self._saved(request, key, asked_at)
            except (AlreadyLinked, VersionConflict):
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _saved(self, request: LinkRequest, key: AccountKey, asked_at: datetime) -> BillingAccount:
        account = self.weigh.room_for(key, subscriber_id=request.subscriber_id)
        if account is None:
            account = self._link(request, key, asked_at)
        elif account.grant is not None:  # accepted while the region thought about the proof
            raise LinkedOtherwise
        elif self._gains(account, request):
            self._prove(account, request, asked_at)
        else:
            return account
        self.accounts.save(account)
        return account

    def _prove(self, account: BillingAccount, request: LinkRequest, asked_at: datetime) -> None:
        """A request that names another relation, which the link does not take on, is repeated by meaning only."""
        account.prove(
            request.proof.kind,
            request_id=request.request_id if request.relation is account.relation else None,
            now=self.clock.now(),
            proved_at=asked_at,
            still_holds=not self._is_outdated(account),
        )

    def _link(self, request: LinkRequest, key: AccountKey, asked_at: datetime) -> BillingAccount:
        return BillingAccount.link(
            subscriber_id=request.subscriber_id,
            key=key,
            relation=request.relation,
            label=request.label,
            rung=RUNG_OF_PROOF[request.proof.kind],
            request_id=request.request_id or None,
            now=self.clock.now(),
            proved_at=asked_at,
        )


def repeated_link(
    request: LinkRequest, key: AccountKey, /, *, accounts: BillingAccountRepository, current: CurrentNumbers
) -> BillingAccount | None:
    """Return the link that the same request made before, None when there is none; `key` is the account that it names,
    under its present number. Raises `RequestIdReused` when the link is another account's, or of another relation."""
    if not request.request_id:
        return None
    link = accounts.requested_as(request.request_id, subscriber_id=request.subscriber_id)
    if link is None:
        return None
    # A link may be yet to follow its account to the present number.
    if link.relation is not request.relation or key not in (link.key, current.of(link.key)):
        raise RequestIdReused
    return link
