"""`/control`: the region's back office for tests, demo and people; local only, and no part of the contract."""

import sqlite3
from collections.abc import Callable
from typing import Any, Literal

from flask import Flask, Response, jsonify, request
from google.protobuf.json_format import MessageToDict
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database
from sandbox.region import (
    billing,
    books,
    demo_accounts,
    faults,
    numbers,
    promised_payments,
    service_orders,
)
from sandbox.region.profiles import Profiles
from sandbox.region.refusals import Refusal
from sandbox.region.values import render_time


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FeeBody(_Body):
    """`POST /control/accounts/{number}/charges`: a regular fee, which may overdraw the account."""

    charge_id: str = Field(min_length=1, max_length=80)
    amount_minor: int = Field(gt=0)
    description: str = Field(default="Абонентская плата", max_length=200)


class PaymentBody(_Body):
    """`POST /control/accounts/{number}/payments`: money from another channel."""

    payment_id: str = Field(min_length=1, max_length=80)
    amount_minor: int = Field(gt=0)
    channel: str = Field(default="office", max_length=20)


class BillBody(_Body):
    """`POST /control/accounts/{number}/bills`: issue the bill of a month; of the present one when none is named."""

    month: str | None = Field(default=None, pattern=r"^\d{4}-(0[1-9]|1[0-2])$")


class AccountsBody(_Body):
    """`POST /control/accounts`: open accounts for tests and benchmarks, numbered from `first_number`."""

    first_number: int = Field(ge=1_000_000)
    count: int = Field(ge=1, le=100_000)
    balance_minor: int = Field(default=50_000, ge=0)


class OldMandateBody(_Body):
    """`POST /control/accounts/{number}/old-mandate`: the old cabinet's autopay still debits, or has ended."""

    state: Literal["active", "ended"]


class OwnerBody(_Body):
    """`POST /control/accounts/{number}/owner`: the contract passes to another person, with other codes."""

    payer_name: str = Field(min_length=1, max_length=200)
    contract_code: str = Field(min_length=1, max_length=40)
    bill_code: str = Field(min_length=1, max_length=40)


class NumberBody(_Body):
    """`POST /control/accounts/{number}/number`: the account goes on under another number."""

    new_number: str = Field(pattern=r"^\d{4,20}$")


class ProfileBody(_Body):
    """`PUT /control/profile`: the habits of a bad billing system; the empty name turns them off."""

    name: str = Field(max_length=40)


class ServiceOrderBody(_Body):
    """`POST /control/service-orders/{id}`: the fitter is done at once, or has found out why it cannot be done."""

    refused_because: str = Field(default="", pattern=r"^[A-Z_]{0,40}$")


