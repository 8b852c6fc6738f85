"""What a careful provider refuses and oidc-provider-mock lets pass: no PKCE by S256, an old or used code (RFC 9700).

It stands in front of the provider's two endpoints and knows nothing of its insides, so an update of the library cannot
switch it off unnoticed.
"""

import hmac
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Response, jsonify, request

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issued:
    challenge: str
    until: float


class PkceGate:
    """Remembers code -> challenge when a code leaves, and asks for the verifier when the code comes back."""

    def __init__(self, *, code_lifetime_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._code_lifetime_s = code_lifetime_s
        self._monotonic = monotonic
        self._issued: dict[str, _Issued] = {}
        self._lock = threading.Lock()

    def before_authorize(self) -> tuple[Response, int] | None:
        """Refuse an authorization request without an S256 challenge."""
        challenges, methods = request.args.getlist("code_challenge"), request.args.getlist("code_challenge_method")
        if methods != ["S256"]:
            return _refusal("invalid_request", "code_challenge_method must be S256")
        if len(challenges) != 1 or not _CHALLENGE.fullmatch(challenges[0]):
            return _refusal("invalid_request", "code_challenge is missing or malformed")
        return None

    def after_authorize(self, answer: Response) -> Response:
        """Remember the code that the redirect carries."""
        code = parse_qs(urlsplit(answer.headers.get("Location", "")).query).get("code")
        if code:
            issued = _Issued(challenge=request.args["code_challenge"], until=self._monotonic() + self._code_lifetime_s)
            with self._lock:
                self._forget_old()
                self._issued[code[0]] = issued
        return answer

    def before_token(self) -> tuple[Response, int] | None:
        """Refuse a code that was not issued, is too old, was tried before, or comes with another verifier.

        A code is spent by the first try, right or wrong, so a verifier cannot be guessed.
        """
        if request.form.get("grant_type") != "authorization_code":
            return None
        verifiers = request.form.getlist("code_verifier")
        if len(verifiers) != 1 or not _VERIFIER.fullmatch(verifiers[0]):
            return _refusal("invalid_request", "code_verifier is missing or malformed")
        with self._lock:
            issued = self._issued.pop(request.form.get("code", ""), None)
        if issued is None or issued.until < self._monotonic():
            return _refusal("invalid_grant", "the code is unknown, used or expired")
        if not hmac.compare_digest(create_s256_code_challenge(verifiers[0]), issued.challenge):
            return _refusal("invalid_grant", "code_verifier does not match")
        return None

    def _forget_old(self) -> None:
        now = self._monotonic()
        for code in [code for code, issued in self._issued.items() if issued.until < now]:
            del self._issued[code]


def _refusal(error: str, description: str) -> tuple[Response, int]:
    return jsonify(error=error, error_description=description), 400
