"""A social provider over real HTTP that keeps to OpenID Connect, except where a test tells it to do wrong."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

CLIENT_ID = "kabinet"
CLIENT_SECRET = "a secret between the provider and us"
Claims = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Answer:
    """What goes over the wire: byte by byte with a pause before each, or half of it and no more."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    pause_s: float = 0.0
    breaks_off: bool = False


def as_json(document: object, *, status: int = 200) -> Answer:
    """Return an answer in JSON."""
    return Answer(status=status, body=json.dumps(document).encode(), headers={"Content-Type": "application/json"})


@dataclass(slots=True, kw_only=True)
class _Approved:
    nonce: str
    challenge: str
    redirect_uri: str


@dataclass(slots=True)
class ScriptedProvider:
    """The provider's mind; assign to `claims`, `sign`, `token` or `discovery` to make it do wrong."""

    issuer: str
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}))
    claims: Callable[[Claims], Claims] = lambda claims: claims
    sign: Callable[["ScriptedProvider", Claims], str] | None = None
    token: Callable[[], Answer] | None = None
    discovery: Callable[[Claims], Claims] = lambda document: document
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, _Approved] = field(default_factory=dict)

    def approve(self, authorization_url: str) -> tuple[str, str]:
        """Be the person who agrees; return the code and the state that the browser is sent back with."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        assert query["response_type"] == "code" and query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe()
        self._codes[code] = _Approved(
            nonce=query["nonce"], challenge=query["code_challenge"], redirect_uri=query["redirect_uri"]
        )
        return code, query["state"]

    def answer(self, path: str, form: dict[str, str], authorization: str) -> Answer:
        """Answer a request."""
        self.asked.append(path)
        match path:
            case "/.well-known/openid-configuration":
                return as_json(self.discovery(self._document()))
            case "/jwks":
                return as_json(KeySet([self.key]).as_dict(private=False))
            case "/token":
                return self.token() if self.token else self._exchange(form, authorization)
            case _:
                return Answer(status=404)

    def default_sign(self, claims: Claims) -> str:
        """Sign as a provider should."""
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key, algorithms=["ES256"])

    def _document(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }

    def _exchange(self, form: dict[str, str], authorization: str) -> Answer:
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {expected}":
            return as_json({"error": "invalid_client"}, status=401)
        approved = self._codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if approved is None or approved.challenge != challenge.rstrip("="):
            return as_json({"error": "invalid_grant"}, status=400)
        if approved.redirect_uri != form["redirect_uri"] or form["grant_type"] != "authorization_code":
            return as_json({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = self.claims(
            {
                "iss": self.issuer,
                "aud": CLIENT_ID,
                "sub": "anna",
                "name": "Анна Петрова",
                "locale": "ru-RU",
                "email": "anna@example.test",
                "email_verified": True,
                "nonce": approved.nonce,
                "iat": now,
                "exp": now + 300,
            }
        )
        id_token = self.sign(self, claims) if self.sign else self.default_sign(claims)
        return as_json({"access_token": "of no use to us", "token_type": "Bearer", "id_token": id_token})


@contextmanager
def running_provider() -> Iterator[ScriptedProvider]:
    """Run a provider on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    provider = ScriptedProvider(f"http://127.0.0.1:{server.server_port}")
    server.provider = provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    """Between the wire and the provider's mind."""

    def do_GET(self) -> None:
        self._respond({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self._respond({name: values[0] for name, values in parse_qs(body).items()})

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def _respond(self, form: dict[str, str]) -> None:
        provider: ScriptedProvider = self.server.provider  # type: ignore[attr-defined]
        answer = provider.answer(self.path, form, self.headers.get("Authorization", ""))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.breaks_off:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.close_connection = True
        else:
            self._trickle(answer)

    def _trickle(self, answer: Answer) -> None:
        pieces = [answer.body] if not answer.pause_s else [bytes([byte]) for byte in answer.body]
        try:
            for piece in pieces:
                time.sleep(answer.pause_s)
                self.wfile.write(piece)
                self.wfile.flush()
        except OSError:  # whoever asked has had enough
            self.close_connection = True
