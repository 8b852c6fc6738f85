"""A browser as far as the cabinet needs one: cookies, and forms that carry what the page gave them."""

import json
import re
from html import unescape
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_ORIGIN = "https://localhost"


class Browser:
    """Visits pages and sends forms over https, so that Secure cookies come back."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def log_in(self, access_token: str, refresh_token: str = "") -> None:
        """Have the cookies of a session."""
        if access_token:
            self._client.set_cookie("__Host-access", access_token, secure=True)
        if refresh_token:
            self._client.set_cookie("__Host-refresh", refresh_token, secure=True)

    def cookie(self, name: str) -> str:
        """Return the value of a cookie, empty when there is none."""
        found = self._client.get_cookie(name)
        return found.value if found else ""

    def get(self, address: str, **headers: str) -> TestResponse:
        """Visit a page."""
        return self._client.get(address, base_url=_ORIGIN, headers=headers)

    def post(self, address: str, *, headers: dict[str, str] | None = None, json: object = None) -> TestResponse:
        """Send something that no form made."""
        return self._client.post(address, base_url=_ORIGIN, headers=headers, json=json)

    def send(self, page: str, address: str, **fields: str) -> TestResponse:
        """Send a form of `page` to `address` with its hidden fields, as a person would who filled in `fields`."""
        html = self.get(page).text
        form = {"csrf_token": csrf_token(html), **hidden_fields(html), **fields}
        return self._client.post(address, base_url=_ORIGIN, data=form, headers={"Referer": f"{_ORIGIN}{page}"})


def csrf_token(html: str) -> str:
    """Return the form token that a page carries."""
    found = _TOKEN.search(html)
    assert found, "the page has no form token"
    return found[1]


def hidden_fields(html: str) -> dict[str, str]:
    """Return the hidden fields of the forms in a page, but for those of the frame around it."""
    main = html.partition("<main")[2]
    return {name: unescape(value) for name, value in _HIDDEN.findall(main)}


def json_of(answer: TestResponse) -> Any:
    """Return the JSON of an answer; a test that expects another body fails here."""
    assert answer.is_json or answer.mimetype == "application/problem+json", answer.text
    return json.loads(answer.data)
