"""What a payer may do: type a card or its 3-D Secure code, agree in bank or wallet. The page and the scripted payer
both come here."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.acquirer import issuer, records
from sandbox.acquirer.books import Books
from sandbox.acquirer.cards import brand_of, look_up, passes_luhn
from sandbox.acquirer.payment import Card, Payment, Suspense
from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database

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


class Checkout:
    """The payer's side of a payment."""

    def __init__(self, *, database: Database, books: Books, clock: Clock, pending_s: float) -> None:
        self._database = database
        self._books = books
        self._clock = clock
        self._pending_s = pending_s

    def find(self, payment_id: str, /) -> Payment | None:
        """Return the payment of a page, or nothing."""
        return records.find_payment(self._database.read(), payment_id)

    def submit_card(self, payment_id: str, form: CardForm, /) -> Payment:
        """Pay by the typed card; a second try on a payment that is no longer open changes nothing.

        Raises CardRefused. A card with 3-D Secure leaves the payment waiting for its code.
        """
        now = self._clock.now()
        form = form.checked(now=now)
        with self._database.write() as connection:
            payment = records.get_payment(connection, payment_id)
            if not payment.awaits_payer() or payment.method_type != "bank_card":
                return payment
            was = payment.status
            test_card = look_up(form.number)
            payment.card = _card_of(form)
            if test_card.three_d_secure:
                payment.suspense = Suspense(kind="three_d_secure", outcome=test_card.outcome)
            else:
                issuer.decide(connection, payment, test_card.outcome, now=now, pending_s=self._pending_s)
            self._books.record(connection, payment, was=was, now=now)
        json_log.info("card submitted", acquirer_payment_id=payment_id, status=payment.status)
        return payment

    def answer(self, payment_id: str, /, *, outcome: str) -> Payment:
        """Answer in the application of bank or wallet: `success` or a reason of a decline. A card is not paid so."""
        now = self._clock.now()
        with self._database.write() as connection:
            payment = records.get_payment(connection, payment_id)
            if not payment.awaits_payer() or payment.method_type == "bank_card":
                return payment
            was = payment.status
            issuer.decide(connection, payment, outcome, now=now, pending_s=self._pending_s)
            self._books.record(connection, payment, was=was, now=now)
        json_log.info("payer answered", acquirer_payment_id=payment_id, status=payment.status)
        return payment

    def enter_code(self, payment_id: str, code: str, /) -> Payment:
        """Answer the 3-D Secure question: any code will do but `0000`, unless the card is one that always fails it."""
        now = self._clock.now()
        with self._database.write() as connection:
            payment = records.get_payment(connection, payment_id)
            if payment.suspense is None or payment.suspense.kind != "three_d_secure":
                return payment
            was, outcome = payment.status, payment.suspense.outcome
            passed = code != WRONG_CODE and outcome != "3d_secure_failed"
            payment.three_d_secure, payment.suspense = passed, None
            if passed:
                issuer.decide(connection, payment, outcome, now=now, pending_s=self._pending_s)
            else:
                payment.settle("3d_secure_failed", now=now)
            self._books.record(connection, payment, was=was, now=now)
        json_log.info("code entered", acquirer_payment_id=payment_id, status=payment.status)
        return payment


def _card_of(form: CardForm) -> Card:
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
