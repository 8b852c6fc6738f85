"""A regional billing system as its contract has it, in memory, with trouble on demand; a real gRPC server runs it."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kabinet.common.v1 import money_pb2
from kabinet.regional.v1 import billing_pb2 as pb
from kabinet.regional.v1 import billing_pb2_grpc

from services.chassis.clock import to_milliseconds
from services.chassis.errors import DomainError, Kind
from services.chassis.grpc_values import time_to_proto

NUMBER = "5400200001"
CONTRACT_CODE = "1207-NSK"
Context = grpc.ServicerContext


class Refused(DomainError):
    """A refusal in the words of the contract."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


class ScriptedRegion(billing_pb2_grpc.RegionalBillingServiceServicer):
    """`before` and `after` are called with the method's name, outside and inside of what the books have written."""

    def __init__(self) -> None:
        self.number = NUMBER
        self.balance = 100_00
        self.old_mandate: pb.OldMandate | None = None
        self.calls: list[str] = []
        self.postings: dict[str, pb.Posting] = {}
        self.applied: list[str] = []
        self.charges: dict[str, pb.Charge] = {}
        began_at = to_milliseconds(datetime.now(UTC))
        self.fees = [_fee(number, began_at - timedelta(days=number)) for number in range(30)]
        self.kept_from: datetime | None = None
        self.ignores_periods = False
        self.proofs: Mapping[str, str] = {
            "contract_code": CONTRACT_CODE,
            "bill_code": "881207",
            "last_payment_minor": "80000",
        }
        self.sent_codes: list[str] = []
        self._codes: dict[str, str] = {}
        self.before: Callable[[str], None] = lambda method: None
        self.after: Callable[[str], None] = lambda method: None
        self._lock = threading.Lock()

    def refuse(self, kind: Kind, reason: str, *, method: str = "") -> None:
        """Refuse a method, or all of them, from now on."""

        def trouble(called: str) -> None:
            if method in ("", called):
                raise Refused(kind, reason)

        self.before = trouble

    def recover(self) -> None:
        self.before = self.after = lambda method: None

    def VerifyOwnership(  # noqa: N802
        self, request: pb.VerifyOwnershipRequest, context: Context
    ) -> pb.VerifyOwnershipResponse:
        self.called("VerifyOwnership")
        fact = self.proofs.get(request.proof.kind)
        if request.proof.kind == "contact_code":
            fact = self._codes.pop(request.claimant, None)
        return pb.VerifyOwnershipResponse(verified=request.number == self.number and fact == request.proof.value)

    def SendOwnershipCode(  # noqa: N802
        self, request: pb.SendOwnershipCodeRequest, context: Context
    ) -> pb.SendOwnershipCodeResponse:
        self.called("SendOwnershipCode")
        if request.number == self.number:
            self.sent_codes.append(f"{1_000_000 + len(self.sent_codes)}")
            self._codes[request.claimant] = self.sent_codes[-1]
        return pb.SendOwnershipCodeResponse(valid_for_s=600)

    def GetAccount(self, request: pb.GetAccountRequest, context: Context) -> pb.GetAccountResponse:  # noqa: N802
        self.called("GetAccount", request.number)
        return pb.GetAccountResponse(
            balance=rub(self.balance),
            as_of=time_to_proto(datetime.now(UTC)),
            billing_mode=pb.BILLING_MODE_ADVANCE,
            tariff_plan=pb.TariffPlan(tariff_plan_id="nsk-trio", name="Трио", monthly_fee=rub(750_00)),
            services=[
                pb.Service(
                    service_id="s1", kind=pb.SERVICE_KIND_INTERNET, name="Интернет", state=pb.SERVICE_STATE_ACTIVE
                )
            ],
            old_mandate=self.old_mandate,
        )

    def ListCharges(self, request: pb.ListChargesRequest, context: Context) -> pb.ListChargesResponse:  # noqa: N802
        self.called("ListCharges", request.number)
        first = int(request.page_token or 0)
        rows = [fee for fee in self.fees if self.ignores_periods or _is_in_period(fee.charged_at, request)]
        last = first + request.page_size
        return pb.ListChargesResponse(
            charges=rows[first:last],
            next_page_token=str(last) if last < len(rows) else "",
            as_of=time_to_proto(datetime.now(UTC)),
            kept_from=time_to_proto(self.kept_from),
        )

    def ListPayments(self, request: pb.ListPaymentsRequest, context: Context) -> pb.ListPaymentsResponse:  # noqa: N802
        self.called("ListPayments", request.number)
        rows = [
            pb.CreditedPayment(
                payment_id=posting.payment_id,
                channel="kabinet",
                amount=posting.amount,
                credited_at=posting.posted_at,
            )
            for posting in self.postings.values()
        ]
        return pb.ListPaymentsResponse(payments=rows, as_of=time_to_proto(datetime.now(UTC)))

    def PostPayment(self, request: pb.PostPaymentRequest, context: Context) -> pb.PostPaymentResponse:  # noqa: N802
        self.called("PostPayment", request.number)
        with self._lock:
            if request.payment_id not in self.postings:
                self.balance += request.amount.amount_minor
                self.applied.append(request.payment_id)
                self.postings[request.payment_id] = pb.Posting(
                    payment_id=request.payment_id,
                    number=request.number,
                    amount=request.amount,
                    posted_at=time_to_proto(datetime.now(UTC)),
                    balance_after=rub(self.balance),
                )
        self.after("PostPayment")
        return pb.PostPaymentResponse(posting=self.postings[request.payment_id])

    def GetPosting(self, request: pb.GetPostingRequest, context: Context) -> pb.GetPostingResponse:  # noqa: N802
        self.called("GetPosting")
        if request.payment_id not in self.postings:
            raise Refused(Kind.NOT_FOUND, "POSTING_NOT_FOUND")
        return pb.GetPostingResponse(posting=self.postings[request.payment_id])

    def PlaceCharge(self, request: pb.PlaceChargeRequest, context: Context) -> pb.PlaceChargeResponse:  # noqa: N802
        self.called("PlaceCharge", request.number)
        if request.amount.amount_minor > self.balance:
            raise Refused(Kind.FAILED_PRECONDITION, "INSUFFICIENT_FUNDS")
        with self._lock:
            if request.charge_id not in self.charges:
                self.balance -= request.amount.amount_minor
                self.charges[request.charge_id] = pb.Charge(
                    charge_id=f"R-{request.charge_id}",
                    description=request.description,
                    amount=request.amount,
                    charged_at=time_to_proto(datetime.now(UTC)),
                )
        return pb.PlaceChargeResponse(charge=self.charges[request.charge_id], balance_after=rub(self.balance))

    def called(self, method: str, number: str | None = None) -> None:
        """Note a call and make the trouble that was asked for, before anything is written."""
        with self._lock:
            self.calls.append(method)
        self.before(method)
        if number is not None and number != self.number:
            raise Refused(Kind.NOT_FOUND, "ACCOUNT_NOT_FOUND")


def _fee(number: int, charged_at: datetime) -> pb.Charge:
    return pb.Charge(
        charge_id=f"fee-{number}",
        description="Абонентская плата",
        amount=rub(750_00),
        charged_at=time_to_proto(charged_at),
    )


def _is_in_period(moment: Timestamp, request: pb.ListChargesRequest) -> bool:
    at = moment.ToDatetime()
    begun = not request.HasField("begins_at") or at >= request.begins_at.ToDatetime()
    return begun and (not request.HasField("ends_at") or at < request.ends_at.ToDatetime())


def rub(kopecks: int) -> money_pb2.Money:
    """Return a sum as the contract writes it."""
    return money_pb2.Money(amount_minor=kopecks, currency="RUB")
