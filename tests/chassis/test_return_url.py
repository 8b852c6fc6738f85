"""Where a provider may send a browser back to."""

import pytest

from services.chassis.return_url import ReturnUrlNotAllowed, check_return_url

_ALLOWED = ("https://kabinet.example", "http://localhost:18080/", "ru.kabinet.app:/social")


@pytest.mark.parametrize(
    "url",
    [
        "https://kabinet.example/social/callback",
        "http://localhost:18080/social/callback",
        "https://kabinet.example/",
        "ru.kabinet.app:/social/callback",
        "https://kabinet.example/social/callback?from=app",
    ],
)
def test_lets_through_what_is_below_an_allowed_prefix(url: str) -> None:
    check_return_url(url, allowed=_ALLOWED)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://kabinet.example",
        "https://kabinet.example.evil.test/",
        "https://kabinet.example@evil.test/",
        "https://kabinet.example:8443/",
        "http://kabinet.example/",
        "//kabinet.example/",
        "/social/callback",
        "https://evil.test/?https://kabinet.example/",
        "https://kabinet.example/a/../../b",
        "https://kabinet.example/#x",
        "https://kabinet.example/\\evil.test",
        "https://kabinet.example/a\r\nb",
        "https://kabinet.example/%2e%2e/x",
        "https://KABINET.example/",
        "http://localhost:18080.evil.test/",
        "https://kabinet.example/" + "a" * 500,
    ],
)
def test_refuses_everything_else(url: str) -> None:
    with pytest.raises(ReturnUrlNotAllowed):
        check_return_url(url, allowed=_ALLOWED)
