"""A relative's side of a grant: linking an account by the code that its owner handed over (F08)."""

from dataclasses import dataclass

from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.link_billing_account import LinkBillingAccount, LinkRequest, repeated_link
from services.accounts.application.settle_number import SettleNumber
from services.accounts.application.weighed_links import WeighedLinks, WeighGrants, end_link
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import AlreadyLinked, BillingAccount, valid_label
from services.accounts.domain.grant import (
    GRANT_CODE,
    GrantCodeSpent,
    GrantEnd,
    GrantFrozen,
    GrantState,
    LinkedOtherwise,
)
from services.accounts.domain.grant_code import GrantCode
from services.accounts.domain.grant_offer import GrantOffer, OfferState
from services.accounts.domain.grant_ports import GrantOfferRepository, LinkRepository
from services.accounts.domain.ownership_attempts import OwnershipNotProved
from services.accounts.domain.proof_ladder import Relation
from services.accounts.domain.region import Regions
from services.chassis.clock import Clock
from services.chassis.errors import FieldInvalid, VersionConflict


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmAcceptance:
    """Marks the offer that a link stands on as accepted, so that it can no longer be withdrawn; the link was saved
    before. Whoever finds that it was withdrawn at that moment ends the link."""

    links: LinkRepository
    offers: GrantOfferRepository
    clock: Clock

    def __call__(self, link: BillingAccount, /) -> bool:
        """Say whether the link stands. Idempotent. Raises `VersionConflict` when somebody else ends it now."""
        assert link.grant is not None
        offer = self.offers.get(link.grant.grant_id)
        if offer is None or offer.state is OfferState.ACCEPTED:
            return True
        if offer.state is OfferState.OPEN:
            try:
                offer.accept(now=self.clock.now())
                self.offers.save(offer)
            except VersionConflict:
                return self(link)
            return True
        end_link(self.links, link, grant_end=GrantEnd.OWNER, now=self.clock.now())
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptGrant:
    """Attempts are counted as for any proof; the region is not asked. The link is saved first, then the offer is
    marked: killed in between, the link is due soon, and whoever looks after it does the second.

    Idempotent by `request_id`, and by meaning: the same code again, by whoever accepted it, returns the link.
    """

    links: LinkRepository
    offers: GrantOfferRepository
    guard: AttemptGuard
    weigh: WeighGrants
    confirm: ConfirmAcceptance
    settle_number: SettleNumber
    current: CurrentNumbers
    regions: Regions
    clock: Clock

    def __call__(self, request: LinkRequest, /) -> BillingAccount:
        """Return the link.

        Raises `RegionNotFound`, `AccountNumberInvalid`, `FieldInvalid`, `LabelInvalid`, `RequestIdReused`,
        `TooManyAttempts`, `OwnershipNotProved` (alike for a wrong number and a wrong code), `LinkedOtherwise`,
        `GrantCodeSpent`, `GrantFrozen`.
        """
        key = self.current.of(self.regions.connected(request.region).key_of(request.number))
        if request.relation is not Relation.RELATIVE:
            raise FieldInvalid(field="relation", rule="not_offered")
        valid_label(request.label)
        accounts = WeighedLinks(links=self.links, weigh=self.weigh)
        repeated = repeated_link(request, key, accounts=accounts, current=self.current)
        if repeated is not None:
            return repeated
        known = self.weigh.room_for(key, subscriber_id=request.subscriber_id)
        offer = self._opened(request, key)
        return self._link(request, key, offer) if known is None else _same(known, offer)

    def _opened(self, request: LinkRequest, key: AccountKey) -> GrantOffer:
        attempt = self.guard.begin(subscriber_id=request.subscriber_id, key=key, client_address=request.client_address)
        code = GrantCode.typed(request.proof.value)
        opened = [offer for offer in self.offers.on(key) if offer.opened_by(code)]
        if not opened:
            raise OwnershipNotProved
        self.guard.forgive(attempt)
        return opened[0]

    def _link(self, request: LinkRequest, key: AccountKey, offer: GrantOffer) -> BillingAccount:
        link = BillingAccount.link_by_grant(
            offer.grant(now=self.clock.now()),
            subscriber_id=request.subscriber_id,
            key=key,
            label=request.label,
            request_id=request.request_id or None,
        )
        self._check_worth(link)
        try:
            self.links.save(link)
        except (AlreadyLinked, GrantCodeSpent):  # the other tap of a double one was first
            known = self.weigh.room_for(key, subscriber_id=request.subscriber_id)
            if known is None:
                raise
            return _same(known, offer)
        if not self.confirm(link):
            raise GrantCodeSpent
        standing = self.settle_number(link) or link
        self.weigh([standing])
        return standing

    def _check_worth(self, link: BillingAccount) -> None:
        self.weigh([link])
        if link.grant_state is GrantState.ENDED:
            raise GrantCodeSpent
        if link.grant_state is GrantState.FROZEN:
            raise GrantFrozen


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAccount:
    """Links an account by whichever proof it comes with: a fact that the region verifies, or a grant's code."""

    by_proof: LinkBillingAccount
    by_grant: AcceptGrant

    def __call__(self, request: LinkRequest, /) -> BillingAccount:
        """Return the link. Raises what `LinkBillingAccount` or `AcceptGrant` does."""
        return self.by_grant(request) if request.proof.kind == GRANT_CODE else self.by_proof(request)


def _same(known: BillingAccount, offer: GrantOffer) -> BillingAccount:
    if known.grant is None or known.grant.grant_id != offer.grant_id:
        raise LinkedOtherwise
    return known
