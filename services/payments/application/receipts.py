"""Receipts: opened together with the money's move, registered by the dispatcher, tried again at an operator's word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from services.payments.application.repeating import repeating
from services.payments.domain.acquirer import Absent, Refused
from services.payments.domain.backoff import Backoff
from services.payments.domain.fiscal import FiscalRegister, FiscalTerms, MovedMoney, ReceiptAnswer, ReceiptOrder
from services.payments.domain.payment import Payment, State
from services.payments.domain.ports import (
    AlreadySaved,
    Contacts,
    ContactsSilent,
    Due,
    PaymentRepository,
    ReceiptRepository,
)
from services.payments.domain.receipt import (
    Receipt,
    ReceiptNotFound,
    ReceiptProblem,
    ReceiptReached,
    ReceiptState,
    settle_receipt,
)
from services.payments.domain.refund import Refund, RefundState

_AFTER_THE_MONEY = timedelta(seconds=1)
_MOST_LISTED = 1000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReceipt:
    """Writes a receipt down *before* the move of money that it is about is saved: whoever repeats a move that was not
    saved finds it there, and no saved move is ever without one. One whose money did not move after all becomes void.
    """

    receipts: ReceiptRepository
    terms: FiscalTerms | None
    clock: Clock

    def for_payment(self, payment: Payment, /) -> None:
        """Open a payment's receipt once; without effect where the profile has none."""
        if self.terms is not None:
            payment.receipt_expected = True
            self._open(payment, f"{payment.payment_id}:receipt", refund_id="", amount=payment.amount)

    def for_refund(self, payment: Payment, refund: Refund, /) -> None:
        """Open a refund's receipt once."""
        if self.terms is not None:
            self._open(payment, f"{refund.refund_id}:receipt", refund_id=refund.refund_id, amount=refund.amount)

    def _open(self, payment: Payment, receipt_id: str, *, refund_id: str, amount: Money) -> None:
        now = self.clock.now()
        receipt = Receipt(
            receipt_id=receipt_id,
            payment_id=payment.payment_id,
            refund_id=refund_id,
            subscriber_id=payment.subscriber_id,
            amount=amount,
            history=[ReceiptReached(ReceiptState.PENDING, now)],
            due_at=now + _AFTER_THE_MONEY,
        )
        try:
            self.receipts.save(receipt)
        except AlreadySaved:
            _log.info("receipt_opened_before", receipt_id=receipt_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveReceipts:
    """Claims one due receipt and brings it on. A crash at any line leaves it due again; every call out has its key."""

    due: Due[Receipt]
    receipts: ReceiptRepository
    payments: PaymentRepository
    contacts: Contacts
    register: FiscalRegister
    terms: FiscalTerms
    clock: Clock
    backoff: Backoff
    timeout_s: float

    def __call__(self) -> bool:
        """Return whether there was anything to do."""
        receipt = self.due.claim()
        if receipt is None:
            return False
        try:
            self._step(receipt)
        except VersionConflict:
            _log.info("receipt_moved_meanwhile", receipt_id=receipt.receipt_id)
        return True

    def _step(self, receipt: Receipt) -> None:
        if receipt.state is ReceiptState.SENT:
            self._settle(receipt, self.register.get_receipt(receipt.acquirer_receipt_id, timeout_s=self.timeout_s))
        else:
            self._register(receipt)
        if receipt.state is ReceiptState.REGISTERED and not receipt.refund_id:
            self._note_on_payment(receipt)  # first: the receipt is what makes it be tried again
        self.receipts.save(receipt)
        _log_problem(receipt)

    def _register(self, receipt: Receipt) -> None:
        payment, now = self.payments.get(receipt.payment_id), self.clock.now()
        assert payment is not None, "a receipt is opened for a payment that is there"
        money = _moved(receipt, payment)
        if money is None and _never_will(receipt, payment):
            receipt.void(now=now)
        elif money is None:
            receipt.try_again(now=now, backoff=self.backoff)
        else:
            self._send(receipt, money)

    def _send(self, receipt: Receipt, money: MovedMoney) -> None:
        now = self.clock.now()
        try:
            email = self.contacts.email_of(receipt.subscriber_id)
        except ContactsSilent:
            receipt.try_again(now=now, backoff=self.backoff)
            return
        if not email:
            receipt.try_again(now=now, backoff=self.backoff, problem=ReceiptProblem.NO_CONTACT)
            return
        order = ReceiptOrder(
            idempotence_key=receipt.receipt_key, money=money, amount=receipt.amount, terms=self.terms, email=email
        )
        self._settle(receipt, self._sent_at_once(order) if receipt.is_first_try(now=now) else self._looked_for(order))

    def _sent_at_once(self, order: ReceiptOrder) -> ReceiptAnswer:
        """Send without a look. If it was sent before after all, by somebody who was killed, it is the same receipt, for
        it has the same key. Unless the payer has another address by now: then the key is refused, and it is looked
        for."""
        answer = self.register.register(order, timeout_s=self.timeout_s)
        if not isinstance(answer, Refused):
            return answer
        found = self.register.find_receipt(order.money, timeout_s=self.timeout_s)
        return answer if isinstance(found, Absent) else found

    def _looked_for(self, order: ReceiptOrder) -> ReceiptAnswer:
        """Look first, then send, with the same key for this attempt."""
        found = self.register.find_receipt(order.money, timeout_s=self.timeout_s)
        return self.register.register(order, timeout_s=self.timeout_s) if isinstance(found, Absent) else found

    def _settle(self, receipt: Receipt, answer: ReceiptAnswer) -> None:
        settle_receipt(receipt, answer, now=self.clock.now(), backoff=self.backoff)

    def _note_on_payment(self, receipt: Receipt) -> None:
        def note() -> None:
            payment = self.payments.get(receipt.payment_id)
            if payment is not None and payment.receipt_at is None:
                payment.receipt_at = receipt.registered_at
                self.payments.save(payment)

        repeating(note)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptsByHand:
    """The operator's side of receipts."""

    receipts: ReceiptRepository
    clock: Clock

    def queue(self) -> Sequence[Receipt]:
        """Return what waits for a person, the oldest first."""
        return self.receipts.needing_person(limit=_MOST_LISTED)

    def retry(self, receipt_id: str, /) -> Receipt:
        """Have a failed receipt sent anew. Raises ReceiptNotFound, IllegalReceiptMove."""
        receipt = self.receipts.get(receipt_id)
        if receipt is None:
            raise ReceiptNotFound("There is no such receipt.", receipt_id=receipt_id)
        receipt.retry(now=self.clock.now())
        self.receipts.save(receipt)
        return receipt


def _moved(receipt: Receipt, payment: Payment) -> MovedMoney | None:
    """Return the money that the receipt is about once it has moved."""
    if not receipt.refund_id:
        moved = payment.captured_at is not None
        return MovedMoney(acquirer_payment_id=payment.acquirer_payment_id, acquirer_refund_id="") if moved else None
    refund = _refund_of(receipt, payment)
    if refund is None or refund.state is not RefundState.SUCCEEDED:
        return None
    return MovedMoney(acquirer_payment_id=payment.acquirer_payment_id, acquirer_refund_id=refund.acquirer_refund_id)


def _never_will(receipt: Receipt, payment: Payment) -> bool:
    if not receipt.refund_id:
        return payment.state is State.DECLINED
    refund = _refund_of(receipt, payment)
    return refund is not None and refund.state is RefundState.FAILED


def _refund_of(receipt: Receipt, payment: Payment) -> Refund | None:
    return next((refund for refund in payment.refunds if refund.refund_id == receipt.refund_id), None)


def _log_problem(receipt: Receipt) -> None:
    if receipt.problem is not None:
        _log.error("receipt_needs_person", alarm=True, receipt_id=receipt.receipt_id, problem=receipt.problem.value)
