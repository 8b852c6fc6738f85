"""Mailing the links that prove addresses, in the background."""

from contextlib import suppress
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.errors import DomainError, VersionConflict
from services.documents.application.bill_deliveries import is_linked
from services.documents.domain.bill_delivery import BillDelivery
from services.documents.domain.consent import EndCause
from services.documents.domain.ports import AccountAccess, BillDeliveryRepository, ConfirmationTokens, MailOutcome, Post


@dataclass(frozen=True, slots=True, kw_only=True)
class MailConfirmation:
    """Mail one link that is due; say whether there was one.

    A link may arrive twice (a kill after the server took it): it is the same link, so that harms nobody. Accounts is
    asked first: the account may have been unlinked while the consent was being given, and the event of it come before
    there was a delivery to end.
    """

    deliveries: BillDeliveryRepository
    accounts: AccountAccess
    tokens: ConfirmationTokens
    post: Post
    clock: Clock

    def __call__(self) -> bool:
        delivery = self.deliveries.claim_due()
        if delivery is None:
            return False
        try:
            self._mail_if_linked(delivery)
        except DomainError:  # foreseen: accounts is down; the mail was not even tried
            delivery.postpone(now=self.clock.now())
        with suppress(VersionConflict):  # the subscriber was quicker: they have confirmed, changed or withdrawn
            self.deliveries.save(delivery)
        return True

    def _mail_if_linked(self, delivery: BillDelivery) -> None:
        if is_linked(self.accounts, delivery.recipient):
            self._mail(delivery)
        else:
            delivery.end(cause=EndCause.ACCOUNT_UNLINKED, now=self.clock.now())

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
