"""An owner's side of grants: offering one, seeing all of an account, ending one (F08)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.show_billing_accounts import owned_and_linked
from services.accounts.application.weighed_links import WeighGrants, end_link
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.grant import GrantEnd, GrantNotFound, GrantState, GrantTerms, OnlyOwnerGrants
from services.accounts.domain.grant_code import GrantCode
from services.accounts.domain.grant_offer import OPEN_AT_ONCE, GrantOffer, GrantOffersTooMany, OfferState
from services.accounts.domain.grant_ports import GrantOfferRepository, LinkRepository
from services.accounts.domain.ordering_errors import RequestIdMissing, RequestIdReused
from services.accounts.domain.ports import BillingAccountRepository
from services.accounts.domain.proof_ladder import Action
from services.accounts.domain.region import Regions
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict

_ENDED_SHOWN_FOR = timedelta(days=365)
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRequest:
    """What an owner asks for."""

    subscriber_id: str
    request_id: str
    billing_account_id: str
    terms: GrantTerms
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenGrant:
    """A grant as its owner sees it: the offer, and what has become of it."""

    offer: GrantOffer
    state: GrantState
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    grant_end: GrantEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedGrant:
    """A new grant with its code; a repeated request gets the grant as it stands, and no code: that is shown once."""

    given: GivenGrant
    code: GrantCode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadGivenGrants:
    """Puts offers and the links that stand on them together: two queries more for any number of offers."""

    links: LinkRepository
    weigh: WeighGrants
    clock: Clock

    def __call__(self, offers: Sequence[GrantOffer], /) -> Sequence[GivenGrant]:
        """Return the grants in the order of the offers."""
        standing = self.links.standing_on([offer.grant_id for offer in offers])
        self.weigh([link for link in standing.values() if link.unlinked_at is None])
        now = self.clock.now()
        return [self._given(offer, standing.get(offer.grant_id), now=now) for offer in offers]

    def _given(self, offer: GrantOffer, link: BillingAccount | None, *, now: datetime) -> GivenGrant:
        if link is None:
            return _never_accepted(offer, now=now)
        if link.unlinked_at is not None:
            return _ended(offer, link, at=link.unlinked_at, grant_end=link.grant_end)
        if link.grant_state is GrantState.ENDED:  # yet to be carried out
            return _ended(offer, link, at=now, grant_end=self.weigh.end_of(link))
        return GivenGrant(offer=offer, state=link.grant_state, accepted_at=link.linked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGrant:
    """Offers a grant. One offer per request; its code is told in the answer and never again."""

    accounts: BillingAccountRepository
    standing: AccountStanding
    offers: GrantOfferRepository
    read: ReadGivenGrants
    regions: Regions
    clock: Clock
    open_for: timedelta

    def __call__(self, request: GrantRequest, /) -> OfferedGrant:
        """Return the offered grant.

        Raises `RequestIdMissing`, `RequestIdReused`, `BillingAccountNotFound`, `OnlyOwnerGrants`, `ProofOutdated`,
        `ActionNotAllowed` (also for an action that the owner's own proof does not reach), `FieldInvalid`,
        `LabelInvalid`, `GrantOffersTooMany`.
        """
        if not request.request_id:
            raise RequestIdMissing
        account = owned_and_linked(
            self.accounts, subscriber_id=request.subscriber_id, billing_account_id=request.billing_account_id
        )
        return self._repeated(request) or self._offer(request, account)

    def _offer(self, request: GrantRequest, account: BillingAccount) -> OfferedGrant:
        self._check(request, account)
        code = GrantCode.new()
        offer = GrantOffer.give(
            account,
            request.terms,
            code,
            label=request.label,
            request_id=request.request_id,
            open_for=self.open_for,
            now=self.clock.now(),
        )
        try:
            self.offers.save(offer)
        except VersionConflict:  # the other tap of a double one was first: it has the code
            first = self._repeated(request)
            if first is None:
                raise
            return first
        return OfferedGrant(given=self.read([offer])[0], code=code)

    def _check(self, request: GrantRequest, account: BillingAccount) -> None:
        if not account.is_owners:
            raise OnlyOwnerGrants
        self.standing.check_owner(account)
        for action in (Action.MANAGE, *request.terms.actions):
            account.authorize(action)
        now = self.clock.now()
        request.terms.check_last_day(time_zone=self.regions.of(account.key.region).time_zone, now=now)
        if sum(offer.is_open(now=now) for offer in self.offers.given_on(account.billing_account_id)) >= OPEN_AT_ONCE:
            raise GrantOffersTooMany

    def _repeated(self, request: GrantRequest) -> OfferedGrant | None:
        offer = self.offers.requested_as(request.request_id, subscriber_id=request.subscriber_id)
        if offer is None:
            return None
        if _content(offer) != (request.billing_account_id, request.terms, request.label.strip()):
            raise RequestIdReused
        return OfferedGrant(given=self.read([offer])[0], code=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGrants:
    """Lists what was granted on an account, newest first; what ended more than a year ago is left out."""

    accounts: BillingAccountRepository
    offers: GrantOfferRepository
    read: ReadGivenGrants
    clock: Clock

    def __call__(self, *, subscriber_id: str, billing_account_id: str) -> Sequence[GivenGrant]:
        """Raises `BillingAccountNotFound`."""
        owned_and_linked(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        oldest = self.clock.now() - _ENDED_SHOWN_FOR
        given = self.read(self.offers.given_on(billing_account_id))
        return [grant for grant in given if grant.ended_at is None or grant.ended_at >= oldest]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndGrant:
    """Ends a grant at once: an offer is withdrawn, an accepted one loses its link, with the event. Idempotent.

    Offer and link are two documents, and whichever is settled first decides: an offer that was marked as accepted
    cannot be withdrawn, and a link on an offer that was withdrawn is ended by whoever made it, or as due work.
    """

    accounts: BillingAccountRepository
    links: LinkRepository
    offers: GrantOfferRepository
    read: ReadGivenGrants
    clock: Clock

    def __call__(self, *, subscriber_id: str, billing_account_id: str, grant_id: str) -> GivenGrant:
        """Return the grant, ended. Raises `BillingAccountNotFound`, `GrantNotFound`."""
        owned_and_linked(self.accounts, subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        for left in reversed(range(_TRIES)):
            offer = self.offers.get(grant_id)
            if offer is None or offer.billing_account_id != billing_account_id:
                raise GrantNotFound
            try:
                self._end(offer)
            except VersionConflict:  # it is being accepted, or looked after, at this very moment
                if not left:
                    raise
            else:
                return self.read([offer])[0]
        raise AssertionError("the last try returns or raises")

    def _end(self, offer: GrantOffer) -> None:
        link = self.links.standing_on([offer.grant_id]).get(offer.grant_id)
        if link is not None:
            end_link(self.links, link, grant_end=GrantEnd.OWNER, now=self.clock.now())
        elif offer.state is OfferState.OPEN:
            offer.withdraw(now=self.clock.now())
            self.offers.save(offer)


def _content(offer: GrantOffer) -> tuple[object, ...]:
    return offer.billing_account_id, offer.terms, offer.label


def _ended(offer: GrantOffer, link: BillingAccount, *, at: datetime, grant_end: GrantEnd | None) -> GivenGrant:
    return GivenGrant(offer=offer, state=GrantState.ENDED, accepted_at=link.linked_at, ended_at=at, grant_end=grant_end)


def _never_accepted(offer: GrantOffer, *, now: datetime) -> GivenGrant:
    if offer.is_open(now=now):
        return GivenGrant(offer=offer, state=GrantState.OFFERED)
    withdrawn = offer.state is OfferState.WITHDRAWN
    return GivenGrant(
        offer=offer,
        state=GrantState.ENDED,
        ended_at=offer.settled_at if withdrawn else offer.open_until,
        grant_end=GrantEnd.OWNER if withdrawn else GrantEnd.NOT_ACCEPTED,
    )
