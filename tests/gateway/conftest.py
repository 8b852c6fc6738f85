"""A gateway before five scripted services, for the tests of this folder."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway.actions import overview
from gateway.app import create_app
from gateway.cabinet import pages
from gateway.cabinet.words import Words
from gateway.config import Settings
from tests.gateway.browser import Browser
from tests.gateway.services_script import MODULES, Services

PUBLIC_URL = "https://localhost"
READ_AT = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def pages_are_read_in_november(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page leaves out of a date, today's day or this year, is the same whenever the tests run."""

    def words(texts: Any, language: Any, _now: datetime) -> Words:
        return Words(texts, language, READ_AT)

    monkeypatch.setattr(pages, "Words", words)


@pytest.fixture(autouse=True)
def overview_waits_for_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what hangs is missing from an overview."""
    monkeypatch.setattr(overview, "_QUICK_S", 10)
    monkeypatch.setattr(overview, "_BEYOND_REFRESH_S", 10)


@pytest.fixture(scope="session")
def running_services() -> Iterator[Services]:
    services = Services()
    services.start()
    yield services
    services.stop()


@pytest.fixture
def services(running_services: Services, app: Flask) -> Iterator[Services]:
    """The scripted services, all of them there: one that an earlier test took down is connected to again."""
    running_services.forget()
    clients = app.extensions["kabinet"].clients
    for name in MODULES:
        grpc.channel_ready_future(getattr(clients, name).remote.channel).result(timeout=10)
    yield running_services
    running_services.forget()


@pytest.fixture(scope="session")
def settings(running_services: Services, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("keys")
    (folder / "gateway.jwk.json").write_text(json.dumps(running_services.gateway_key.as_dict(private=True)))
    (folder / "gateway.secret").write_text("a secret for tests only")
    addresses = {f"{name}_address": address for name, address in running_services.addresses.items()}
    return Settings.model_validate(
        {
            "public_url": PUBLIC_URL,
            "secret_key_file": folder / "gateway.secret",
            "service_key_file": folder / "gateway.jwk.json",
            "form_action_origins": "https://acquirer.example",
            "overview_within_s": 20,
            **addresses,
        }
    )


@pytest.fixture(scope="session")
def app(settings: Settings) -> Flask:
    return create_app(settings)


@pytest.fixture
def api(app: Flask, services: Services) -> FlaskClient:
    """A client of the API without credentials."""
    return app.test_client()


@pytest.fixture
def bearer(services: Services) -> dict[str, str]:
    """Headers of a subscriber."""
    return {"Authorization": f"Bearer {services.access_token()}"}


@pytest.fixture
def browser(app: Flask, services: Services) -> Browser:
    """A browser that is not logged in."""
    return Browser(app)


@pytest.fixture
def subscriber(browser: Browser, services: Services) -> Browser:
    """A browser that is logged in."""
    browser.log_in(services.access_token(), "refresh-1")
    return browser
