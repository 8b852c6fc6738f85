"""Letters by SMTP; the outcome is told in the service's own words."""

from collections.abc import Mapping
from email.utils import parseaddr

from services.chassis.logs import get_logger
from services.chassis.mail import Mailer, MailError, MailRefused
from services.identity.adapters.letter_texts import LetterTexts
from services.identity.domain.ports import Delivery
from services.identity.domain.registration import LetterDue

_log = get_logger(__name__)


class SmtpPostman:
    """`Postman` by the chassis' mailer.

    A try of which nobody knows whether it arrived is repeated: a second copy of a code harms nobody, a missing one
    ends the registration.
    """

    def __init__(self, mailer: Mailer, *, texts: LetterTexts, sender: str, public_url: str) -> None:
        self._mailer = mailer
        self._texts = texts
        self._domain = parseaddr(sender)[1].rpartition("@")[2]
        self._public_url = public_url

    def deliver(self, letter: LetterDue, /, *, reference: str, values: Mapping[str, str]) -> Delivery:
        text = self._texts.compose(
            letter.kind, language=letter.language, values={"public_url": self._public_url, **values}
        )
        try:
            self._mailer.send(
                to=letter.to, subject=text.subject, text=text.body, message_id=f"<{reference}@{self._domain}>"
            )
        except MailRefused as error:
            _log.warning("letter_refused", kind=letter.kind.value, reference=reference, answer=str(error))
            return Delivery.NEVER
        except MailError as error:
            _log.info("letter_deferred", kind=letter.kind.value, reference=reference, answer=str(error))
            return Delivery.LATER
        return Delivery.TAKEN