def build_app(
    *, region: str, database: Database, profiles: Profiles, clock: Clock, on_news: Callable[[], None]
) -> Flask:
    """Return the WSGI application of the back office."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    desk = _Desk(region=region, database=database, profiles=profiles, clock=clock)
    app.add_url_rule("/healthz", view_func=lambda: jsonify(status="ok"))
    app.add_url_rule("/control/accounts", view_func=desk.accounts)
    app.add_url_rule("/control/accounts", view_func=desk.open_accounts, methods=["POST"], endpoint="open_accounts")
    app.add_url_rule("/control/accounts/<number>/charges", view_func=desk.charge, methods=["POST"])
    app.add_url_rule("/control/accounts/<number>/payments", view_func=desk.pay, methods=["POST"])
    app.add_url_rule("/control/accounts/<number>/bills", view_func=desk.issue_bill, methods=["POST"])
    app.add_url_rule("/control/accounts/<number>/closing", view_func=desk.close, methods=["POST"])
    app.add_url_rule("/control/accounts/<number>/old-mandate", view_func=desk.set_old_mandate, methods=["POST"])
    app.add_url_rule("/control/accounts/<number>/owner", view_func=desk.change_owner, methods=["POST"])
    app.add_url_rule("/control/accounts/<number>/number", view_func=desk.change_number, methods=["POST"])
    app.add_url_rule("/control/ledger", view_func=desk.ledger)
    app.add_url_rule("/control/service-orders/<order_id>", view_func=desk.hurry_service_order, methods=["POST"])
    app.add_url_rule("/control/promised-payments/<promise_id>/due-date", view_func=desk.end_trust, methods=["POST"])
    app.add_url_rule("/control/profile", view_func=desk.turn_on_profile, methods=["PUT"])
    app.add_url_rule("/control/faults", view_func=desk.arm, methods=["POST"])
    app.add_url_rule("/control/faults", view_func=desk.disarm, methods=["DELETE"], endpoint="disarm")
    app.register_error_handler(Refusal, lambda refusal: (jsonify(reason=refusal.reason, detail=str(refusal)), 409))
    app.register_error_handler(ValidationError, lambda error: (jsonify(errors=error.errors(include_url=False)), 400))
    app.register_error_handler(ValueError, lambda error: (jsonify(detail=str(error)), 400))
    app.after_request(lambda answer: _tell(answer, on_news))
    return app


class _Desk:
    def __init__(self, *, region: str, database: Database, profiles: Profiles, clock: Clock) -> None:
        self._region = region
        self._database = database
        self._profiles = profiles
        self._clock = clock

    def accounts(self) -> Response:
        """List accounts with the facts that prove ownership: this is the sandbox, nothing here is anybody's."""
        rows = self._database.read().execute(
            """SELECT accounts.*, email AS contact FROM accounts LEFT JOIN contacts USING (number)
               ORDER BY number LIMIT 200"""
        )
        return jsonify(items=[dict(row) for row in rows])

    def open_accounts(self) -> Response:
        body = AccountsBody.model_validate(request.get_json())
        with self._database.write() as connection:
            demo_accounts.open_plain_accounts(
                connection,
                first_number=body.first_number,
                count=body.count,
                balance_minor=body.balance_minor,
                now=self._clock.now(),
            )
        return jsonify(opened=body.count)

    def charge(self, number: str) -> Response:
        body = FeeBody.model_validate(request.get_json())
        with self._database.write() as connection:
            row = books.bill_fee(
                connection,
                number=_book_number(connection, number),
                now=self._clock.now(),
                may_overdraw=True,
                **body.model_dump(),
            )
        return jsonify(dict(row))

    def pay(self, number: str) -> Response:
        body = PaymentBody.model_validate(request.get_json())
        with self._database.write() as connection:
            row = books.credit_payment(
                connection, number=_book_number(connection, number), now=self._clock.now(), **body.model_dump()
            )
        return jsonify(dict(row))

    def issue_bill(self, number: str) -> Response:
        body = BillBody.model_validate(request.get_json())
        with self._database.write() as connection:
            bill = billing.issue_bill(
                connection,
                region=self._region,
                number=_book_number(connection, number),
                month=body.month,
                now=self._clock.now(),
            )
        return jsonify(MessageToDict(bill, preserving_proto_field_name=True))

    def close(self, number: str) -> Response:
        with self._database.write() as connection:
            account = books.account(connection, _book_number(connection, number))
            connection.execute("UPDATE accounts SET closed = 1 WHERE number = ?", (account["number"],))
        return jsonify(closed=number)

    def set_old_mandate(self, number: str) -> Response:
        body = OldMandateBody.model_validate(request.get_json())
        with self._database.write() as connection:
            books.set_old_mandate(connection, number=number, state=body.state, now=self._clock.now())
        return jsonify(number=number, state=body.state)

    def change_owner(self, number: str) -> Response:
        body = OwnerBody.model_validate(request.get_json())
        with self._database.write() as connection:
            books.change_owner(connection, _book_number(connection, number), now=self._clock.now(), **body.model_dump())
        return jsonify(number=number)

    def change_number(self, number: str) -> Response:
        body = NumberBody.model_validate(request.get_json())
        with self._database.write() as connection:
            account = books.account(connection, _book_number(connection, number))
            old_number = numbers.change_number(
                connection, account["number"], new_number=body.new_number, now=self._clock.now()
            )
        return jsonify(old_number=old_number, new_number=body.new_number)

    def ledger(self) -> Response:
        """Return ledger entries in their order: the ground truth of what the region credited and billed."""
        where = {"number": request.args.get("number"), "after": request.args.get("after", 0, int)}
        rows = self._database.read().execute(
            "SELECT * FROM ledger WHERE entry_id > :after AND (:number IS NULL OR number = :number) ORDER BY entry_id",
            where,
        )
        return jsonify(items=[dict(row) for row in rows])

    def hurry_service_order(self, order_id: str) -> Response:
        """Let the order's next step be due now, or end it without a service."""
        body = ServiceOrderBody.model_validate(request.get_json())
        now = self._clock.now()
        with self._database.write() as connection:
            service_orders.order(connection, order_id)
            if body.refused_because:
                service_orders.refuse(connection, order_id, reason=body.refused_because, now=now)
            else:
                connection.execute(
                    "UPDATE service_orders SET due_at = ? WHERE order_id = ? AND due_at IS NOT NULL",
                    (render_time(now), order_id),
                )
            return jsonify(dict(service_orders.order(connection, order_id)))

    def end_trust(self, promise_id: str) -> Response:
        """Let the date of a promised payment have come."""
        with self._database.write() as connection:
            promised_payments.promise(connection, promise_id)
            connection.execute(
                "UPDATE promised_payments SET due_at = ? WHERE promise_id = ?",
                (render_time(self._clock.now()), promise_id),
            )
            return jsonify(dict(promised_payments.promise(connection, promise_id)))

    def turn_on_profile(self) -> Response:
        body = ProfileBody.model_validate(request.get_json())
        self._profiles.turn_on(body.name)
        return jsonify(profile=body.name)

    def arm(self) -> tuple[Response, int]:
        script = faults.Script.model_validate(request.get_json())
        with self._database.write() as connection:
            faults.arm(connection, script)
        return jsonify(script.model_dump()), 201

    def disarm(self) -> Response:
        with self._database.write() as connection:
            faults.disarm_all(connection)
        return jsonify(armed=0)


def _book_number(connection: sqlite3.Connection, number: str) -> str:
    """The back office knows an account by every number that it ever had."""
    return numbers.book_number(connection, number, former_too=True)


def _tell(answer: Response, on_news: Callable[[], None]) -> Any:
    if request.method == "POST":
        on_news()
    return answer
