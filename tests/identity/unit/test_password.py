"""Passwords: length and the list of common ones, and no rules of composition."""

import pytest

from services.chassis.errors import FieldInvalid
from services.identity.config import Settings
from services.identity.domain.password import PasswordCommon, PasswordPolicy, PasswordTooShort

_LIST = Settings.model_fields["common_passwords_file"].default
_POLICY = PasswordPolicy(_LIST.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    "password", ["сорок тысяч обезьян", "tree-under-moonlight", "ввввввв спит кот", "84019 27465 11"]
)
def test_accepts_a_long_password_of_any_composition(password: str) -> None:
    _POLICY.check(password, login="anna.petrova")


@pytest.mark.parametrize("password", ["", "короткий", "12345678901"])
def test_refuses_a_short_one_and_says_how_long_it_has_to_be(password: str) -> None:
    with pytest.raises(PasswordTooShort) as refused:
        _POLICY.check(password, login="anna.petrova")

    assert refused.value.metadata == {"shortest": "12"}


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "PasswordPassword",
        "password2026",
        "Qwertyuiop123!",
        "123456789012",
        "qwertyqwerty",
        "йцукенгшщзхъ",
        "ЙЦУКЕНГШЩЗХЪ",
        "ghbdtnghbdtn",
        "gfhjkmgfhjkm",
        "парольпароль",
        "пароль123456",
        "privetprivet",
        "ростелеком2026",
        "aaaaaaaaaaaa",
        "абвабвабвабв",
        "qwe123qwe123",
        "1q2w3e4r5t6y7u",
        "rostelecom!!!",
    ],
)
def test_refuses_what_is_tried_first(password: str) -> None:
    with pytest.raises(PasswordCommon):
        _POLICY.check(password, login="anna.petrova")


@pytest.mark.parametrize("password", ["anna.petrova", "my-anna.petrova-1", "ANNA.PETROVA!"])
def test_refuses_one_that_holds_the_login(password: str) -> None:
    with pytest.raises(PasswordCommon):
        _POLICY.check(password, login="anna.petrova")


def test_counts_characters_and_not_bytes_or_halves_of_characters() -> None:
    eleven = "e\u0301" * 11

    with pytest.raises(PasswordTooShort):
        _POLICY.check(eleven, login="anna.petrova")


def test_refuses_one_that_would_only_be_work() -> None:
    with pytest.raises(FieldInvalid):
        _POLICY.check("ab cd ef gh " * 100, login="anna.petrova")


def test_the_list_is_worth_its_name() -> None:
    words = [line for line in _LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")]

    assert len(words) >= 300
    assert words == sorted(set(words))
