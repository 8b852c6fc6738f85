"""Sums and times as people read and type them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cabinet.pages import local_path
from gateway.cabinet.words import Words, kopecks
from gateway.errors import FieldsInvalid
from gateway.wording import load_texts

_NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
_TEXTS = load_texts("cabinet")


def make_words(language: str = "ru") -> Words:
    return Words(_TEXTS[language], language, _NOW)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("450", 45_000), ("450,5", 45_050), ("450.50", 45_050), (" 1 450,05 ", 145_005), ("0", 0), ("450 ₽", 45_000)],
)
def test_reads_roubles_as_people_type_them(typed: str, expected: int) -> None:
    assert kopecks(typed, field="amount") == expected


@pytest.mark.parametrize("typed", ["", "-1", "1e3", "450,505", "сто", "4,5,0", "9" * 10, "٣", "1'000"])
def test_refuses_what_is_no_sum(typed: str) -> None:
    with pytest.raises(FieldsInvalid):
        kopecks(typed, field="amount")


@given(st.integers(min_value=0, max_value=99_999_999_999), st.sampled_from(["ru", "en"]))
def test_reads_back_every_sum_that_it_writes(minor: int, language: str) -> None:
    written = make_words(language).money({"amount_minor": minor, "currency": "RUB"})

    assert kopecks(written.replace("₽", "").replace(",", "") if language == "en" else written, field="x") == minor


def test_a_debt_has_a_minus() -> None:
    assert make_words().money({"amount_minor": -123_456, "currency": "RUB"}) == "\u22121\u202f234,56\u00a0₽"


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-11-20T12:00:00Z", "Asia/Novosibirsk", "19:00"),
        ("2026-11-19T18:00:00Z", "Asia/Novosibirsk", "01:00"),  # already the 20th there
        ("2026-11-19T12:00:00Z", "Europe/Moscow", "19\u00a0ноября, 15:00"),
        ("2014-10-26T00:30:00Z", "Europe/Moscow", "26\u00a0октября 2014, 03:30"),  # the day Moscow left UTC+4
        ("2026-11-20T12:00:00Z", "No/Such", "15:00"),
    ],
)
def test_tells_a_time_in_the_accounts_zone_and_its_day_unless_it_is_today(value: str, zone: str, expected: str) -> None:
    assert make_words().moment(value, zone) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-20T20:59:59Z", "20\u00a0ноября"),
        ("2026-11-20T21:00:00Z", "21\u00a0ноября"),
        ("2014-12-31T21:00:00Z", "1\u00a0января 2015"),
        (None, "—"),
    ],
)
def test_a_time_falls_on_a_day_of_moscow(value: str | None, expected: str) -> None:
    assert make_words().day_of(value) == expected


def test_a_word_that_is_not_known_yet_is_shown_as_other() -> None:
    assert make_words().word("channel", "TELEGRAPH") == "другой способ"


@given(st.text())
def test_a_login_never_leads_to_another_site(address: str) -> None:
    led_to = local_path(address)

    assert led_to.startswith("/")
    assert not led_to.startswith(("//", "/\\"))
