"""The card form: what a payer typed, checked, and what of it may be kept; what is paid or bound by it is elsewhere."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.acquirer.cards import brand_of, look_up, passes_luhn
from sandbox.acquirer.payment import Card

WRONG_CODE = "0000"


class CardRefused(Exception):
    """The form is not filled in properly; the payer may correct it."""

    def __init__(self, *, field_name: str, text: str) -> None:
        super().__init__(text)
        self.field_name = field_name
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class CardForm:
    """What a payer typed. Lives as long as the request; its repr shows neither number nor code."""

    number: str = field(repr=False)
    expiry_month: str
    expiry_year: str
    csc: str = field(repr=False)

    def checked(self, *, now: datetime) -> "CardForm":
        """Return the form without blanks, or say what is wrong with it, in the payer's language."""
        number = re.sub(r"[\s-]", "", self.number)
        if not re.fullmatch(r"[0-9]{14,19}", number) or not passes_luhn(number):
            raise CardRefused(field_name="number", text="Проверьте номер карты")
        if not re.fullmatch(r"0[1-9]|1[0-2]", self.expiry_month):
            raise CardRefused(field_name="expiry_month", text="Месяц: две цифры, от 01 до 12")
        year = f"20{self.expiry_year}" if len(self.expiry_year) == 2 else self.expiry_year
        if not re.fullmatch(r"20[0-9]{2}", year):
            raise CardRefused(field_name="expiry_year", text="Год: две или четыре цифры")
        if (int(year), int(self.expiry_month)) < (now.year, now.month):
            raise CardRefused(field_name="expiry_year", text="Срок действия карты истёк")
        if not re.fullmatch(r"[0-9]{3,4}", self.csc):
            raise CardRefused(field_name="csc", text="Код с обратной стороны карты: три или четыре цифры")
        return CardForm(number=number, expiry_month=self.expiry_month, expiry_year=year, csc=self.csc)


def card_of(form: CardForm) -> Card:
    """Return what may be kept of the typed card."""
    test_card = look_up(form.number)
    return Card(
        first6=form.number[:6],
        last4=form.number[-4:],
        expiry_month=form.expiry_month,
        expiry_year=form.expiry_year,
        card_type=brand_of(form.number),
        issuer_country=test_card.issuer_country,
        issuer_name=test_card.issuer_name,
        saved_outcome=test_card.saved_outcome,
    )
