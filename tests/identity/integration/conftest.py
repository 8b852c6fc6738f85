"""A real identity: its gRPC server on a database of the test's own, and callers with keys of their own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kabinet.identity.v1 import identity_pb2 as pb
from kabinet.identity.v1 import identity_pb2_grpc
from pymongo.database import Database

from deploy.local.keys import Keys
from services.chassis.clock import SystemClock
from services.chassis.grpc_client import Remote
from services.chassis.tokens import ServiceTokens, load_private_key
from services.identity.application.derived_secrets import DerivedSecrets
from services.identity.bootstrap_stores import open_stores
from services.identity.config import Settings
from services.identity.entrypoints.servicer import build_server
from tests.identity.builders import CONSENTS, PASSWORD
from tests.identity.desk import Desk
from tests.identity.scripted_provider import ScriptedProvider, running_provider

Document = dict[str, Any]
CLIENT = pb.Client(ip_address="192.0.2.7", user_agent="a browser")


@dataclass(slots=True, kw_only=True)
class Identity:
    """Identity as its callers see it."""

    address: str
    keys: Keys
    _remotes: dict[str, Remote] = field(default_factory=dict)

    def call(self, method: str, request: Any, *, by: str = "gateway", access_token: str | None = None) -> Any:
        """Call a method as a deployable, or as the subscriber of an access token."""
        remote = self._remote(by)
        stub = identity_pb2_grpc.IdentityServiceStub(remote.channel)
        return remote.call(getattr(stub, method), request, cap_s=30, access_token=access_token)

    def start_registration(self, *, login: str = "anna.petrova", email: str = "anna@example.test") -> str:
        """Begin a registration and return its id."""
        request = pb.StartRegistrationRequest(
            login=login,
            password=PASSWORD,
            email=email,
            consents=[pb.Consent(kind=kind, version=version) for kind, version in CONSENTS],
            language="ru",
            client=CLIENT,
        )
        return str(self.call("StartRegistration", request).registration_id)

    def code_of(self, registration_id: str) -> str:
        """Return the code that is in the mail."""
        secret = self.keys.secret_file("identity").read_bytes()
        return DerivedSecrets(secret).registration_code(registration_id)

    def confirm(self, registration_id: str, *, code: str | None = None) -> pb.Tokens:
        """Confirm a registration and return the tokens of its session."""
        request = pb.ConfirmRegistrationRequest(
            registration_id=registration_id, code=code or self.code_of(registration_id), client=CLIENT
        )
        answer: pb.ConfirmRegistrationResponse = self.call("ConfirmRegistration", request)
        return answer.tokens

    def register(self, *, login: str = "anna.petrova", email: str = "anna@example.test") -> pb.Tokens:
        """Register somebody and return the tokens of their first session."""
        return self.confirm(self.start_registration(login=login, email=email))

    def log_in(self, *, login: str = "anna.petrova", password: str = PASSWORD) -> pb.Tokens:
        """Open a session by password."""
        request = pb.CreateSessionRequest(login=login, password=password, client=CLIENT)
        answer: pb.CreateSessionResponse = self.call("CreateSession", request)
        return answer.tokens

    def refresh(self, refresh_token: str) -> pb.Tokens:
        """Exchange a refresh token."""
        answer: pb.RefreshSessionResponse = self.call(
            "RefreshSession", pb.RefreshSessionRequest(refresh_token=refresh_token, client=CLIENT)
        )
        return answer.tokens

    def close(self) -> None:
        """Hang up."""
        for remote in self._remotes.values():
            remote.close()

    def _remote(self, by: str) -> Remote:
        if by not in self._remotes:
            tokens = ServiceTokens(name=by, key=load_private_key(self.keys.caller(by)), clock=SystemClock())
            self._remotes[by] = Remote(
                name="identity", address=self.address, tokens=tokens if by else None, connect_within_s=10
            )
        return self._remotes[by]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Keys of all callers."""
    made = Keys(tmp_path_factory.mktemp("keys"))
    made.make()
    return made


SettingsMaker = Callable[..., Settings]


@pytest.fixture
def make_settings(keys: Keys, mongo_url: str, database: Database[Document], tmp_path: Path) -> SettingsMaker:
    """Settings of a test's own, with hashing made cheap; what is given is changed."""

    def make(**changes: object) -> Settings:
        defaults: dict[str, object] = {
            "mongo_url": mongo_url,
            "mongo_database": database.name,
            "amqp_url": "amqp://127.0.0.1:1",
            "grpc_listen": "127.0.0.1:0",
            "service_key_file": keys.caller("identity"),
            "trust_file": keys.trust_file,
            "token_key_file": keys.token_key,
            "secret_key_file": keys.secret_file("identity"),
            "public_url": "https://kabinet.example",
            "smtp_url": "smtp://127.0.0.1:1",
            "argon2_memory_kib": 64,
            "argon2_time_cost": 1,
            "clock_file": tmp_path / "clock",
        }
        return Settings.model_validate(defaults | changes)

    return make


@pytest.fixture
def identity(keys: Keys, make_settings: SettingsMaker) -> Iterator[Identity]:
    """A running server."""
    settings = make_settings()
    stores = open_stores(settings, role="grpc")
    server = build_server(settings, stores)
    server.start()
    running = Identity(address=f"127.0.0.1:{server.port}", keys=keys)
    try:
        yield running
    finally:
        running.close()
        server.stop(grace_s=1)
        stores.close()


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    """A provider that does everything right until told otherwise."""
    with running_provider() as running:
        yield running


@pytest.fixture
def desk(provider: ScriptedProvider) -> Desk:
    """Identity's side."""
    return Desk(provider)
