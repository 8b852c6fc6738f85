"""The shop's side over HTTP: `/v3` as YooKassa documents it, for its official SDK; parses, calls, renders."""

import hmac
import json
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.acquirer import errors, idempotence, listing, records
from sandbox.acquirer.binder import Binder
from sandbox.acquirer.books import Books
from sandbox.acquirer.cash_register import CashRegister
from sandbox.acquirer.cashier import Cashier
from sandbox.acquirer.faults import Family, Fault, take
from sandbox.acquirer.request_bodies import (
    CancelPayment,
    CapturePayment,
    CreatePayment,
    CreatePaymentMethod,
    CreateReceipt,
    CreateRefund,
    parse,
)
from sandbox.acquirer.wire import render_receipt, render_refund
from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.serving import drop_instead_of_answering
from sandbox.chassis.sqlite import Database


class Api:
    """The routes; each effect is one transaction, together with its idempotence key."""

    def __init__(
        self,
        *,
        database: Database,
        books: Books,
        cashier: Cashier,
        binder: Binder,
        cash_register: CashRegister,
        clock: Clock,
        shop_id: str,
        secret_key: str,
        hold_s: float,
    ) -> None:
        self._database = database
        self._books = books
        self._cashier = cashier
        self._binder = binder
        self._cash_register = cash_register
        self._clock = clock
        self._shop_id = shop_id
        self._secret_key = secret_key
        self._hold_s = hold_s

    def blueprint(self) -> Blueprint:
        """Return the routes under `/v3`."""
        v3 = Blueprint("v3", __name__, url_prefix="/v3")
        v3.before_request(self._authenticate)
        v3.get("/me")(self.me)
        v3.post("/payments")(self.create_payment)
        v3.get("/payments")(self.list_payments)
        v3.get("/payments/<payment_id>")(self.get_payment)
        v3.post("/payments/<payment_id>/capture")(self.capture)
        v3.post("/payments/<payment_id>/cancel")(self.cancel)
        v3.post("/payment_methods")(self.create_payment_method)
        v3.get("/payment_methods/<payment_method_id>")(self.get_payment_method)
        v3.post("/refunds")(self.create_refund)
        v3.get("/refunds")(self.list_refunds)
        v3.get("/refunds/<refund_id>")(self.get_refund)
        v3.post("/receipts")(self.create_receipt)
        v3.get("/receipts")(self.list_receipts)
        v3.get("/receipts/<receipt_id>")(self.get_receipt)
        return v3

    def me(self) -> Response:
        """Say which shop this is."""
        return jsonify(
            account_id=self._shop_id,
            status="enabled",
            test=True,
            fiscalization={"enabled": True, "provider": "atol"},
            fiscalization_enabled=True,
            payment_methods=["bank_card", "sbp", "webmoney"],
        )

    def create_payment(self) -> Response:
        """Open a payment, or charge a saved card."""
        order = parse(CreatePayment, _json_body())
        return self._effect(
            "create_payment",
            order.metadata,
            lambda connection: self._cashier.create(connection, order, now=self._clock.now()),
        )

    def capture(self, payment_id: str) -> Response:
        """Take the money held."""
        order = parse(CapturePayment, _json_body())
        return self._effect(
            "capture",
            self._metadata(payment_id),
            lambda connection: self._cashier.capture(connection, payment_id, order, now=self._clock.now()),
        )

    def cancel(self, payment_id: str) -> Response:
        """Give up the hold."""
        parse(CancelPayment, _json_body())
        return self._effect(
            "cancel",
            self._metadata(payment_id),
            lambda connection: self._cashier.cancel(connection, payment_id, now=self._clock.now()),
        )

    def create_payment_method(self) -> Response:
        """Open the binding of a card without a payment."""
        order = parse(CreatePaymentMethod, _json_body())
        return self._effect(
            "create_payment_method",
            order.metadata,
            lambda connection: self._binder.create(connection, order, now=self._clock.now()),
        )

    def get_payment_method(self, payment_method_id: str) -> Response:
        """Return a card that was or is being bound without a payment."""
        binding = records.get_binding(self._database.read(), payment_method_id)
        return self._around_fault(
            self._take_fault("get_payment_method", binding.metadata), lambda: self._binder.render(binding)
        )

    def create_refund(self) -> Response:
        """Give money back."""
        order = parse(CreateRefund, _json_body())
        return self._effect(
            "create_refund",
            self._metadata(order.payment_id) | order.metadata,
            lambda connection: self._cashier.refund(connection, order, now=self._clock.now()),
        )

    def get_payment(self, payment_id: str) -> Response:
        """Return a payment."""
        return self._around_fault(
            self._take_fault("get_payment", self._metadata(payment_id)),
            lambda: self._books.render(records.get_payment(self._database.read(), payment_id)),
        )

    def list_payments(self) -> Response:
        """Return a page of payments."""
        return self._around_fault(self._take_fault("list_payments", {}), self._payments_page)

    def get_refund(self, refund_id: str) -> Response:
        """Return a refund."""
        return self._around_fault(
            self._take_fault("get_refund", {}),
            lambda: render_refund(records.get_refund(self._database.read(), refund_id)),
        )

    def list_refunds(self) -> Response:
        """Return a page of refunds."""
        return self._around_fault(self._take_fault("list_refunds", {}), self._refunds_page)

    def create_receipt(self) -> Response:
        """Take a receipt that follows its payment or refund."""
        order = parse(CreateReceipt, _json_body())
        return self._effect(
            "create_receipt",
            self._metadata(order.payment_id or ""),
            lambda connection: self._cash_register.create(connection, order, now=self._clock.now()),
        )

    def get_receipt(self, receipt_id: str) -> Response:
        """Return a receipt."""
        return self._around_fault(
            self._take_fault("get_receipt", {}),
            lambda: render_receipt(records.get_receipt(self._database.read(), receipt_id)),
        )

    def list_receipts(self) -> Response:
        """Return a page of receipts."""
        return self._around_fault(self._take_fault("list_receipts", {}), self._receipts_page)

    def _refunds_page(self) -> dict[str, Any]:
        refunds, cursor = listing.list_refunds(self._database.read(), request.args)
        return _page([render_refund(refund) for refund in refunds], cursor)

    def _receipts_page(self) -> dict[str, Any]:
        receipts, cursor = listing.list_receipts(self._database.read(), request.args)
        return _page([render_receipt(receipt) for receipt in receipts], cursor)

    def _payments_page(self) -> dict[str, Any]:
        payments, cursor = listing.list_payments(self._database.read(), request.args)
        return _page([self._books.render(payment) for payment in payments], cursor)

    def _authenticate(self) -> None:
        given = request.authorization
        user = (given.username or "") if given and given.type == "basic" else ""
        password = (given.password or "") if given and given.type == "basic" else ""
        right_user = hmac.compare_digest(user.encode(), self._shop_id.encode())
        if not hmac.compare_digest(password.encode(), self._secret_key.encode()) or not right_user:
            raise errors.invalid_credentials()

    def _metadata(self, payment_id: str) -> dict[str, str]:
        payment = records.find_payment(self._database.read(), payment_id)
        return payment.metadata if payment else {}

    def _effect(
        self, operation: str, metadata: dict[str, str], effect: Callable[[sqlite3.Connection], dict[str, Any]]
    ) -> Response:
        """Run a changing call once per idempotence key, between the faults that a script may want around it."""
        fault = self._take_fault(operation, metadata)

        def run() -> dict[str, Any]:
            with self._database.write() as connection:
                return idempotence.once(
                    connection,
                    key=request.headers.get("Idempotence-Key"),
                    operation=request.path,
                    body=_json_body(),
                    now=self._clock.now(),
                    effect=lambda: effect(connection),
                )

        return self._around_fault(fault, run)

    def _around_fault(self, fault: Fault | None, call: Callable[[], dict[str, Any]]) -> Response:
        name = fault.name if fault else ""
        if fault and fault.before_effect:
            return self._break(fault)
        if fault and name == "delay_ms":
            time.sleep(int(fault.argument) / 1000)
        answer = call()
        if fault and name == "delay_after_ms":
            time.sleep(int(fault.argument) / 1000)
        elif fault and name != "delay_ms":
            return self._break(fault)
        return jsonify(answer)

    def _take_fault(self, operation: str, metadata: dict[str, str]) -> Fault | None:
        with self._database.write() as connection:
            return take(connection, family=Family.CALL, operation=operation, metadata=metadata)

    def _break(self, fault: Fault) -> Response:
        json_log.info("fault", fault=fault.name)
        if fault.name.startswith("error_500"):
            raise errors.internal_server_error()
        hold_s = self._hold_s if fault.name.startswith("timeout") else 0.0
        drop_instead_of_answering(request.environ, hold_s=hold_s)
        return Response(status=500)


def _json_body() -> Any:
    """Return the body; none at all is `{}`, as the SDK sends for a cancellation."""
    raw = request.get_data(cache=True)
    if not raw:
        return {}
    if request.mimetype != "application/json":
        raise errors.ApiError(status=415, code="invalid_request", description="Send application/json")
    try:
        return json.loads(raw)
    except ValueError:
        raise errors.invalid_request("The body is not JSON") from None


def _page(items: list[dict[str, Any]], cursor: str | None) -> dict[str, Any]:
    page: dict[str, Any] = {"type": "list", "items": items}
    return page if cursor is None else page | {"next_cursor": cursor}
