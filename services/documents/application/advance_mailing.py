"""Mailing bills in the background: at most one mail per bill, revision and address (I5), to the entitled only (I8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import DomainError, Kind, VersionConflict
from services.documents.application.bill_deliveries import EndDeliveryOfLink
from services.documents.domain.account import Recipient
from services.documents.domain.bill_content import BillContent
from services.documents.domain.bill_delivery import BillDelivery, DeliveryState
from services.documents.domain.mailing import Mailing, MailingState
from services.documents.domain.ports import (
    AccountAccess,
    Archive,
    BillDeliveryRepository,
    CustomerBillRepository,
    MailingRepository,
    MailOutcome,
    Post,
)

_log = structlog.get_logger(__name__)
_NO_LONGER = {Kind.NOT_FOUND, Kind.PERMISSION_DENIED}
_FOR_A_PERSON = {MailingState.UNCERTAIN, MailingState.GIVEN_UP}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceMailing:
    """Do what is due about one mailing; say whether there was one."""

    mailings: MailingRepository
    bills: CustomerBillRepository
    deliveries: BillDeliveryRepository
    accounts: AccountAccess
    archive: Archive
    post: Post
    end_delivery: EndDeliveryOfLink
    clock: Clock

    def __call__(self) -> bool:
        mailing = self.mailings.claim_due()
        if mailing is None:
            return False
        try:
            self._advance(mailing)
        except VersionConflict:  # somebody else has taken it over; here nothing was sent
            return True
        except DomainError:  # foreseen: a neighbour is down; the mail was not even tried
            mailing.postpone(now=self.clock.now())
        self._save(mailing)
        if mailing.state in _FOR_A_PERSON:
            _log.error("bill_not_certainly_mailed", mailing_id=mailing.mailing_id, state=mailing.state.value)
        return True

    def _advance(self, mailing: Mailing) -> None:
        match mailing.state:
            case MailingState.DUE:
                self._send(mailing)
            case MailingState.SENDING:  # whoever was sending it has been gone for minutes
                mailing.lose_track()
            case MailingState.REFUSED:
                self._suspend_deliveries(mailing)
            case _:
                mailing.due_at = None

    def _send(self, mailing: Mailing) -> None:
        bill = self.bills.get(mailing.customer_bill_id)
        assert bill is not None and bill.content is not None and bill.pdf is not None, "mailings are of archived bills"
        deliveries = [found for one in mailing.recipients if (found := self.deliveries.get(one)) is not None]
        self._forward(mailing, bill.content, deliveries)
        entitled = self._entitled(mailing, bill.content, deliveries)
        if not entitled:
            self._wait_or_cancel(mailing, deliveries)
            return
        outcome = self.post.send_bill(
            mailing,
            bill=bill.content,
            pdf=self.archive.get(bill.pdf.sha256),
            before_body=lambda: self._begin(mailing, entitled),
        )
        self._conclude(mailing, outcome)

    def _forward(self, mailing: Mailing, bill: BillContent, deliveries: Sequence[BillDelivery]) -> None:
        """Make the mailing of those who have another address by now: to this one nothing was sent. Idempotent."""
        now = self.clock.now()
        for delivery in deliveries:
            if delivery.is_open(now) and not delivery.goes_to(mailing.email):
                self.mailings.add(
                    Mailing.of(
                        customer_bill_id=mailing.customer_bill_id,
                        revision=bill.revision,
                        email=delivery.email,
                        language=delivery.language,
                        recipients=(delivery.recipient,),
                        now=now,
                    )
                )

    def _wait_or_cancel(self, mailing: Mailing, deliveries: Sequence[BillDelivery]) -> None:
        """A bill that came before its address was proved goes out once it is; nobody else's waits."""
        now = self.clock.now()
        if any(delivery.goes_to(mailing.email) and delivery.awaits_proof(now) for delivery in deliveries):
            mailing.wait_for_proof(now=now)
        else:
            mailing.cancel()

    def _begin(self, mailing: Mailing, entitled: tuple[Recipient, ...]) -> None:
        """Save the point of no return; a zombie whose lease ran out is stopped here by the version."""
        mailing.begin(recipients=entitled, now=self.clock.now())
        self.mailings.save(mailing)

    def _conclude(self, mailing: Mailing, outcome: MailOutcome) -> None:
        now = self.clock.now()
        match outcome:
            case MailOutcome.TAKEN:
                mailing.sent(now=now)
            case MailOutcome.REFUSED:
                mailing.refused(now=now)
            case MailOutcome.DEFERRED:
                mailing.deferred(now=now)
            case MailOutcome.UNCERTAIN:
                mailing.lose_track()

    def _entitled(
        self, mailing: Mailing, bill: BillContent, deliveries: Sequence[BillDelivery]
    ) -> tuple[Recipient, ...]:
        """Ask anew just before sending: a link or a consent may have ended, and the event of it may be late."""
        return tuple(
            delivery.recipient
            for delivery in deliveries
            if delivery.state is DeliveryState.ON
            and delivery.goes_to(mailing.email)
            and self._still_allowed(delivery.recipient, bill)
        )

    def _still_allowed(self, recipient: Recipient, bill: BillContent) -> bool:
        try:
            return self.accounts.authorize(recipient).owns(bill.account, issued_at=bill.issued_at)
        except DomainError as error:
            if error.kind is Kind.NOT_FOUND:  # the event that the link has ended is late, or lost
                self.end_delivery(recipient=recipient)
            if error.kind in _NO_LONGER:
                return False
            raise

    def _suspend_deliveries(self, mailing: Mailing) -> None:
        for recipient in mailing.recipients:
            delivery = self.deliveries.get(recipient)
            if delivery is not None:
                delivery.suspend(email=mailing.email)
                self.deliveries.save(delivery)
        mailing.deliveries_suspended(now=self.clock.now())

    def _save(self, mailing: Mailing) -> None:
        try:
            self.mailings.save(mailing)
        except VersionConflict:
            self._correct_uncertainty(mailing)

    def _correct_uncertainty(self, mailing: Mailing) -> None:
        """The answer came after somebody else had given up waiting for it: what is known replaces what was not."""
        stored = self.mailings.get(mailing.mailing_id)
        if mailing.state is MailingState.SENT and stored is not None and stored.state is MailingState.UNCERTAIN:
            assert mailing.mailed_at is not None, "a mailing that was sent has its time"
            stored.sent(now=mailing.mailed_at)
            self.mailings.save(stored)
