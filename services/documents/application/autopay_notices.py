"""Mails about automatic charges: recorded from payments' events, sent in the background, at most one of each."""

from dataclasses import dataclass

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import DomainError, Kind, VersionConflict
from services.documents.domain.autopay_notice import AutopayNotice, ComingCharge, NoticeKind, NoticeState
from services.documents.domain.ports import (
    AutopayCharges,
    AutopayNoticeRepository,
    AutopayPost,
    Contact,
    Contacts,
    MailOutcome,
)

_log = structlog.get_logger(__name__)
_NO_LONGER = {Kind.NOT_FOUND, Kind.FAILED_PRECONDITION}
_FOR_A_PERSON = {NoticeState.UNCERTAIN, NoticeState.GIVEN_UP}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAutopayNotice:
    """Records that a mail is due. A second event of the same is no news."""

    notices: AutopayNoticeRepository

    def __call__(self, notice: AutopayNotice, /) -> None:
        if not self.notices.add(notice):
            _log.info("autopay_notice_known", notice_id=notice.notice_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceAutopayNotice:
    """Does what is due about one notice; says whether there was one."""

    notices: AutopayNoticeRepository
    charges: AutopayCharges
    contacts: Contacts
    post: AutopayPost
    clock: Clock

    def __call__(self) -> bool:
        notice = self.notices.claim_due()
        if notice is None:
            return False
        try:
            self._advance(notice)
        except VersionConflict:  # somebody else has taken it over; here nothing was sent
            return True
        except DomainError as error:
            self._put_off(notice, error)
        self._save(notice)
        return True

    def _advance(self, notice: AutopayNotice) -> None:
        if notice.state is NoticeState.SENDING:  # whoever was sending it has been gone for minutes
            notice.lose_track()
            return
        charge = self.charges.coming(notice.decision_id) if notice.kind is NoticeKind.ANNOUNCED else None
        contact = self.contacts.of(notice.subscriber_id)
        if not contact.email:
            notice.cancel()
            return
        self._send(notice, contact, charge)

    def _send(self, notice: AutopayNotice, contact: Contact, charge: ComingCharge | None) -> None:
        outcome = self.post.send_autopay_notice(
            notice, to=contact, charge=charge, before_body=lambda: self._begin(notice)
        )
        now = self.clock.now()
        match outcome:
            case MailOutcome.TAKEN:
                notice.sent(now=now)
            case MailOutcome.REFUSED:
                notice.give_up()
            case MailOutcome.DEFERRED:
                notice.deferred(now=now)
            case MailOutcome.UNCERTAIN:
                notice.lose_track()

    def _begin(self, notice: AutopayNotice) -> None:
        """Save the point of no return; a zombie whose lease ran out is stopped here by the version."""
        notice.begin(now=self.clock.now())
        self.notices.save(notice)

    def _put_off(self, notice: AutopayNotice, error: DomainError) -> None:
        """There is nothing to say any more, or a neighbour is down: then the mail was not even tried."""
        if error.kind in _NO_LONGER:
            notice.cancel()
        else:
            notice.postpone(now=self.clock.now())

    def _save(self, notice: AutopayNotice) -> None:
        try:
            self.notices.save(notice)
        except VersionConflict:
            _log.info("autopay_notice_moved_meanwhile", notice_id=notice.notice_id)
            return
        if notice.state in _FOR_A_PERSON:
            _log.warning("autopay_notice_not_mailed", notice_id=notice.notice_id, state=notice.state.value)
