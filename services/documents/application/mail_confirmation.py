"""Mailing the links that prove addresses, in the background."""

from contextlib import suppress
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.documents.domain.bill_delivery import BillDelivery
from services.documents.domain.ports import BillDeliveryRepository, ConfirmationTokens, MailOutcome, Post


@dataclass(frozen=True, slots=True, kw_only=True)
class MailConfirmation:
    """Mail one link that is due; say whether there was one.

    A link may arrive twice (a kill after the server took it): it is the same link, so that harms nobody.
    """

    deliveries: BillDeliveryRepository
    tokens: ConfirmationTokens
    post: Post
    clock: Clock

    def __call__(self) -> bool:
        delivery = self.deliveries.claim_due()
        if delivery is None:
            return False
        self._mail(delivery)
        with suppress(VersionConflict):  # the subscriber was quicker: they have confirmed, changed or withdrawn
            self.deliveries.save(delivery)
        return True

    def _mail(self, delivery: BillDelivery) -> None:
        if delivery.confirmation is None:
            delivery.due_at = None
            return
        outcome = self.post.send_link(
            to=delivery.email,
            language=delivery.language,
            token=self.tokens.token_of(delivery.confirmation.confirmation_id),
            number=delivery.account.number,
            confirmation_id=delivery.confirmation.confirmation_id,
        )
        now = self.clock.now()
        match outcome:
            case MailOutcome.TAKEN:
                delivery.link_mailed(now=now)
            case MailOutcome.REFUSED:
                delivery.suspend(email=delivery.email)
            case MailOutcome.DEFERRED | MailOutcome.UNCERTAIN:
                delivery.link_deferred(now=now)
