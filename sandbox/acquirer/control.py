"""Levers for tests and demonstrations, from this machine only: fault scripts, a scripted payer, the ledger."""

import ipaddress
import time
from typing import Any

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field

from sandbox.acquirer import chargebacks, faults, ledger, records, webhook_queue
from sandbox.acquirer.binder import Binder
from sandbox.acquirer.books import Books
from sandbox.acquirer.card_form import CardForm, CardRefused
from sandbox.acquirer.cards import DECLINE_REASONS, SUCCESS
from sandbox.acquirer.checkout import Checkout
from sandbox.acquirer.errors import forbidden, invalid_request, not_found
from sandbox.acquirer.request_bodies import parse
from sandbox.acquirer.wire import render_receipt
from sandbox.chassis.sqlite import Database


class _ScriptedPayer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    card: str = ""
    outcome: str = SUCCESS
    expiry_month: str = "12"
    expiry_year: str = "2099"
    csc: str = "123"
    code: str = "1234"

    @property
    def form(self) -> CardForm:
        return CardForm(number=self.card, expiry_month=self.expiry_month, expiry_year=self.expiry_year, csc=self.csc)


class _SendAgain(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject_id: str
    times: int = Field(default=1, ge=1, le=1_000)


class _Dispute(BaseModel):
    model_config = ConfigDict(extra="forbid")

    payment_id: str
    reason: str = "not_recognised"


class _SavedOutcome(BaseModel):
    model_config = ConfigDict(extra="forbid")

    saved_outcome: str


class Control:
    """The routes under `/control`."""

    def __init__(self, *, database: Database, books: Books, checkout: Checkout, binder: Binder) -> None:
        self._database = database
        self._books = books
        self._checkout = checkout
        self._binder = binder

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        control = Blueprint("control", __name__, url_prefix="/control")
        control.before_request(_refuse_strangers)
        control.get("/ledger")(self.ledger)
        control.get("/payments")(self.payments)
        control.post("/payments/<payment_id>/confirm")(self.confirm)
        control.post("/payment-methods/<payment_method_id>/confirm")(self.confirm_binding)
        control.post("/payment-methods/<payment_method_id>")(self.set_saved_outcome)
        control.get("/receipts")(self.receipts)
        control.get("/chargebacks.csv")(self.chargeback_registry)
        control.post("/chargebacks")(self.dispute)
        control.get("/faults")(self.armed_faults)
        control.post("/faults")(self.arm_fault)
        control.delete("/faults")(self.disarm_faults)
        control.get("/webhooks")(self.webhooks)
        control.post("/webhooks/send-again")(self.send_again)
        return control

    def ledger(self) -> Response:
        """Return the money movements with their totals; `?payment_id=` is the shop's id, `?after=` an entry id."""
        after = request.args.get("after", "0")
        if not after.isdecimal():
            raise invalid_request("An entry id is a number", parameter="after")
        entries = ledger.entries(
            self._database.read(), shop_payment_id=request.args.get("payment_id"), after=int(after)
        )
        totals = {kind: sum(entry["amount_minor"] for entry in entries if entry["kind"] == kind) for kind in _KINDS}
        return jsonify(entries=entries, charged_minor=totals["charge"], refunded_minor=totals["refund"])

    def payments(self) -> Response:
        """Return the payments with the shop's id `?payment_id=` in their metadata."""
        found = records.payments_of(self._database.read(), request.args.get("payment_id", ""))
        return jsonify(items=[self._books.render(payment) for payment in found])

    def confirm(self, payment_id: str) -> Response:
        """Pay as a payer would on the page, 3-D Secure included; `outcome` is for SBP and WebMoney, as in the bank."""
        payer = parse_strict(_ScriptedPayer)
        if not payer.card:
            _check_outcome(payer.outcome, parameter="outcome")
            return jsonify(self._books.render(self._checkout.answer(payment_id, outcome=payer.outcome)))
        try:
            payment = self._checkout.submit_card(payment_id, payer.form)
        except CardRefused as refusal:
            raise invalid_request(refusal.text, parameter=refusal.field_name) from None
        if payment.suspense is not None and payment.suspense.kind == "three_d_secure":
            payment = self._checkout.enter_code(payment_id, payer.code)
        return jsonify(self._books.render(payment))

    def confirm_binding(self, payment_method_id: str) -> Response:
        """Bind a card as a payer would on the page, 3-D Secure included."""
        payer = parse_strict(_ScriptedPayer)
        try:
            self._binder.submit_card(payment_method_id, payer.form)
        except CardRefused as refusal:
            raise invalid_request(refusal.text, parameter=refusal.field_name) from None
        return jsonify(self._binder.render(self._binder.enter_code(payment_method_id, payer.code)))

    def receipts(self) -> Response:
        """Return the receipts of payments with the shop's id `?payment_id=`, and of their refunds."""
        connection = self._database.read()
        payments = records.payments_of(connection, request.args.get("payment_id", ""))
        found = [receipt for payment in payments for receipt in records.receipts_of(connection, payment.payment_id)]
        return jsonify(items=[render_receipt(receipt) | {"sent_to": receipt.sent_to} for receipt in found])

    def dispute(self) -> tuple[Response, int]:
        """Let the payer's bank dispute a payment of ours. A line of the registry: no money moves."""
        order = parse_strict(_Dispute)
        with self._database.write() as connection:
            payment = records.get_payment(connection, order.payment_id)
            return jsonify(chargeback_id=chargebacks.record(connection, payment, reason=order.reason)), 201

    def chargeback_registry(self) -> Response:
        """Return the registry that the shop is sent: its API has no chargebacks."""
        return Response(chargebacks.registry(self._database.read()), mimetype="text/csv")

    def set_saved_outcome(self, payment_method_id: str) -> Response:
        """Decide how payments by a saved card end from now on: `success` or a reason of a decline."""
        outcome = parse_strict(_SavedOutcome).saved_outcome
        _check_outcome(outcome, parameter="saved_outcome")
        with self._database.write() as connection:
            card = records.find_method(connection, payment_method_id)
            if card is None:
                raise not_found("Payment method", parameter="payment_method_id")
            records.save_method(connection, payment_method_id, card.model_copy(update={"saved_outcome": outcome}))
        return jsonify(payment_method_id=payment_method_id, saved_outcome=outcome)

    def armed_faults(self) -> Response:
        """Return the scripts that still have something to do."""
        return jsonify(items=faults.armed(self._database.read()))

    def arm_fault(self) -> tuple[Response, int]:
        """Write a script down."""
        script = parse_strict(faults.Script)
        with self._database.write() as connection:
            return jsonify(fault_id=faults.arm(connection, script)), 201

    def disarm_faults(self) -> tuple[str, int]:
        """Forget every script."""
        with self._database.write() as connection:
            faults.disarm_all(connection)
        return "", 204

    def webhooks(self) -> Response:
        """Return what the shop was or is owed, newest first; `?subject_id=` narrows to a payment or refund of ours."""
        return jsonify(items=webhook_queue.overview(self._database.read(), subject_id=request.args.get("subject_id")))

    def send_again(self) -> Response:
        """Repeat every notification about a payment or refund."""
        order = parse_strict(_SendAgain)
        with self._database.write() as connection:
            owed = webhook_queue.send_again(
                connection, subject_id=order.subject_id, times=order.times, wall_time=time.time()
            )
        return jsonify(owed=owed)


_KINDS = ("charge", "refund")


def _refuse_strangers() -> None:
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")
    if not address.is_loopback:
        raise forbidden("Only for this machine", parameter="remote address")


def _check_outcome(outcome: str, /, *, parameter: str) -> None:
    if outcome != SUCCESS and outcome not in DECLINE_REASONS:
        raise invalid_request("Neither success nor a reason of a decline", parameter=parameter)


def parse_strict(form: type[Any]) -> Any:
    """Return the JSON body in its form; unknown fields are refused, for a misspelt lever moves nothing."""
    return parse(form, request.get_json(silent=True))
