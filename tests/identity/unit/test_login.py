"""Logins: what one may look like, and the regional forms that get one fixed answer (F06)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain.login import LoginInvalid, LoginIsRegional, canonical_login, new_login


@pytest.mark.parametrize("text", ["anna.petrova", "  Anna.Petrova ", "ANNA.PETROVA", "ａnna.petrova"])
def test_one_login_is_the_same_in_every_spelling(text: str) -> None:
    assert new_login(text) == "anna.petrova"


@pytest.mark.parametrize(
    "text",
    [
        "123456",
        "123456789012",
        "77-123456",
        "66_12345",
        "ural_12345",
        "URAL_12345",
        "volga-777",
        "+79161234567",
        "ivanov@region.rt",
        "Ivanov@ural.region.rt",
        "  123456  ",
        "１２３４５６",
    ],
)
def test_a_regional_form_gets_the_fixed_answer(text: str) -> None:
    with pytest.raises(LoginIsRegional) as refused:
        canonical_login(text)

    assert (str(refused.value), refused.value.metadata) == ("Logins of the regional cabinets are not valid here.", {})


@pytest.mark.parametrize("text", ["uralochka", "ural.anna", "siberia", "a1234567", "region.rt", "n12345"])
def test_a_login_that_merely_resembles_a_regional_one_is_fine(text: str) -> None:
    assert new_login(text) == text


@pytest.mark.parametrize("text", ["", "anna", "1anna", "анна.петрова", "anna petrova", "a" * 33, "anna\n", "an\x00na1"])
def test_refuses_what_cannot_be_a_login_without_repeating_it(text: str) -> None:
    with pytest.raises(LoginInvalid) as refused:
        new_login(text)

    assert refused.value.metadata == {"shortest": "5", "longest": "32"}


@given(st.from_regex(r"[a-z][a-z.]{4,31}", fullmatch=True))
def test_accepts_every_login_of_letters_and_dots(login: str) -> None:
    assert new_login(login.upper()) == login


@given(st.integers(min_value=100_000, max_value=999_999_999_999))
def test_refuses_every_number_that_could_be_an_account(number: int) -> None:
    with pytest.raises(LoginIsRegional):
        canonical_login(str(number))
