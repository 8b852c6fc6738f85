"""Mails by SMTP; each message has the same Message-ID however often it is tried."""

import re
from collections.abc import Callable
from email.utils import parseaddr
from hashlib import sha256

from services.chassis.mail import Attachment, MailDeferred, Mailer, MailRefused, MailUncertain
from services.documents.adapters.autopay_mail_texts import autopay_text
from services.documents.adapters.mail_texts import MailText, bill_text, link_text
from services.documents.domain.autopay_notice import AutopayNotice, ComingCharge
from services.documents.domain.bill_content import BillContent
from services.documents.domain.consent import Language
from services.documents.domain.mailing import Mailing
from services.documents.domain.ports import Contact, MailOutcome


class SmtpPost:
    """Meets `Post` and `AutopayPost`."""

    def __init__(self, mailer: Mailer, /, *, sender: str, public_url: str) -> None:
        self._mailer = mailer
        self._domain = parseaddr(sender)[1].rpartition("@")[2]
        self._public_url = public_url.rstrip("/")

    def send_link(self, *, to: str, language: Language, token: str, number: str, confirmation_id: str) -> MailOutcome:
        url = f"{self._public_url}/bill-delivery-confirmations/{token}"
        text = link_text(language, number=number, url=url, public_url=self._public_url)
        return self._send(to, text, key=confirmation_id)

    def send_bill(
        self, mailing: Mailing, /, *, bill: BillContent, pdf: bytes, before_body: Callable[[], None]
    ) -> MailOutcome:
        text = bill_text(mailing.language, bill=bill, public_url=self._public_url)
        attachment = Attachment(filename=_filename(bill), content_type="application/pdf", content=pdf)
        return self._send(mailing.email, text, key=mailing.mailing_id, attachment=attachment, before_body=before_body)

    def send_autopay_notice(
        self, notice: AutopayNotice, /, *, to: Contact, charge: ComingCharge | None, before_body: Callable[[], None]
    ) -> MailOutcome:
        text = autopay_text(notice, charge, language=to.language, public_url=self._public_url)
        return self._send(to.email, text, key=notice.notice_id, before_body=before_body)

    def _send(
        self,
        to: str,
        text: MailText,
        *,
        key: str,
        attachment: Attachment | None = None,
        before_body: Callable[[], None] | None = None,
    ) -> MailOutcome:
        try:
            self._mailer.send(
                to=to,
                subject=text.subject,
                text=text.body,
                message_id=f"<{sha256(key.encode()).hexdigest()[:40]}@{self._domain}>",
                attachments=[attachment] if attachment else [],
                before_body=before_body,
            )
        except MailRefused:
            return MailOutcome.REFUSED
        except MailDeferred:
            return MailOutcome.DEFERRED
        except MailUncertain:
            return MailOutcome.UNCERTAIN
        return MailOutcome.TAKEN


def _filename(bill: BillContent) -> str:
    """Plain ASCII, whatever the region calls its bills."""
    return f"bill-{re.sub('[^A-Za-z0-9-]+', '-', bill.bill_number)[:60]}-{bill.period_start:%Y-%m}.pdf"
