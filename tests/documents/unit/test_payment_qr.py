"""The payment QR code by GOST R 56042-2014, and the requisites in it."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.documents.config
from services.chassis.money import Money
from services.documents.adapters.branch_file import load_branches
from services.documents.domain.account import Account
from services.documents.domain.branch import Payee
from services.documents.domain.payment_qr import payment_qr_text
from tests.documents.builders import make_content

BRANCHES_FILE = Path(services.documents.config.__file__).parent / "branches.json"
PAYEE = load_branches(BRANCHES_FILE).of("54").payee


def fields_of(text: str) -> dict[str, str]:
    return dict(field.split("=", 1) for field in text.split("|")[1:])


def test_names_payee_sum_in_kopecks_and_account_in_the_order_of_the_standard() -> None:
    text = payment_qr_text(payee=PAYEE, bill=make_content())

    assert text == (
        "ST00012|Name=АО «Кабинет-Телеком», Сибирский филиал|PersonalAcc=40702810100000000501"
        "|BankName=Банк «Обской» г. Новосибирск|BIC=045004999|CorrespAcc=30101810100000000999"
        "|PayeeINN=7700000016|KPP=540002001|Sum=82000"
        "|Purpose=Оплата услуг связи, л/с 540000123456, счёт 54-2026-10-000123"
        "|PersAcc=540000123456|PaymPeriod=102026"
    )


def test_is_absent_when_nothing_is_to_be_paid() -> None:
    assert payment_qr_text(payee=PAYEE, bill=make_content(amount_due=Money(0))) is None


def test_composes_letters_that_came_in_parts() -> None:
    bill = make_content(bill_number=unicodedata.normalize("NFD", "Й-1"))

    text = payment_qr_text(payee=PAYEE, bill=bill)

    assert text is not None
    assert fields_of(text)["Purpose"].endswith("счёт Й-1")


@given(number=st.text(max_size=80), bill_number=st.text(max_size=300), kopecks=st.integers(1, 2**63 - 1))
def test_lets_no_value_smuggle_in_a_field(number: str, bill_number: str, kopecks: int) -> None:
    bill = make_content(account=Account(region="54", number=number), bill_number=bill_number, amount_due=Money(kopecks))

    text = payment_qr_text(payee=PAYEE, bill=bill)

    assert text is not None
    assert len(text.split("|")) == 12
    assert fields_of(text)["Sum"] == str(kopecks)
    assert fields_of(text)["PersonalAcc"] == PAYEE.account
    assert len(fields_of(text)["Purpose"]) <= 210


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account", "40702810100000000502"),
        ("bic", "045004998"),
        ("inn", "7700000017"),
        ("correspondent_account", "30101810200000000999"),
        ("kpp", "54000200"),
        ("name", "a|Sum=1"),
        ("bank", ""),
    ],
)
def test_refuses_requisites_with_a_mistyped_digit(field: str, value: str) -> None:
    good = {name: getattr(PAYEE, name) for name in Payee.__dataclass_fields__}

    with pytest.raises(ValueError, match="requisites"):
        Payee(**good | {field: value})


def test_serves_a_region_without_a_branch_by_the_default_one() -> None:
    branches = load_branches(BRANCHES_FILE)

    assert branches.of("99") == branches.default
    assert branches.of("25").payee.kpp == "250002001"
