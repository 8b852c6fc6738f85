"""Mail over real SMTP: one clear outcome each, nothing injected, and the deadline holds."""

import email.policy
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from services.chassis.mail import Attachment, MailDeferred, Mailer, MailError, MailRefused, MailUncertain
from tests.support.ports import free_port


@dataclass(slots=True)
class Mailbox:
    """A server that answers as it is told and keeps what it takes."""

    on_recipient: str = "250 OK"
    on_data: str = "250 OK"
    envelopes: list[Any] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if self.on_recipient.startswith("25"):
            envelope.rcpt_tos.append(address)
        return self.on_recipient

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.on_data.startswith("2"):
            self.envelopes.append(envelope)
        return self.on_data

    def message(self) -> EmailMessage:
        [envelope] = self.envelopes
        return email.message_from_bytes(envelope.content, policy=email.policy.default)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mailer(mailbox: Mailbox) -> Iterator[Mailer]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), ready_timeout=30)
    controller.start()
    try:
        yield Mailer(f"smtp://127.0.0.1:{controller.port}", sender="Кабинет <no-reply@example.org>", timeout_s=30)
    finally:
        controller.stop()


def send(mailer: Mailer, **changes: Any) -> None:
    mailer.send(
        **{"to": "a@example.org", "subject": "Счёт", "text": "Добрый день", "message_id": "<1@example.org>"} | changes
    )


def test_hands_over_text_html_and_attachment_as_they_are(mailer: Mailer, mailbox: Mailbox) -> None:
    pdf = bytes(range(256)) * 40

    send(
        mailer,
        text="Добрый день\n.\n..точки\n",
        html="<p>Добрый день</p>",
        attachments=[Attachment(filename="счёт.pdf", content_type="application/pdf", content=pdf)],
    )

    message = mailbox.message()
    body, page = message.get_body(("plain",)), message.get_body(("html",))
    [attachment] = message.iter_attachments()
    assert (message["Subject"], message["To"], message["Message-ID"]) == ("Счёт", "a@example.org", "<1@example.org>")
    assert message["From"] == "Кабинет <no-reply@example.org>"
    assert mailbox.envelopes[0].mail_from == "no-reply@example.org"
    assert body is not None
    assert body.get_content().splitlines() == ["Добрый день", ".", "..точки"]
    assert page is not None
    assert page.get_content().strip() == "<p>Добрый день</p>"
    assert (attachment.get_filename(), attachment.get_content()) == ("счёт.pdf", pdf)


@pytest.mark.parametrize("text", [".\n", "..\nend\n.\nMAIL FROM:<x@example.org>\n.", "no end of line"])
def test_a_line_of_one_dot_ends_no_message(mailer: Mailer, mailbox: Mailbox, text: str) -> None:
    send(mailer, text=text)

    body = mailbox.message().get_body()
    assert body is not None
    assert body.get_content().splitlines() == text.splitlines()


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"on_recipient": "550 no such user"}, MailRefused),
        ({"on_recipient": "451 try later"}, MailDeferred),
        ({"on_data": "554 spam"}, MailRefused),
        ({"on_data": "452 full"}, MailDeferred),
    ],
)
def test_says_whether_a_refusal_is_for_good(
    mailer: Mailer, mailbox: Mailbox, answers: dict[str, str], error: type[MailError]
) -> None:
    for name, answer in answers.items():
        setattr(mailbox, name, answer)

    with pytest.raises(error) as refusal:
        send(mailer)

    assert "example.org" not in str(refusal.value)
    assert mailbox.envelopes == []


@pytest.mark.parametrize(
    "answers", [{"on_data": "200 taken"}, {"on_data": "251 taken over there"}, {"on_recipient": "251 will forward"}]
)
def test_any_yes_is_a_yes(mailer: Mailer, mailbox: Mailbox, answers: dict[str, str]) -> None:
    for name, answer in answers.items():
        setattr(mailbox, name, answer)

    send(mailer)

    assert mailbox.message()["Message-ID"] == "<1@example.org>"


