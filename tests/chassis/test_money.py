"""Sums are whole kopecks of one currency, whatever is done to them (I10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.money import AmountOutOfRange, CurrencyMismatch, Money

_kopecks = st.integers(min_value=-(2**61), max_value=2**61)


@given(_kopecks, _kopecks)
def test_takes_away_what_was_added(one: int, other: int) -> None:
    assert Money(one) + Money(other) - Money(other) == Money(one)


@given(_kopecks, _kopecks)
def test_orders_sums_as_their_kopecks(one: int, other: int) -> None:
    assert (Money(one) < Money(other)) == (one < other)
    assert (Money(one) >= Money(other)) == (one >= other)


@given(_kopecks)
def test_reads_back_what_it_writes(kopecks: int) -> None:
    assert Money.from_mapping(Money(kopecks).as_mapping()) == Money(kopecks)


@pytest.mark.parametrize("amount", [1.0, "1", True, None])
def test_is_made_of_nothing_but_an_int(amount: object) -> None:
    with pytest.raises(TypeError):
        Money(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", [2**63, -(2**63)])
def test_refuses_what_no_wire_can_carry(amount: int) -> None:
    with pytest.raises(AmountOutOfRange):
        Money(amount)


def test_refuses_to_mix_currencies() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "RUB") + Money(1, "USD")
