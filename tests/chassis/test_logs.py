"""What never gets into a log: secrets by name, card numbers and tokens by look (I11)."""

from typing import Any

import pytest

from services.chassis.logs import passes_luhn, scrub


def _scrubbed(**event: Any) -> dict[str, Any]:
    return dict(scrub(None, "info", event))


@pytest.mark.parametrize("name", ["password", "code", "Authorization", "refresh_token", "proof", "email"])
def test_hides_a_secret_by_its_name(name: str) -> None:
    assert _scrubbed(**{name: "s3cret"}) == {name: "[hidden]"}


@pytest.mark.parametrize(
    "text", ["4111111111111111", "4111 1111 1111 1111", "2200-0000-0000-0004", "пан 5555555555554444."]
)
def test_hides_a_card_number_wherever_it_stands(text: str) -> None:
    assert not any(character.isdigit() for character in _scrubbed(event=text, nested={"deep": [text]})["event"])
    assert "1111" not in str(_scrubbed(nested={"deep": [text]}))


def test_leaves_numbers_that_are_no_card() -> None:
    assert _scrubbed(event="account 5400200001, order 4111111111111112") == {
        "event": "account 5400200001, order 4111111111111112"
    }


def test_hides_a_token_by_its_look() -> None:
    assert _scrubbed(event="failed for eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln") == {"event": "failed for [hidden]"}


@pytest.mark.parametrize(("digits", "passes"), [("79927398713", True), ("79927398710", False)])
def test_knows_the_check_digit(digits: str, passes: bool) -> None:
    assert passes_luhn(digits) is passes
