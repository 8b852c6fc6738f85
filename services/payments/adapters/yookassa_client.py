"""The official SDK's client with what it lacks: a time-out, its own settings, and an end to silent repeats."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from yookassa import Configuration
from yookassa.client import ApiClient
from yookassa.domain.exceptions import (
    ApiError,
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
)

from services.payments.domain.acquirer import Busy, Refused, Silence

NO_PAYMENT_ID = "no_payment_id"
_CONNECT_S = 2.0
_WORD = re.compile(r"[a-z0-9_]{1,64}")
_REFUSALS = (BadRequestError, UnauthorizedError, ForbiddenError, NotFoundError)
# What the SDK lets through when nobody answered, or the answer cannot be read: a lost connection becomes an
# AttributeError in it (it reads `.response` of whatever was raised), a broken body a ValueError.
_UNREADABLE = (ApiError, requests.RequestException, AttributeError, ValueError, TypeError, KeyError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSettings:
    """Where the acquirer is and who we are to it."""

    api_url: str
    shop_id: str
    secret_key: str = field(repr=False)


class _BoundedSession(requests.Session):
    """A session whose every request ends: the SDK sets no time-out. Redirects are not followed, proxies not asked."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self.trust_env = False
        self._timeout = (min(_CONNECT_S, timeout_s), timeout_s)

    def request(self, method: Any, url: Any, *arguments: Any, **options: Any) -> requests.Response:
        options.update(timeout=self._timeout, allow_redirects=False)
        return super().request(method, url, *arguments, **options)


class _Client(ApiClient):  # type: ignore[misc]
    """One call's client. The SDK keeps its settings in a global; ours are this object's own."""

    def __init__(self, settings: ShopSettings, *, timeout_s: float) -> None:
        super().__init__()
        self.endpoint = settings.api_url
        self.shop_id = settings.shop_id
        self.shop_password = settings.secret_key
        self.auth_token = None
        self._timeout_s = timeout_s

    def get_session(self) -> requests.Session:
        """Without the SDK's own repeats on 202, which would outlast the deadline: we repeat with the same key."""
        return _BoundedSession(self._timeout_s)


class YookassaClient:
    """Calls, and tells the three kinds of failure apart: refused, busy, and not known."""

    def __init__(self, settings: ShopSettings, /) -> None:
        self._settings = settings
        Configuration.configure(settings.shop_id, settings.secret_key, api_url=settings.api_url)

    def call(
        self,
        method: str,
        path: str,
        *,
        timeout_s: float,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        idempotence_key: str = "",
    ) -> dict[str, Any] | Refused | Busy | Silence:
        """Return the answer's JSON object, or what its absence means.

        A refusal is an answer of 400, 401, 403 or 404 with a body: the request was not executed. After 429 neither.
        Everything else (5xx, 202, time-out, lost connection, broken JSON) leaves it open.
        https://yookassa.ru/developers/using-api/response-handling/http-codes
        """
        headers = {"Idempotence-Key": idempotence_key} if idempotence_key else None
        try:
            answer = _Client(self._settings, timeout_s=timeout_s).request(method, path, query, headers, body)
        except _REFUSALS as error:
            return Refused(word_of((error.content or {}).get("code"), otherwise="refused"))
        except TooManyRequestsError:
            return Busy()
        except _UNREADABLE:
            return Silence()
        return answer if isinstance(answer, dict) else Silence()


def word_of(text: object, /, *, otherwise: str) -> str:
    """Return a constant word of the acquirer (`insufficient_funds`); what has not that form is not passed on."""
    return text if isinstance(text, str) and _WORD.fullmatch(text) else otherwise
