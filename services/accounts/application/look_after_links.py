"""The dispatcher's step for links: what a killed call left undone about a link or its grant, and the ends that come by
themselves."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.accounts.application.accept_grant import ConfirmAcceptance
from services.accounts.application.settle_number import SettleNumber
from services.accounts.application.weighed_links import WeighGrants, end_link
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.grant import GrantEnd
from services.accounts.domain.grant_ports import GrantOfferRepository, LinkQueue, LinkRepository
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict

_AGAIN_AFTER = timedelta(seconds=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAfterLinks:
    """Claims one due link. An owner's link that has ended, or became a relative's, takes its grants along; one that was
    just made is looked for under its account's present number; a link on a grant is confirmed, and ended when the grant
    is over. Killed at any line, the link is due again; each step is safe to repeat."""

    queue: LinkQueue
    links: LinkRepository
    offers: GrantOfferRepository
    settle_number: SettleNumber
    confirm: ConfirmAcceptance
    weigh: WeighGrants
    clock: Clock

    def __call__(self) -> bool:
        """Say whether there was anything to do."""
        link = self.queue.claim()
        if link is None:
            return False
        try:
            self._look(link)
        except VersionConflict:  # one of its grants, or its offer, was changed at this moment
            _log.info("link_looked_after_again", billing_account_id=link.billing_account_id)
            self._plan(link, after=_AGAIN_AFTER)
        return True

    def _look(self, link: BillingAccount) -> None:
        if link.unlinked_at is not None:
            self._end_granted(link, grant_end=GrantEnd.OWNER_UNLINKED)
            self._rest(link)
        elif self.settle_number(link) is not None and self._holds(link):
            if link.may_have_granted and not link.is_owners:
                self._withdraw_offers(link)
                self._end_granted(link, grant_end=GrantEnd.OWNER)
            self._rest(link)

    def _holds(self, link: BillingAccount) -> bool:
        return link.grant is None or (self.confirm(link) and not self.weigh.end_if_over(link))

    def _withdraw_offers(self, link: BillingAccount) -> None:
        """Before the links end: whoever is accepting an offer finds it withdrawn and ends the link, or was first, and
        the link is found."""
        for offer in self.offers.given_on(link.billing_account_id):
            if offer.is_open(now=self.clock.now()):
                offer.withdraw(now=self.clock.now())
                self.offers.save(offer)

    def _end_granted(self, link: BillingAccount, *, grant_end: GrantEnd) -> None:
        for granted in self.links.granted_by(link.billing_account_id):
            end_link(self.links, granted, grant_end=grant_end, now=self.clock.now())

    def _rest(self, link: BillingAccount) -> None:
        """Leave it alone until the day after the grant's last one."""
        standing = link.grant if link.unlinked_at is None else None
        link.look_again(standing.terms.over_at(time_zone=self.weigh.time_zone_of(link)) if standing else None)
        self.links.save(link)

    def _plan(self, link: BillingAccount, *, after: timedelta) -> None:
        """Look again soon. When the link itself was changed, that save has left it due."""
        link.look_again(self.clock.now() + after)
        try:
            self.links.save(link)
        except VersionConflict:
            _log.info("link_changed_meanwhile", billing_account_id=link.billing_account_id)
