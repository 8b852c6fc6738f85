"""The mailbox through SMTP and HTTP: what was taken is kept, what is kept is shown, and faults happen on demand."""

import hashlib
import smtplib
import socket
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.mail import make_mailbox
from tests.sandbox.programs import Program
from tests.support import eventually

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A mailbox that holds a sender for half a minute."""
    program = make_mailbox(tmp_path_factory.mktemp("mailbox"))
    program.start()
    yield program
    assert program.stop() == 0


def _smtp(mailbox: Program) -> smtplib.SMTP:
    host, _, port = mailbox.environment["MAILBOX_SMTP_LISTEN"].partition(":")
    return smtplib.SMTP(host, int(port), timeout=60)


def _address() -> str:
    return f"{uuid.uuid4().hex}@example.test"


def _bill(recipient: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Кабинет <bills@kabinet.test>"
    mail["To"] = recipient
    mail["Subject"] = "Счёт за октябрь"
    mail["Message-ID"] = f"<{uuid.uuid4().hex}@kabinet.test>"
    mail.set_content("Счёт во вложении.\n")
    mail.add_alternative("<p>Счёт <b>во вложении</b>.</p>", subtype="html")
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="Счёт № 7.pdf")
    return mail


def _send(mailbox: Program, mail: EmailMessage) -> None:
    with _smtp(mailbox) as smtp:
        smtp.send_message(mail)


def _hang_up(smtp: smtplib.SMTP) -> None:
    """End a connection that another thread reads from."""
    assert smtp.sock is not None
    smtp.sock.shutdown(socket.SHUT_RDWR)


def _mails_to(mailbox: Program, recipient: str) -> list[dict[str, Any]]:
    return list(mailbox.call("GET", f"/api/mails?to={recipient}")[1]["mails"])


def _arm(mailbox: Program, recipient: str, fault: str, *, times: int = 1) -> None:
    script = {"recipient": recipient, "fault": fault, "times": times}
    assert mailbox.call("POST", "/control/faults", script)[0] == 201


def test_a_mail_is_shown_with_its_text_and_its_attachment_byte_for_byte(mailbox: Program) -> None:
    recipient = _address()
    _send(mailbox, mail := _bill(recipient))

    (summary,) = _mails_to(mailbox, recipient.upper())
    full = mailbox.call("GET", f"/api/mails/{summary['id']}")[1]
    (attachment,) = full["attachments"]

    assert (summary["subject"], summary["envelope_to"]) == ("Счёт за октябрь", [recipient])
    assert summary["message_id"] == mail["Message-ID"]
    assert (full["from"], full["text"]) == ("Кабинет <bills@kabinet.test>", "Счёт во вложении.\n")
    assert "<b>во вложении</b>" in full["html"]
    assert (attachment["name"], attachment["content_type"]) == ("Счёт № 7.pdf", "application/pdf")
    assert (attachment["size"], attachment["sha256"]) == (len(PDF), hashlib.sha256(PDF).hexdigest())
    download = httpx.get(mailbox.base_url + attachment["url"], timeout=30)
    assert download.content == PDF
    assert download.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%D0%A1")


def test_the_pages_list_mails_and_show_one(mailbox: Program) -> None:
    recipient = _address()
    _send(mailbox, _bill(recipient))
    mail_id = _mails_to(mailbox, recipient)[0]["id"]

    listed = httpx.get(mailbox.base_url, params={"to": recipient}, timeout=30)
    shown = httpx.get(f"{mailbox.base_url}/mails/{mail_id}", timeout=30)

    assert f'href="/mails/{mail_id}"' in listed.text
    assert "Счёт за октябрь" in shown.text
    assert f'href="/mails/{mail_id}/attachments/1"' in shown.text


def test_the_html_of_a_mail_is_shut_in_a_sandbox(mailbox: Program) -> None:
    mail = EmailMessage()
    mail["To"] = recipient = _address()
    mail["Subject"] = "<script>alert(1)</script>"
    mail.set_content("<script>alert(1)</script>", subtype="html")
    mail["From"] = "a@kabinet.test"
    _send(mailbox, mail)
    mail_id = _mails_to(mailbox, recipient)[0]["id"]

    page = httpx.get(f"{mailbox.base_url}/mails/{mail_id}", timeout=30)
    html = httpx.get(f"{mailbox.base_url}/mails/{mail_id}/html", timeout=30)

    assert "<script>" not in page.text
    assert "sandbox" in html.headers["Content-Security-Policy"]
    assert "default-src 'none'" in html.headers["Content-Security-Policy"]


def test_the_newest_mail_comes_first(mailbox: Program) -> None:
    recipient = _address()
    sent = [_bill(recipient) for _ in range(3)]
    for mail in sent:
        _send(mailbox, mail)

    listed = [mail["message_id"] for mail in _mails_to(mailbox, recipient)]

    assert listed == [mail["Message-ID"] for mail in reversed(sent)]


@pytest.mark.parametrize("fault", ["451", "550"])
def test_a_refused_recipient_is_refused_as_often_as_scripted(mailbox: Program, fault: str) -> None:
    recipient = _address()
    _arm(mailbox, recipient, fault, times=2)

    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            _send(mailbox, _bill(recipient))
        assert refusal.value.recipients[recipient][0] == int(fault)
    kept_meanwhile = _mails_to(mailbox, recipient)
    _send(mailbox, _bill(recipient))

    assert kept_meanwhile == []
    assert len(_mails_to(mailbox, recipient)) == 1


def test_a_connection_closed_before_data_keeps_nothing(mailbox: Program) -> None:
    recipient = _address()
    _arm(mailbox, recipient, "close_before_data")

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        _send(mailbox, _bill(recipient))

    assert _mails_to(mailbox, recipient) == []


def test_a_time_out_after_data_keeps_the_mail_and_says_nothing(mailbox: Program) -> None:
    recipient = _address()
    _arm(mailbox, recipient, "timeout_after_data")

    smtp = _smtp(mailbox)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(smtp.send_message, _bill(recipient))
        eventually(lambda: len(_mails_to(mailbox, recipient)) == 1)
        with pytest.raises(TimeoutError):
            sending.result(timeout=1)
        _hang_up(smtp)

    _send(mailbox, _bill(recipient))
    assert len(_mails_to(mailbox, recipient)) == 2


def test_a_held_sender_who_waits_is_hung_up_on(tmp_path: Path) -> None:
    mailbox = make_mailbox(tmp_path, MAILBOX_HOLD_S="0.5")
    mailbox.start()
    recipient = _address()
    try:
        _arm(mailbox, recipient, "timeout_after_data")

        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
            _send(mailbox, _bill(recipient))

        assert len(_mails_to(mailbox, recipient)) == 1
    finally:
        mailbox.kill()


def test_a_mail_that_is_too_large_is_refused(mailbox: Program) -> None:
    recipient = _address()
    mail = _bill(recipient)
    mail.add_attachment(b"x" * 300_000, maintype="application", subtype="octet-stream", filename="large.bin")

    with pytest.raises(smtplib.SMTPException):
        _send(mailbox, mail)

    assert _mails_to(mailbox, recipient) == []


def test_what_was_taken_survives_a_kill_and_nothing_unfinished_is_shown(tmp_path: Path) -> None:
    mailbox = make_mailbox(tmp_path)
    mailbox.start()
    recipient = _address()
    try:
        _send(mailbox, _bill(recipient))
        before = _mails_to(mailbox, recipient)
        mailbox.kill()
        (tmp_path / "mails" / "unfinished" / "half").write_bytes(b"Subject: half")

        mailbox.start()

        assert _mails_to(mailbox, recipient) == before
        assert len(mailbox.call("GET", "/api/mails")[1]["mails"]) == 1
    finally:
        mailbox.kill()


def test_no_address_or_subject_gets_into_the_log(mailbox: Program) -> None:
    recipient = _address()
    _send(mailbox, _bill(recipient))

    eventually(lambda: "mail stored" in mailbox.log())

    assert "@" not in mailbox.log()
    assert "Счёт" not in mailbox.log()


@pytest.mark.parametrize("path", ["/api/mails/none", "/mails/none", "/mails/..%2f..%2fetc%2fpasswd", "/mails/none/raw"])
def test_an_unknown_mail_is_not_found(mailbox: Program, path: str) -> None:
    assert mailbox.call("GET", path)[0] == 404


@pytest.mark.parametrize("script", [{"recipient": "a@b.test", "fault": "nonsense"}, {"fault": "451"}, None])
def test_a_misspelt_script_is_refused(mailbox: Program, script: object) -> None:
    assert mailbox.call("POST", "/control/faults", script)[0] == 400
