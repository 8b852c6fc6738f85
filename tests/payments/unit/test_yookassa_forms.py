"""Sums, cards and ids between the acquirer's words and ours."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.money import Money
from services.payments.adapters.yookassa_acquirer import YookassaAcquirer
from services.payments.adapters.yookassa_amount import from_amount, to_amount
from services.payments.adapters.yookassa_card import brand_of, saved_card_of
from services.payments.adapters.yookassa_client import NO_PAYMENT_ID, ShopSettings, YookassaClient, word_of
from services.payments.adapters.yookassa_receipts import YookassaFiscalRegister
from services.payments.domain.acquirer import Absent, Refused
from services.payments.domain.fiscal import MovedMoney, ReceiptOrder
from tests.payments.builders import make_method, rub
from tests.payments.fake_world import TERMS

_CARD = {"last4": "2987", "expiry_year": "2099", "expiry_month": "12", "card_type": "Mir"}


@given(st.integers(1, 2**53))
def test_a_sum_comes_back_to_the_kopeck(kopecks: int) -> None:
    assert from_amount(to_amount(Money(kopecks))) == Money(kopecks)


def test_kopecks_are_two_digits() -> None:
    assert to_amount(Money(45_005)) == {"value": "450.05", "currency": "RUB"}


@pytest.mark.parametrize("value", ["450", "450.5", "450.505", "-1.00", "1e3", " 1.00", "1.00\n", "٣.٠٠", ".50", "NaN"])
def test_refuses_what_is_no_amount(value: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        from_amount({"value": value, "currency": "RUB"})


def test_a_float_is_no_amount() -> None:
    with pytest.raises(TypeError):
        from_amount({"value": 450.0, "currency": "RUB"})


@pytest.mark.parametrize(
    ("card", "brand"),
    [
        ({"card_type": "Visa"}, "visa"),
        ({"card_type": "Visa", "card_product": {"code": "L", "name": "Visa Electron"}}, "visa_electron"),
        ({"card_type": "MasterCard"}, "mastercard"),
        ({"card_type": "MasterCard", "card_product": {"code": "MSI", "name": "Maestro"}}, "maestro"),
        ({"card_type": "Mir"}, "mir"),
        ({"card_type": "JCB"}, "jcb"),
        ({"card_type": "MIR"}, "mir"),
        ({"card_type": "Unknown"}, "unknown"),
        ({"card_type": "Belkart"}, "other"),
        ({}, "unknown"),
    ],
)
def test_names_the_brand_as_far_as_it_is_told(card: dict[str, Any], brand: str) -> None:
    assert brand_of(card) == brand


def test_keeps_only_a_card_that_the_acquirer_saved() -> None:
    saved = saved_card_of({"type": "bank_card", "saved": True, "id": "token", "card": _CARD})

    assert saved is not None
    assert (saved.acquirer_method_id, saved.brand, saved.expires) == ("token", "mir", "2099-12")
    assert saved_card_of({"type": "bank_card", "saved": False, "id": "token", "card": _CARD}) is None


@pytest.mark.parametrize("text", ["Insufficient funds", "НЕТ", "a" * 65, "", None, 5, "word\n"])
def test_passes_on_constant_words_only(text: object) -> None:
    assert word_of("3d_secure_failed", otherwise="canceled") == "3d_secure_failed"
    assert word_of(text, otherwise="canceled") == "canceled"


def test_the_acquirers_token_shows_in_no_repr() -> None:
    method = make_method(acquirer_method_id="secret-token")

    assert "secret-token" not in repr(method)


class _UnreachableClient(YookassaClient):
    """Whoever calls it has sent something."""

    def call(self, *arguments: Any, **options: Any) -> Any:
        raise AssertionError(f"sent {arguments} {options}")


def test_an_empty_id_is_never_sent() -> None:
    client = _UnreachableClient(ShopSettings(api_url="http://nowhere", shop_id="1", secret_key="s"))
    acquirer, register = YookassaAcquirer(client), YookassaFiscalRegister(client)
    nobodys = MovedMoney(acquirer_payment_id="", acquirer_refund_id="")
    order = ReceiptOrder(idempotence_key="k", money=nobodys, amount=rub(1), terms=TERMS, email="payer@example.test")

    assert acquirer.get("", timeout_s=1) == Absent()
    assert acquirer.find_refund("r", acquirer_payment_id="", timeout_s=1) == Absent()
    assert acquirer.refund(refund_id="r", acquirer_payment_id="", amount=rub(1), timeout_s=1) == Refused(NO_PAYMENT_ID)
    assert register.find_receipt(nobodys, timeout_s=1) == Absent()
    assert register.register(order, timeout_s=1) == Refused(NO_PAYMENT_ID)
