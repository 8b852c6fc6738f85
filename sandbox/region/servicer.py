"""The methods of `RegionalBillingService`: read a request, run the books, render the answer."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC

import grpc
from kabinet.regional.v1 import billing_pb2, billing_pb2_grpc

from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database
from sandbox.region import books, refusals
from sandbox.region.calls import Calls
from sandbox.region.profiles import Profiles
from sandbox.region.values import money, positive_kopecks, timestamp

_DEFAULT_PAGE = 20
_LARGEST_PAGE = 100
_DEFAULT_POSTINGS, _MOST_POSTINGS = 100, 1000


class Servicer(billing_pb2_grpc.RegionalBillingServiceServicer):
    """`RegionalBillingService` over a region's books."""

    def __init__(
        self, *, database: Database, calls: Calls, profiles: Profiles, clock: Clock, on_news: Callable[[], None]
    ) -> None:
        self._database = database
        self._calls = calls
        self._profiles = profiles
        self._clock = clock
        self._on_news = on_news

    def VerifyOwnership(  # noqa: N802
        self, request: billing_pb2.VerifyOwnershipRequest, context: grpc.ServicerContext
    ) -> billing_pb2.VerifyOwnershipResponse:
        with self._calls.call("VerifyOwnership", context, request.number):
            verified = books.owner_knows(
                self._database.read(), number=request.number, kind=request.proof.kind, value=request.proof.value
            )
            return billing_pb2.VerifyOwnershipResponse(verified=verified)

    def GetAccount(  # noqa: N802
        self, request: billing_pb2.GetAccountRequest, context: grpc.ServicerContext
    ) -> billing_pb2.GetAccountResponse:
        with self._calls.call("GetAccount", context, request.number):
            return self._account(self._database.read(), request.number)

    def ListCharges(  # noqa: N802
        self, request: billing_pb2.ListChargesRequest, context: grpc.ServicerContext
    ) -> billing_pb2.ListChargesResponse:
        with self._calls.call("ListCharges", context, request.number):
            rows, token = self._page("charge", request.number, request.page_size, request.page_token)
            charges = [_charge(row) for row in rows]
            return billing_pb2.ListChargesResponse(
                charges=charges, next_page_token=token, as_of=timestamp(self._clock.now())
            )

    def ListPayments(  # noqa: N802
        self, request: billing_pb2.ListPaymentsRequest, context: grpc.ServicerContext
    ) -> billing_pb2.ListPaymentsResponse:
        with self._calls.call("ListPayments", context, request.number):
            rows, token = self._page("payment", request.number, request.page_size, request.page_token)
            payments = [
                billing_pb2.CreditedPayment(
                    payment_id=row["external_id"],
                    channel=row["channel"],
                    amount=money(row["amount_minor"]),
                    credited_at=timestamp(row["at"]),
                )
                for row in rows
            ]
            return billing_pb2.ListPaymentsResponse(
                payments=payments, next_page_token=token, as_of=timestamp(self._clock.now())
            )

    def PostPayment(  # noqa: N802
        self, request: billing_pb2.PostPaymentRequest, context: grpc.ServicerContext
    ) -> billing_pb2.PostPaymentResponse:
        with self._calls.call("PostPayment", context, request.number, request.payment_id) as fault:
            name, _, argument = fault.partition(":")
            if name == "late_ms":
                self._credit_later(request, seconds=int(argument) / 1000)
                raise refusals.no_answer_in_time()
            posting = _posting(self._credit(request))
            if name == "wrong_amount":
                posting.amount.amount_minor += 1
            return billing_pb2.PostPaymentResponse(posting=posting)

    def _credit(self, request: billing_pb2.PostPaymentRequest) -> sqlite3.Row:
        credit = books.credit_payment if self._profiles.current().deduplicates else books.credit_payment_again
        with self._database.write() as connection:
            row = credit(
                connection,
                payment_id=request.payment_id,
                number=request.number,
                amount_minor=positive_kopecks(request.amount),
                channel="kabinet",
                now=self._clock.now(),
            )
        self._on_news()
        return row

    def _credit_later(self, request: billing_pb2.PostPaymentRequest, *, seconds: float) -> None:
        """Apply a payment as a message that was long on its way; one that was killed with its region never arrives."""
        arriving = threading.Timer(seconds, self._credit, [request])
        arriving.daemon = True
        arriving.start()

    def GetPosting(  # noqa: N802
        self, request: billing_pb2.GetPostingRequest, context: grpc.ServicerContext
    ) -> billing_pb2.GetPostingResponse:
        with self._calls.call("GetPosting", context, request.payment_id):
            row = books.entry(self._database.read(), "payment", request.payment_id)
            if row is None:
                raise refusals.posting_not_found()
            return billing_pb2.GetPostingResponse(posting=_posting(row))

    def PlaceCharge(  # noqa: N802
        self, request: billing_pb2.PlaceChargeRequest, context: grpc.ServicerContext
    ) -> billing_pb2.PlaceChargeResponse:
        with self._calls.call("PlaceCharge", context, request.number, request.charge_id):
            with self._database.write() as connection:
                row = books.bill_fee(
                    connection,
                    charge_id=request.charge_id,
                    number=request.number,
                    amount_minor=positive_kopecks(request.amount),
                    description=request.description,
                    now=self._clock.now(),
                    may_overdraw=False,
                )
            self._on_news()
            return billing_pb2.PlaceChargeResponse(charge=_charge(row), balance_after=money(row["balance_after_minor"]))

    def ListPostings(  # noqa: N802
        self, request: billing_pb2.ListPostingsRequest, context: grpc.ServicerContext
    ) -> billing_pb2.ListPostingsResponse:
        with self._calls.call("ListPostings", context):
            start, end = request.posted_from.ToDatetime(UTC), request.posted_before.ToDatetime(UTC)
            if start >= end:
                raise refusals.period_invalid()
            connection, wanted = self._database.read(), request.page_size
            size = min(wanted, _MOST_POSTINGS) if wanted > 0 else _DEFAULT_POSTINGS
            after = _position(request.page_token) or 0
            rows = books.postings(connection, start=start, end=end, after=after, limit=size + 1)
            count, kopecks = books.totals_of_postings(connection, start=start, end=end)
            return billing_pb2.ListPostingsResponse(
                postings=[_posted_payment(row) for row in rows[:size]],
                next_page_token=str(rows[size - 1]["entry_id"]) if len(rows) > size else "",
                total_count=count,
                total_amount=money(kopecks),
            )

    def _page(self, kind: str, number: str, wanted: int, token: str) -> tuple[list[sqlite3.Row], str]:
        before = _position(token)
        connection = self._database.read()
        books.account(connection, number)
        size = min(wanted, _LARGEST_PAGE) if wanted > 0 else _DEFAULT_PAGE
        rows = books.entries(connection, number=number, kind=kind, before=before, limit=size + 1)
        return rows[:size], str(rows[size - 1]["entry_id"]) if len(rows) > size else ""

    def _account(self, connection: sqlite3.Connection, number: str) -> billing_pb2.GetAccountResponse:
        row = books.account(connection, number)
        plan = connection.execute(
            "SELECT * FROM tariff_plans WHERE tariff_plan_id = ?", (row["tariff_plan_id"],)
        ).fetchone()
        services = connection.execute("SELECT * FROM services WHERE number = ? ORDER BY service_id", (number,))
        return billing_pb2.GetAccountResponse(
            balance=money(row["balance_minor"]),
            as_of=timestamp(self._clock.now()),
            billing_mode=billing_pb2.BillingMode.Value(f"BILLING_MODE_{row['billing_mode'].upper()}"),
            tariff_plan=billing_pb2.TariffPlan(
                tariff_plan_id=plan["tariff_plan_id"], name=plan["name"], monthly_fee=money(plan["monthly_fee_minor"])
            ),
            services=[_service(service) for service in services],
        )


