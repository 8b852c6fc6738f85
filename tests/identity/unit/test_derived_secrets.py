"""Codes and tokens that are computed: unlike each other, useless without the secret, and not to be forged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.ids import new_id
from services.identity.application.derived_secrets import DerivedSecrets
from services.identity.application.refresh_tokens import RefreshTokens
from services.identity.domain.session import RefreshClaim

_OURS = DerivedSecrets(b"our secret of thirty-two bytes..")
_THEIRS = DerivedSecrets(b"a guess of the same length......")


def test_a_code_has_eight_digits_and_follows_from_the_id() -> None:
    codes = {_OURS.registration_code(new_id("reg")) for _ in range(200)}

    assert all(len(code) == 8 and code.isdigit() for code in codes)
    assert len(codes) > 195
    assert _OURS.registration_code("reg_1") == _OURS.registration_code("reg_1") != _THEIRS.registration_code("reg_1")


def test_nothing_of_a_social_login_follows_from_another_part_of_it() -> None:
    parts = {_OURS.social_state("soc_1"), _OURS.social_nonce("soc_1"), _OURS.social_verifier("soc_1")}

    assert len(parts) == 3
    assert all(len(part) == 43 for part in parts)


def test_refuses_a_secret_that_could_be_guessed() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        DerivedSecrets(b"secret")


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_reads_the_refresh_tokens_it_made(generation: int) -> None:
    claim = RefreshClaim(session_id=new_id("ses"), generation=generation)
    tokens = RefreshTokens(secrets=_OURS)

    assert tokens.read(tokens.make(claim)) == claim


@given(position=st.integers(min_value=0, max_value=69), letter=st.sampled_from("AZaz09-_"))
def test_reads_no_token_of_which_one_character_was_changed(position: int, letter: str) -> None:
    tokens = RefreshTokens(secrets=_OURS)
    genuine = tokens.make(RefreshClaim(session_id=f"ses_{'0f' * 16}", generation=3))
    forged = genuine[:position] + letter + genuine[position + 1 :]

    assert (tokens.read(forged) is None) == (forged != genuine)


@given(st.text(max_size=100))
def test_reads_nothing_out_of_any_other_text(text: str) -> None:
    assert RefreshTokens(secrets=_OURS).read(text) is None


def test_reads_no_token_of_another_secret() -> None:
    claim = RefreshClaim(session_id=new_id("ses"), generation=0)

    assert RefreshTokens(secrets=_OURS).read(RefreshTokens(secrets=_THEIRS).make(claim)) is None
