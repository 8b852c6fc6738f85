"""Devices as the list of sessions names them."""

import pytest

from gateway.cabinet.devices import device

_MOZILLA = "Mozilla/5.0"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (f"{_MOZILLA} (Windows NT 10.0; Win64; x64) {_CHROME}", "Chrome, Windows"),
        (f"{_MOZILLA} (Windows NT 10.0; Win64; x64) {_CHROME} Edg/140.0.0.0", "Edge, Windows"),
        (f"{_MOZILLA} (Linux; Android 15; SM-S921B) {_CHROME}", "Chrome, Android"),
        (f"{_MOZILLA} (X11; Linux x86_64) {_CHROME} YaBrowser/25.8 Yowser/2.5", "Yandex Browser, Linux"),
        (f"{_MOZILLA} (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox, Linux"),
        (f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) Version/18.6 Safari/605.1.15", "Safari, macOS"),
        (f"{_MOZILLA} (iPhone; CPU iPhone OS 18_6 like Mac OS X) CriOS/140.0 Mobile Safari/604.1", "Chrome, iPhone"),
        ("okhttp/4.12.0", "okhttp"),
        ("", ""),
    ],
)
def test_names_browser_and_system_that_people_know(user_agent: str, expected: str) -> None:
    assert device(user_agent) == expected
