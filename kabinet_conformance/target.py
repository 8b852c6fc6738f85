"""The region under examination, and what the kit is given to examine it with."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from joserfc import jwt
from joserfc.jwk import OKPKey

_ALGORITHM = "Ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the region answers, whose key opens it, and the accounts that were opened there for the examination.

    `closed_account`, `other_account` (a second open one) and `read_code` (the newest code that came to the contact of
    `account`) are optional: rules that need them are skipped without.
    """

    endpoint: str
    region: str
    key: OKPKey = field(repr=False)
    account: str
    proof_kind: str
    proof_value: str = field(repr=False)
    closed_account: str = ""
    other_account: str = ""
    read_code: Callable[[], str] | None = field(default=None, repr=False)
    deadline_s: float = 5.0
    ca_file: Path | None = None
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None

    def channel(self) -> grpc.Channel:
        """Return a channel to the region: plain, TLS by a CA's certificate, or mutual TLS."""
        channel: grpc.Channel
        if self.ca_file is None:
            channel = grpc.insecure_channel(self.endpoint)
        else:
            certificate = self.certificate_file.read_bytes() if self.certificate_file else None
            key = self.certificate_key_file.read_bytes() if self.certificate_key_file else None
            trusted = grpc.ssl_channel_credentials(self.ca_file.read_bytes(), key, certificate)
            channel = grpc.secure_channel(self.endpoint, trusted)
        return channel

    def token(
        self,
        *,
        issuer: str = "accounts",
        audience: str | None = None,
        lifetime: timedelta = timedelta(minutes=1),
        key: OKPKey | None = None,
    ) -> str:
        """Return the cabinet's credential, or one that is wrong in the way that is asked for."""
        signing = key or self.key
        now = datetime.now(UTC)
        claims = {
            "iss": issuer,
            "aud": audience or f"region:{self.region}",
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
        }
        header = {"alg": _ALGORITHM, "kid": str(self.key.get("kid") or "accounts")}
        return jwt.encode(header, claims, signing, algorithms=[_ALGORITHM])


def read_key(file: Path, /) -> OKPKey:
    """Return the private key (JWK) by which the cabinet shows who it is."""
    return OKPKey.import_key(json.loads(file.read_text()))