def _service(row: sqlite3.Row) -> billing_pb2.Service:
    state = "SUSPENDED" if row["suspended"] else "ACTIVE"
    return billing_pb2.Service(
        service_id=row["service_id"],
        kind=billing_pb2.ServiceKind.Value(f"SERVICE_KIND_{row['kind'].upper()}"),
        name=row["name"],
        state=billing_pb2.ServiceState.Value(f"SERVICE_STATE_{state}"),
    )


def _charge(row: sqlite3.Row) -> billing_pb2.Charge:
    return billing_pb2.Charge(
        charge_id=row["external_id"],
        description=row["description"],
        amount=money(row["amount_minor"]),
        charged_at=timestamp(row["at"]),
    )


def _posting(row: sqlite3.Row) -> billing_pb2.Posting:
    return billing_pb2.Posting(
        payment_id=row["external_id"],
        number=row["number"],
        amount=money(row["amount_minor"]),
        posted_at=timestamp(row["at"]),
        balance_after=money(row["balance_after_minor"]),
        service_restored_at=timestamp(row["service_restored_at"]),
    )


def _posted_payment(row: sqlite3.Row) -> billing_pb2.PostedPayment:
    return billing_pb2.PostedPayment(
        payment_id=row["external_id"],
        number=row["number"],
        amount=money(row["amount_minor"]),
        posted_at=timestamp(row["at"]),
    )


def _position(token: str) -> int | None:
    """Return the entry that a page token stands for; nothing for the first page."""
    if token and not token.isdecimal():
        raise refusals.page_token_invalid()
    return int(token) if token else None
