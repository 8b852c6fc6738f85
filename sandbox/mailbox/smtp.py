"""Mail in, by SMTP: each mail is on the disk before `250` leaves; fault scripts come between."""

import asyncio
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.serving import parse_listen
from sandbox.mailbox.faults import Faults
from sandbox.mailbox.mail_folder import MailFolder

_REFUSALS = {
    "451": "451 4.3.0 Temporary failure, try again later",
    "550": "550 5.1.1 No such mailbox here",
}


class Inbox:
    """What aiosmtpd calls for recipients and for mails."""

    def __init__(self, *, folder: MailFolder, faults: Faults, clock: Clock, hold_s: float) -> None:
        self._folder = folder
        self._faults = faults
        self._clock = clock
        self._hold_s = hold_s

    async def handle_RCPT(  # noqa: N802 -- the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept every recipient that no script refuses."""
        fault = self._faults.take([address], among={"451", "550"})
        if fault is not None:
            json_log.info("fault", fault=fault)
            return _REFUSALS[fault]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store the mail, then say so."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        mail_id = await asyncio.to_thread(
            self._folder.add,
            content,
            sender=envelope.mail_from or "",
            recipients=list(envelope.rcpt_tos),
            received_at=self._clock.now(),
        )
        json_log.info("mail stored", mail_id=mail_id, size=len(content), recipients=len(envelope.rcpt_tos))
        if self._faults.take(envelope.rcpt_tos, among={"timeout_after_data"}):
            json_log.info("fault", fault="timeout_after_data", mail_id=mail_id)
            await asyncio.sleep(self._hold_s)  # the library cancels this when the sender hangs up
            _hang_up(server)
        return f"250 2.0.0 OK {mail_id}"

    def closes_before_data(self, recipients: list[str], /) -> bool:
        """Whether a script wants the connection to end where the mail would begin."""
        return self._faults.take(recipients, among={"close_before_data"}) is not None


class _BreakableSmtp(SMTP):
    """The library has no hook before the content of a mail, where one of the faults has its place."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        inbox: Inbox = self.event_handler
        if self.envelope and inbox.closes_before_data(self.envelope.rcpt_tos):
            json_log.info("fault", fault="close_before_data")
            return _hang_up(self)
        await super().smtp_DATA(arg)
        return None


class SmtpServer(Controller):
    """The SMTP side in a thread of its own; `start()` returns when it listens."""

    def __init__(self, inbox: Inbox, /, *, listen: str, size_limit: int) -> None:
        host, port = parse_listen(listen)
        self._size_limit = size_limit
        super().__init__(inbox, hostname=host, port=port)

    def factory(self) -> Any:
        """Return the protocol of one connection."""
        return _BreakableSmtp(
            self.handler, data_size_limit=self._size_limit, enable_SMTPUTF8=True, ident="Kabinet sandbox mailbox"
        )


def _hang_up(server: SMTP) -> None:
    if server.transport is not None:
        cast("asyncio.Transport", server.transport).abort()
