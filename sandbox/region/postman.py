"""Mailing the codes that were asked for, on a thread of its own: after the answer, so that its time tells nothing."""

import smtplib
import threading
from email.message import EmailMessage
from urllib.parse import urlsplit

from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database
from sandbox.region.ownership_codes import VALID_FOR, Letter, OwnershipCodes

_IDLE_S = 1.0
_TIMEOUT_S = 5.0
_TEXT = """\
Здравствуйте!

Кто-то, возможно вы, присоединяет лицевой счёт на •••{ending} в Едином личном кабинете.

Ваш код: {code}

Он годится один раз и {minutes} минут. Если вы ничего не присоединяете, никому не сообщайте код:
без него ваш счёт никто не увидит.
"""


class Postman:
    """Sends each letter at least once; a mail server that is away is tried again for as long as the code is good."""

    def __init__(self, *, database: Database, codes: OwnershipCodes, clock: Clock, region: str, smtp_url: str) -> None:
        """Without `smtp_url` there is no mail: codes are asked for and nobody gets them."""
        self._database = database
        self._codes = codes
        self._clock = clock
        self._region = region
        self._server = urlsplit(smtp_url)
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        if not self._server.hostname:
            json_log.warning("no mail server: codes to contacts are not sent")
            return
        self._thread.start()

    def wake(self) -> None:
        """Look for letters now."""
        self._woken.set()

    def stop(self) -> None:
        """End after the letter under way."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(_TIMEOUT_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self._send_all()
            except (OSError, smtplib.SMTPException) as error:
                json_log.warning("mail not taken", error=type(error).__name__)
            self._woken.wait(_IDLE_S)

    def _send_all(self) -> None:
        for letter in self._codes.letters(self._database.read(), now=self._clock.now()):
            self._send(letter)
            with self._database.write() as connection:
                self._codes.note_sent(connection, letter)

    def _send(self, letter: Letter) -> None:
        mail = EmailMessage()
        mail["From"] = f"billing-{self._region}@region.example"
        mail["To"] = letter.email
        mail["Subject"] = "Код для присоединения лицевого счёта"
        mail.set_content(
            _TEXT.format(ending=letter.number[-4:], code=letter.code, minutes=VALID_FOR.seconds // 60), cte="8bit"
        )
        host, port = str(self._server.hostname), self._server.port or smtplib.SMTP_PORT
        with smtplib.SMTP(host, port, timeout=_TIMEOUT_S) as server:
            server.send_message(mail)
