"""What leaves identity, on real parts: letters by SMTP, events by RabbitMQ."""

import email
import email.policy
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pika
import pytest
from aiosmtpd.controller import Controller
from pymongo.database import Database

from services.chassis.events import EventSchemas, decode
from services.identity.bootstrap import build_dispatcher
from services.identity.bootstrap_stores import open_stores
from services.identity.config import Settings
from services.identity.domain.events import SubscriberRegistered
from tests.identity.integration.conftest import Identity, SettingsMaker
from tests.support import eventually
from tests.support.ports import free_port

Document = dict[str, Any]


@dataclass(slots=True)
class Mailbox:
    """A mail server that keeps what it takes, after refusing as often as it is told."""

    deferrals: int = 0
    letters: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.deferrals:
            self.deferrals -= 1
            return "451 try again later"
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        """Return the letters to an address."""
        return [letter for letter in self.letters if letter["To"] == address]


@pytest.fixture
def mailbox() -> Mailbox:
    """An empty one."""
    return Mailbox()


@pytest.fixture
def smtp_url(mailbox: Mailbox) -> Iterator[str]:
    """Where the mailbox listens."""
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=30)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@contextmanager
def _dispatching(settings: Settings) -> Iterator[None]:
    stores = open_stores(settings, role="dispatcher")
    dispatcher = build_dispatcher(settings, stores)
    dispatcher.start()
    try:
        yield
    finally:
        assert dispatcher.stop(grace_s=30)
        stores.close()


def _code_in(letter: EmailMessage) -> str:
    (code,) = re.findall(r"\b\d{8}\b", letter.get_content())
    return str(code)


def test_the_code_in_the_letter_confirms_the_registration(
    identity: Identity, make_settings: SettingsMaker, mailbox: Mailbox, smtp_url: str
) -> None:
    with _dispatching(make_settings(smtp_url=smtp_url)):
        registration_id = identity.start_registration()
        (letter,) = eventually(lambda: mailbox.to("anna@example.test"))

        tokens = identity.confirm(registration_id, code=_code_in(letter))

    assert tokens.access_token
    assert letter["Subject"] == "Код для регистрации в Едином личном кабинете"
    assert letter["Message-ID"] == f"<{registration_id}.code@kabinet.example>"
    assert "anna.petrova" in letter.get_content()


def test_a_letter_about_something_taken_goes_to_its_owner_and_holds_no_code(
    identity: Identity, make_settings: SettingsMaker, mailbox: Mailbox, smtp_url: str
) -> None:
    identity.register()
    with _dispatching(make_settings(smtp_url=smtp_url)):
        identity.start_registration(login="other.login")
        eventually(lambda: len(mailbox.letters) == 1)
        identity.start_registration(email="other@example.test")
        eventually(lambda: len(mailbox.letters) == 3)

    assert [letter["Subject"] for letter in mailbox.to("anna@example.test")] == [
        "У вас уже есть логин в Едином личном кабинете",
        "Кто-то хотел зарегистрировать ваш логин",
    ]
    assert [letter["Subject"] for letter in mailbox.to("other@example.test")] == [
        "Выберите другой логин для Единого личного кабинета"
    ]
    assert not any(re.search(r"\d{6}", letter.get_content()) for letter in mailbox.letters)


def test_a_letter_that_is_deferred_comes_later_and_once(
    identity: Identity, make_settings: SettingsMaker, mailbox: Mailbox, smtp_url: str, database: Database[Document]
) -> None:
    mailbox.deferrals = 1
    with _dispatching(make_settings(smtp_url=smtp_url)):
        registration_id = identity.start_registration()
        eventually(lambda: mailbox.letters)
        eventually(lambda: database["registrations"].find_one({"_id": registration_id, "work.due_at": None}))

    assert len(mailbox.letters) == 1


def test_a_confirmed_registration_is_announced_once_and_keeps_to_the_contract(
    identity: Identity, make_settings: SettingsMaker, smtp_url: str, amqp_url: str, database: Database[Document]
) -> None:
    with _listening(amqp_url) as received, _dispatching(make_settings(smtp_url=smtp_url, amqp_url=amqp_url)):
        identity.register()
        (body,) = eventually(received)
        eventually(lambda: database["subscribers"].count_documents({"outbox": []}) == 1)

    envelope = decode(body)
    EventSchemas().check(envelope)
    subscriber = database["subscribers"].find_one({})
    assert subscriber is not None
    assert (envelope.name, envelope.aggregate_id) == (SubscriberRegistered.name, subscriber["_id"])
    assert set(envelope.data) == {"subscriber_id", "channel", "registered_at"}
    assert envelope.data["channel"] == "registration"
    assert "anna" not in json.dumps(envelope.data)


@contextmanager
def _listening(amqp_url: str) -> Iterator[Any]:
    """Yield what returns the bodies of identity's events so far."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.exchange_declare("identity.events", exchange_type="topic", durable=True)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "identity.events", "identity.#")
    bodies: list[bytes] = []

    def received() -> list[bytes]:
        _, _, body = channel.basic_get(queue, auto_ack=True)
        if body is not None:
            bodies.append(body)
        return bodies

    try:
        yield received
    finally:
        connection.close()
