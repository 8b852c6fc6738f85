"""Handing one message to a mail server, with a deadline and a clear outcome; what it says is the caller's business."""

import smtplib
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from services.chassis.clock import Clock, SystemClock
from services.chassis.email_address import EmailInvalid, ascii_email

_SEVEN_BIT = SMTP.clone(cte_type="7bit")  # passes servers that never offered 8BITMIME


class MailError(Exception):
    """A message was not certainly accepted. The texts hold codes, never addresses: they reach the log."""


class MailRefused(MailError):
    """The server, or the form of the message itself, refuses for good (5xx): sending it again changes nothing."""


class MailDeferred(MailError):
    """It was not accepted now (4xx, no connection, a time-out before it was sent): sending it again is right."""


class MailUncertain(MailError):
    """The message went out whole and no answer came, or none that says anything: it may have been accepted.

    Sending it again may put a second copy into the mailbox, with the same Message-ID; not sending it may lose it. Only
    the caller can choose.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of a message; `content_type` such as `application/pdf`."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    host: str
    port: int
    user: str
    password: str
    tls: str

    @classmethod
    def from_url(cls, url: str) -> "_Server":
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("an SMTP URL is smtp://[user:password@]host[:port][?starttls=1] or smtps://...")
        starttls = parse_qs(parts.query).get("starttls") == ["1"]
        tls = "implicit" if parts.scheme == "smtps" else "starttls" if starttls else "none"
        return cls(
            host=parts.hostname,
            port=parts.port or {"implicit": 465, "starttls": 587, "none": 25}[tls],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=tls,
        )


class Mailer:
    """Sends from one address through one server, a connection per message: mail is rare and servers drop idle ones."""

    def __init__(self, smtp_url: str, /, *, sender: str, timeout_s: float = 10.0, clock: Clock | None = None) -> None:
        self._server = _Server.from_url(smtp_url)
        self._sender = sender
        self._timeout_s = timeout_s
        self._clock = clock or SystemClock()

    def send(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        message_id: str,
        html: str | None = None,
        attachments: Sequence[Attachment] = (),
        before_body: Callable[[], None] | None = None,
    ) -> None:
        """Return once the server has taken the message.

        `message_id` (`<...@domain>`) is the same for each try of one message. `before_body` is called when the server
        has accepted sender and recipient and nothing of the message has left: whoever must never send twice saves that
        there; if it raises, nothing is sent. Raises MailRefused, MailDeferred or MailUncertain; a line break in an
        address or a header is refused, never sent.
        """
        to = _on_the_wire(to)
        message = self._compose(to=to, subject=subject, text=text, message_id=message_id, html=html)
        for attachment in attachments:
            maintype, _, subtype = attachment.content_type.partition("/")
            message.add_attachment(attachment.content, maintype=maintype, subtype=subtype, filename=attachment.filename)
        delivery = _Delivery(self._server, self._timeout_s, before_body or _nothing)
        delivery.run(sender=self._sender, to=to, content=message.as_bytes())

    def _compose(self, *, to: str, subject: str, text: str, message_id: str, html: str | None) -> EmailMessage:
        message = EmailMessage(policy=_SEVEN_BIT)
        try:
            message["From"] = self._sender
            message["To"] = Address(addr_spec=to)
            message["Subject"] = subject
            message["Message-ID"] = message_id
            message["Date"] = format_datetime(self._clock.now())
            message["Auto-Submitted"] = "auto-generated"
        except (ValueError, IndexError) as error:  # IndexError: what the parser answers to an empty address
            raise MailRefused("a header or the address has no valid form") from error
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        return message


class _Delivery:
    """One dialogue with the server, each step of it within what is left of the deadline."""

    def __init__(self, server: _Server, timeout_s: float, before_body: Callable[[], None]) -> None:
        self._server = server
        self._before_body = before_body
        self._until = time.monotonic() + timeout_s
        self._sent = False

    def run(self, *, sender: str, to: str, content: bytes) -> None:
        try:
            client = self._connect()
            try:
                self._converse(client, sender, to, content)
            finally:
                client.close()
        except (smtplib.SMTPException, OSError) as error:  # a code in it may be smtplib's own: 500 for an endless line
            raise (MailUncertain if self._sent else MailDeferred)(_told(error)) from error

    def _connect(self) -> smtplib.SMTP:
        connect = smtplib.SMTP_SSL if self._server.tls == "implicit" else smtplib.SMTP
        return connect(self._server.host, self._server.port, timeout=self._left_s())

    def _converse(self, client: smtplib.SMTP, sender: str, to: str, content: bytes) -> None:
        self._introduce(client, sender)
        self._expect(client, {250, 251}, lambda: client.rcpt(to))  # 251: it will be forwarded
        self._before_body()
        self._expect(client, {354}, lambda: client.docmd("DATA"))
        self._in_time(client)
        self._transmit(client, content)
        code, _ = client.getreply()
        if not 200 <= code < 300:
            raise _verdict(code) if 400 <= code < 600 else MailUncertain(f"SMTP {code}")  # -1: it was no answer at all

    def _introduce(self, client: smtplib.SMTP, sender: str) -> None:
        """Come as far as the sender. Whatever is refused here is no fault of the recipient's: it is tried again."""
        try:
            self._expect(client, {250}, client.ehlo)
            if self._server.tls == "starttls":
                self._expect(client, {220}, client.starttls)
                self._expect(client, {250}, client.ehlo)
            if self._server.user:
                self._log_in(client)
            self._expect(client, {250}, lambda: client.mail(parseaddr(sender)[1]))
        except MailRefused as error:
            raise MailDeferred(str(error)) from error

    def _transmit(self, client: smtplib.SMTP, content: bytes) -> None:
        """Send the message, then its closing dot: without the dot no server may accept it (RFC 5321, 4.1.1.4)."""
        quoted = content.replace(b"\r\n.", b"\r\n..")
        client.send(quoted if not quoted.startswith(b".") else b"." + quoted)
        self._sent = True
        client.send(b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n")

    def _log_in(self, client: smtplib.SMTP) -> None:
        self._in_time(client)
        try:
            client.login(self._server.user, self._server.password)
        except smtplib.SMTPResponseException as error:  # our own account is wrong: no message's fault
            raise MailDeferred(f"login: SMTP {error.smtp_code}") from error

    def _expect(self, client: smtplib.SMTP, wanted: Collection[int], command: Callable[[], tuple[int, bytes]]) -> None:
        self._in_time(client)
        code, _ = command()
        if code not in wanted:
            raise _verdict(code)

    def _in_time(self, client: smtplib.SMTP) -> None:
        if client.sock is not None:
            client.sock.settimeout(self._left_s())

    def _left_s(self) -> float:
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the deadline has passed")
        return left_s


def _nothing() -> None:
    """What is done before the body when nobody asks for more."""


def _on_the_wire(address: str) -> str:
    if address.isascii():
        return address
    try:
        return ascii_email(address)
    except EmailInvalid as error:
        raise MailRefused("the address has no form in ASCII") from error


def _told(error: Exception) -> str:
    return f"SMTP {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else type(error).__name__


def _verdict(code: int) -> MailError:
    return MailRefused(f"SMTP {code}") if 500 <= code < 600 else MailDeferred(f"SMTP {code}")
