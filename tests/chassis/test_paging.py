"""Page tokens come back as they went out, and anything else is refused in the client's terms."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.paging import PageTokenInvalid, from_page_token, page_size, to_page_token


@given(st.lists(st.text() | st.integers(-(2**63), 2**63), min_size=1, max_size=3))
def test_reads_back_the_position_that_it_wrote(position: list[str | int]) -> None:
    assert from_page_token(to_page_token(*position), length=len(position)) == position


def test_begins_at_the_beginning_without_a_token() -> None:
    assert from_page_token("", length=1) is None


@pytest.mark.parametrize("token", ["x", "%%%", "bnVsbA", to_page_token("a", "b"), "W3siJG5lIjogbnVsbH1d", "Ww"])
def test_refuses_a_token_that_it_did_not_write(token: str) -> None:
    with pytest.raises(PageTokenInvalid):
        from_page_token(token, length=1)


@pytest.mark.parametrize(
    "text",
    ["[" * 400, "[" * 3000, '["\\ud800"]', '["a\\udfffb"]', '["a", "\\udc00\\ud800"]'],
    ids=["nested", "nested deeper than Python goes", "half a character", "within a text", "halves the wrong way round"],
)
def test_refuses_what_json_can_hold_and_a_database_cannot(text: str) -> None:
    token = urlsafe_b64encode(text.encode()).decode().rstrip("=")

    for length in (1, 2):
        with pytest.raises(PageTokenInvalid):
            from_page_token(token, length=length)


@pytest.mark.parametrize(("wanted", "given_"), [(0, 20), (-5, 20), (1, 1), (100, 100), (5000, 100)])
def test_keeps_pages_between_one_row_and_a_hundred(wanted: int, given_: int) -> None:
    assert page_size(wanted) == given_
