"""What a payer may do: type a card or its 3-D Secure code, agree in bank or wallet. The page and the scripted payer
both come here."""

from sandbox.acquirer import issuer, records
from sandbox.acquirer.books import Books
from sandbox.acquirer.card_form import WRONG_CODE, CardForm, card_of
from sandbox.acquirer.cards import look_up
from sandbox.acquirer.payment import Payment, Suspense
from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database


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
            payment.card = card_of(form)
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