@pytest.mark.parametrize("answer", ["taken", "", "354 go on", "600 what", "250 " + "x" * 9000, "554 " + "x" * 9000])
def test_an_answer_after_the_last_dot_that_says_nothing_leaves_the_outcome_unknown(
    mailer: Mailer, mailbox: Mailbox, answer: str
) -> None:
    mailbox.on_data = answer

    with pytest.raises(MailUncertain):
        send(mailer)


@pytest.mark.parametrize("answer", ["accepted", "550 " + "x" * 9000])
def test_an_answer_before_the_message_that_says_nothing_is_a_reason_to_try_later(
    mailer: Mailer, mailbox: Mailbox, answer: str
) -> None:
    mailbox.on_recipient = answer

    with pytest.raises(MailDeferred):
        send(mailer)

    assert mailbox.envelopes == []


def test_writes_a_domain_beyond_ascii_as_every_server_takes_it(mailer: Mailer, mailbox: Mailbox) -> None:
    send(mailer, to="ivan@почта.рф")

    assert mailbox.envelopes[0].rcpt_tos == ["ivan@xn--80a1acny.xn--p1ai"]
    assert mailbox.message()["To"] == "ivan@xn--80a1acny.xn--p1ai"


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Счёт\r\nBcc: victim@example.org"},
        {"subject": "Счёт\nBcc: victim@example.org"},
        {"to": "a@example.org\r\nRCPT TO:<victim@example.org>"},
        {"to": "a@example.org, victim@example.org"},
        {"to": "a@example.org>"},
        {"to": ""},
        {"to": "нет@example.org"},
        {"to": "нет@почта.рф"},
        {"to": "a@почта.рф\r\nRCPT TO:<victim@example.org>"},
        {"to": "a@почта.рф, victim@example.org"},
        {"message_id": "<1@example.org>\r\nBcc: victim@example.org"},
    ],
)
def test_a_line_break_or_a_second_address_is_refused_and_nothing_is_sent(
    mailer: Mailer, mailbox: Mailbox, changes: dict[str, str]
) -> None:
    with pytest.raises(MailRefused):
        send(mailer, **changes)

    assert mailbox.envelopes == []


def test_no_server_is_a_reason_to_try_later() -> None:
    with pytest.raises(MailDeferred):
        send(Mailer(f"smtp://127.0.0.1:{free_port()}", sender="no-reply@example.org", timeout_s=1))


@pytest.mark.parametrize(
    ("silent_after", "error"),
    [("", MailDeferred), ("RCPT", MailDeferred), ("DATA", MailDeferred), (".", MailUncertain)],
)
def test_a_server_that_falls_silent_costs_the_deadline_and_only_after_the_last_dot_is_the_outcome_unknown(
    silent_after: str, error: type[MailError]
) -> None:
    with _FallsSilent(silent_after) as server:
        started_at = time.monotonic()

        with pytest.raises(error):
            send(Mailer(f"smtp://127.0.0.1:{server.port}", sender="no-reply@example.org", timeout_s=2))

    assert time.monotonic() - started_at < 30


@pytest.mark.parametrize("url", ["http://mail", "smtp://", "mail.example.org:25"])
def test_refuses_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP URL"):
        Mailer(url, sender="no-reply@example.org")


class _FallsSilent:
    """A server that answers up to a command, then says nothing more."""

    def __init__(self, silent_after: str) -> None:
        self._silent_after = silent_after.encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "_FallsSilent":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(60)
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rb") as lines:
            if self._silent_after:
                self._answer(connection, lines.readline)
            connection.settimeout(60)
            while lines.read(1):
                pass

    def _answer(self, connection: socket.socket, next_line: Callable[[], bytes]) -> None:
        connection.sendall(b"220 hello\r\n")
        in_data = False
        while line := next_line():
            if line.strip().upper().startswith(self._silent_after) and (in_data or self._silent_after != b"."):
                return
            if not in_data:
                in_data = line.upper().startswith(b"DATA")
                connection.sendall(b"354 go on\r\n" if in_data else b"250 OK\r\n")
