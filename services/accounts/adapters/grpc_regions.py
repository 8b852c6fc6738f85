"""The billing systems of the regions over gRPC: figures, proofs, postings, fees."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from kabinet.regional.v1 import billing_pb2, billing_pb2_grpc

from services.accounts.adapters import grpc_region_values as values
from services.accounts.adapters.region_lines import RegionLines, by_reason, meaning
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import (
    AccountReport,
    Charge,
    CreditedPayment,
    Page,
    PlacedCharge,
    RegionalPosting,
)
from services.accounts.domain.errors import (
    AccountClosed,
    ChargeIdReused,
    InsufficientFunds,
    PaymentIdReused,
)
from services.accounts.domain.history import Span
from services.accounts.domain.proof_ladder import Proof
from services.accounts.domain.reconciliation import BookedPage, Period
from services.chassis.errors import DomainError, Kind, TooManyAttempts
from services.chassis.grpc_client import UnaryMethod
from services.chassis.grpc_errors import MethodLeftOut, RemoteError
from services.chassis.grpc_values import money_to_proto, time_to_proto
from services.chassis.money import Money
from services.chassis.paging import PageTokenInvalid

Request = TypeVar("Request")
Reply = TypeVar("Reply")
Stub = billing_pb2_grpc.RegionalBillingServiceStub

_TOO_MANY_CODES = "TOO_MANY_CODES"
_CODES_PAUSE_S = 600  # the contract does not say until when; a code lives no longer

_REFUSALS = by_reason((AccountClosed, InsufficientFunds, PaymentIdReused, ChargeIdReused))


class GrpcRegionalBilling:
    """Every call ends in an answer or in an error of the domain."""

    def __init__(self, lines: RegionLines, /) -> None:
        self._lines = lines
        self._stubs = lines.stubs(Stub)

    def answers(self, region: str, /) -> bool:
        """Say whether the region answered when it was last asked."""
        return self._lines.answers(region)

    def verify_ownership(self, key: AccountKey, proof: Proof, /, *, claimant: str) -> bool:
        """Ask whether number and fact belong together; a number that the region does not know is a wrong one."""
        request = billing_pb2.VerifyOwnershipRequest(
            number=key.number, proof=billing_pb2.Proof(kind=proof.kind, value=proof.value), claimant=claimant
        )
        try:
            answer = self._ask(key.region, lambda stub: stub.VerifyOwnership, request)
        except RemoteError as error:
            if error.kind in {Kind.NOT_FOUND, Kind.INVALID}:
                return False
            raise _meaning(error, key.region) from None
        verified: bool = answer.verified
        return verified

    def send_ownership_code(self, key: AccountKey, /, *, claimant: str) -> timedelta:
        request = billing_pb2.SendOwnershipCodeRequest(number=key.number, claimant=claimant)
        try:
            answer = self._ask(key.region, lambda stub: stub.SendOwnershipCode, request)
        except RemoteError as error:
            if error.reason == _TOO_MANY_CODES:
                raise TooManyAttempts(retry_after_s=_CODES_PAUSE_S) from None
            raise _meaning(error, key.region) from None
        return values.read(key.region, answer, values.code_lifetime_of)

    def account(self, key: AccountKey, /) -> AccountReport:
        request = billing_pb2.GetAccountRequest(number=key.number)
        answer = self._call(key.region, lambda stub: stub.GetAccount, request)
        return values.read(key.region, answer, values.report_of)

    def charges(self, key: AccountKey, /, *, page_size: int, page_token: str, period: Span) -> Page[Charge]:
        request = billing_pb2.ListChargesRequest(
            number=key.number,
            page_size=page_size,
            page_token=page_token,
            begins_at=values.bound(period.begins_at),
            ends_at=values.bound(period.ends_at),
        )
        answer = self._page(key.region, lambda stub: stub.ListCharges, request)
        return values.read(key.region, answer, values.charges_of)

    def payments(self, key: AccountKey, /, *, page_size: int, page_token: str, period: Span) -> Page[CreditedPayment]:
        request = billing_pb2.ListPaymentsRequest(
            number=key.number,
            page_size=page_size,
            page_token=page_token,
            begins_at=values.bound(period.begins_at),
            ends_at=values.bound(period.ends_at),
        )
        answer = self._page(key.region, lambda stub: stub.ListPayments, request)
        return values.read(key.region, answer, values.payments_of)

    def post_payment(
        self, key: AccountKey, /, *, payment_id: str, amount: Money, captured_at: datetime
    ) -> RegionalPosting:
        request = billing_pb2.PostPaymentRequest(
            payment_id=payment_id,
            number=key.number,
            amount=money_to_proto(amount),
            captured_at=time_to_proto(captured_at),
        )
        answer = self._call(key.region, lambda stub: stub.PostPayment, request)
        return values.read(key.region, answer.posting, values.posting_of)

    def posting(self, region: str, /, *, payment_id: str) -> RegionalPosting | None:
        request = billing_pb2.GetPostingRequest(payment_id=payment_id)
        try:
            answer = self._ask(region, lambda stub: stub.GetPosting, request)
        except RemoteError as error:
            # The word counts, not the code: a proxy's NOT_FOUND must not be taken for "never applied".
            if error.reason == "POSTING_NOT_FOUND":
                return None
            raise _meaning(error, region) from None
        return values.read(region, answer.posting, values.posting_of)

    def booked_payments(self, region: str, period: Period, /, *, page_size: int, page_token: str) -> BookedPage | None:
        request = billing_pb2.ListPostingsRequest(
            posted_from=time_to_proto(period.begins_at),
            posted_before=time_to_proto(period.ends_at),
            page_size=page_size,
            page_token=page_token,
        )
        try:
            answer = self._ask(region, lambda stub: stub.ListPostings, request)
        except MethodLeftOut:
            return None
        except RemoteError as error:
            raise _meaning(error, region) from None
        return values.read(region, answer, values.booked_page_of)

    def place_charge(self, key: AccountKey, /, *, charge_id: str, amount: Money, description: str) -> PlacedCharge:
        request = billing_pb2.PlaceChargeRequest(
            charge_id=charge_id, number=key.number, amount=money_to_proto(amount), description=description
        )
        answer = self._call(key.region, lambda stub: stub.PlaceCharge, request)
        return values.read(key.region, answer, values.placed_charge_of)

    def _page(self, region: str, method: "Callable[[Stub], UnaryMethod[Request, Reply]]", request: Request) -> Reply:
        try:
            return self._ask(region, method, request)
        except RemoteError as error:
            if error.kind is Kind.INVALID:
                raise PageTokenInvalid("The page token is not valid.") from None
            raise _meaning(error, region) from None

    def _call(self, region: str, method: "Callable[[Stub], UnaryMethod[Request, Reply]]", request: Request) -> Reply:
        try:
            return self._ask(region, method, request)
        except RemoteError as error:
            raise _meaning(error, region) from None

    def _ask(self, region: str, method: "Callable[[Stub], UnaryMethod[Request, Reply]]", request: Request) -> Reply:
        return self._lines.ask(region, lambda: method(self._stubs[region]), request)


def _meaning(error: RemoteError, region: str) -> DomainError:
    return meaning(error, region, refusals=_REFUSALS)
