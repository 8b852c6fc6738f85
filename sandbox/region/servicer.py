"""The methods of `RegionalBillingService`: read a request, run the books, render the answer."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.regional.v1 import billing_pb2, billing_pb2_grpc

from sandbox.chassis.clock import Clock
from sandbox.chassis.sqlite import Database
from sandbox.region import books, posted_payments, refusals
from sandbox.region.calls import Calls
from sandbox.region.ownership_codes import VALID_FOR, OwnershipCodes
from sandbox.region.profiles import Profiles
from sandbox.region.values import money, positive_kopecks, render_time, timestamp

_CONTACT_CODE = "contact_code"
_DEFAULT_PAGE = 20
_LARGEST_PAGE = 100
_DEFAULT_POSTINGS, _MOST_POSTINGS = 100, 1000

_ListRequest = billing_pb2.ListChargesRequest | billing_pb2.ListPaymentsRequest


class Servicer(billing_pb2_grpc.RegionalBillingServiceServicer):
    """`RegionalBillingService` over a region's books."""

    def __init__(
        self,
        *,
        database: Database,
        kept_from: datetime | None,
        codes: OwnershipCodes,
        calls: Calls,
        profiles: Profiles,
        clock: Clock,
        on_news: Callable[[], None],
        on_codes: Callable[[], None],
    ) -> None:
        self._database = database
        self._kept_from = kept_from
        self._codes = codes
        self._calls = calls
        self._profiles = profiles
        self._clock = clock
        self._on_news = on_news
        self._on_codes = on_codes

    def VerifyOwnership(  # noqa: N802
        self, request: billing_pb2.VerifyOwnershipRequest, context: grpc.ServicerContext
    ) -> billing_pb2.VerifyOwnershipResponse:
        with self._calls.call("VerifyOwnership", context, request.number):
            if request.proof.kind == _CONTACT_CODE:
                return billing_pb2.VerifyOwnershipResponse(verified=self._redeem(request))
            verified = books.owner_knows(
                self._database.read(), number=request.number, kind=request.proof.kind, value=request.proof.value
            )
            return billing_pb2.VerifyOwnershipResponse(verified=verified)

    def SendOwnershipCode(  # noqa: N802
        self, request: billing_pb2.SendOwnershipCodeRequest, context: grpc.ServicerContext
    ) -> billing_pb2.SendOwnershipCodeResponse:
        with self._calls.call("SendOwnershipCode", context, request.number):
            with self._database.write() as connection:
                self._codes.ask(connection, number=request.number, claimant=request.claimant, now=self._clock.now())
            self._on_codes()
            return billing_pb2.SendOwnershipCodeResponse(valid_for_s=int(VALID_FOR.total_seconds()))

    def GetAccount(  # noqa: N802
        self, request: billing_pb2.GetAccountRequest, context: grpc.ServicerContext
    ) -> billing_pb2.GetAccountResponse:
        with self._calls.call("GetAccount", context, request.number):
            return self._account(self._database.read(), request.number)

    def ListCharges(  # noqa: N802
        self, request: billing_pb2.ListChargesRequest, context: grpc.ServicerContext
    ) -> billing_pb2.ListChargesResponse:
        with self._calls.call("ListCharges", context, request.number):
            rows, token = self._page("charge", request)
            return billing_pb2.ListChargesResponse(
                charges=[_charge(row) for row in rows],
                next_page_token=token,
                as_of=timestamp(self._clock.now()),
                kept_from=timestamp(self._kept_from),
            )

    def ListPayments(  # noqa: N802
        self, request: billing_pb2.ListPaymentsRequest, context: grpc.ServicerContext
    ) -> billing_pb2.ListPaymentsResponse:
        with self._calls.call("ListPayments", context, request.number):
            rows, token = self._page("payment", request)
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
                payments=payments,
                next_page_token=token,
                as_of=timestamp(self._clock.now()),
                kept_from=timestamp(self._kept_from),
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
            size = min(request.page_size, _MOST_POSTINGS) if request.page_size > 0 else _DEFAULT_POSTINGS
            after = _position(request.page_token) or 0
            with self._database.snapshot() as connection:  # the totals are those of the list
                rows = posted_payments.of_period(connection, start=start, end=end, after=after, limit=size + 1)
                count, kopecks = posted_payments.totals(connection, start=start, end=end)
            return billing_pb2.ListPostingsResponse(
                postings=[_posted_payment(row) for row in rows[:size]],
                next_page_token=str(rows[size - 1]["entry_id"]) if len(rows) > size else "",
                total_count=count,
                total_amount=money(kopecks),
            )

    def _redeem(self, request: billing_pb2.VerifyOwnershipRequest) -> bool:
        with self._database.write() as connection:
            return self._codes.redeem(
                connection,
                number=request.number,
                claimant=request.claimant,
                code=request.proof.value,
                now=self._clock.now(),
            )

    def _page(self, kind: str, request: _ListRequest) -> tuple[list[sqlite3.Row], str]:
        before = _position(request.page_token)
        connection = self._database.read()
        books.account(connection, request.number)
        size = min(request.page_size, _LARGEST_PAGE) if request.page_size > 0 else _DEFAULT_PAGE
        wanted = books.EntriesWanted(
            number=request.number,
            kind=kind,
            begins_at=_bound(request.begins_at if request.HasField("begins_at") else None),
            ends_at=_bound(request.ends_at if request.HasField("ends_at") else None),
            before=before,
            limit=size + 1,
        )
        rows = books.entries(connection, wanted)
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
            old_mandate=_old_mandate(connection, number),
        )


def _old_mandate(connection: sqlite3.Connection, number: str) -> billing_pb2.OldMandate | None:
    row = connection.execute("SELECT * FROM old_mandates WHERE number = ?", (number,)).fetchone()
    if row is None:
        return None
    return billing_pb2.OldMandate(
        state=billing_pb2.OldMandateState.Value(f"OLD_MANDATE_STATE_{row['state'].upper()}"),
        since=timestamp(row["since"]),
    )


def _bound(moment: Timestamp | None) -> str:
    """Return a bound of a period as rows hold times. Rows are to the millisecond: a bound within one is the next."""
    return render_time(moment.ToDatetime(tzinfo=UTC) + timedelta(microseconds=999)) if moment is not None else ""


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
