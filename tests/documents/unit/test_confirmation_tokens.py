"""Tokens of confirmation links: only the genuine one opens, and nothing kept opens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.ids import new_id
from services.documents.adapters.hmac_tokens import HmacConfirmationTokens

TOKENS = HmacConfirmationTokens(b"a secret of at least 16 bytes")


@given(st.binary(min_size=16, max_size=16))
def test_leads_back_to_the_confirmation(raw: bytes) -> None:
    token = TOKENS.token_of(f"cnf_{raw.hex()}")

    assert TOKENS.confirmation_id_of(token) == f"cnf_{raw.hex()}"
    assert len(token) == 43


@given(st.text(max_size=80))
def test_knows_no_invented_token(text: str) -> None:
    assert TOKENS.confirmation_id_of(text) is None


@given(st.integers(0, 41), st.sampled_from("AZaz09-_"))
def test_knows_no_token_that_differs_in_one_character(place: int, character: str) -> None:
    token = TOKENS.token_of("cnf_" + "5" * 32)
    other = token[:place] + character + token[place + 1 :]

    assert (TOKENS.confirmation_id_of(other) is None) == (other != token)


def test_is_not_to_be_had_from_what_is_kept() -> None:
    confirmation_id = new_id("cnf")

    assert HmacConfirmationTokens(b"another secret, 16+").token_of(confirmation_id) != TOKENS.token_of(confirmation_id)
    with pytest.raises(ValueError, match="too short"):
        HmacConfirmationTokens(b"short")
