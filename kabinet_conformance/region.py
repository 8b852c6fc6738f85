"""The region as a rule sees it: one call per request message, everything sent and received written down."""

import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from kabinet.common.v1.money_pb2 import Money
from kabinet.regional.v1 import billing_pb2, ordering_pb2

from kabinet_conformance.target import Target
from kabinet_conformance.verdicts import Broken, expect

_WRITTEN_CHARACTERS = 400
_PARALLEL = 8
_SERVICES = (
    billing_pb2.DESCRIPTOR.services_by_name["RegionalBillingService"],
    ordering_pb2.DESCRIPTOR.services_by_name["RegionalOrderingService"],
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a message, or a status with the reason of its `ErrorInfo`."""

    code: grpc.StatusCode
    reason: str
    body: Any
    took_s: float

    def __str__(self) -> str:
        return f"{self.code.name} {self.reason}".strip()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call as the report shows it; proofs are not written down."""

    sent: str
    received: str


class Region:
    """Speaks to the region under examination as the cabinet does."""

    def __init__(self, target: Target, /) -> None:
        self.target = target
        self.exchanges: list[Exchange] = []
        self._channel = target.channel()
        self._ordering: bool | None = None
        self._postings: bool | None = None

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def send(self, request: Message, /, *, token: str | None = None, timeout_s: float | None = None) -> Answer:
        """Call the method that takes this message; an empty token calls without credentials."""
        method = _method_of(request)
        credential = self.target.token() if token is None else token
        call: Any = self._channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        metadata = (("authorization", f"Bearer {credential}"),) if credential else ()
        started = time.perf_counter()
        try:
            body = call(request, timeout=timeout_s or self.target.deadline_s, metadata=metadata)
            answer = Answer(grpc.StatusCode.OK, "", body, time.perf_counter() - started)
        except grpc.RpcError as error:
            answer = Answer(_code(error), _reason(error), None, time.perf_counter() - started)
        self.exchanges.append(Exchange(sent=f"{method.name} {_text(request)}", received=_received(answer)))
        return answer

    def ask(self, request: Message, /) -> Any:
        """Return the answer of a call that must succeed."""
        answer = self.send(request)
        if answer.code is not grpc.StatusCode.OK:
            raise Broken(f"{_method_of(request).name} was refused with {answer}")
        return answer.body

    def expect_refusal(self, request: Message, /, *, code: grpc.StatusCode, reason: str = "") -> None:
        """Check that a call is refused with this code and, where the contract names one, this reason."""
        answer = self.send(request)
        wanted = f"{code.name} {reason}".strip()
        fits = answer.code is code and (not reason or answer.reason == reason)
        expect(fits, f"{_method_of(request).name} had to be refused with {wanted}, and the answer was {answer}")

    def at_once(self, requests: Sequence[Message], /) -> list[Answer]:
        """Send requests in parallel, eight at a time; return their answers in order."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return list(pool.map(self.send, requests))

    def account(self, number: str = "") -> Any:
        """Return the account's figures."""
        return self.ask(billing_pb2.GetAccountRequest(number=number or self.target.account))

    def balance(self) -> int:
        """Return the balance of the account under examination in kopecks."""
        return int(self.account().balance.amount_minor)

    def expect_balance(self, kopecks: int, /, *, after: str) -> None:
        """Check the balance."""
        found = self.balance()
        expect(found == kopecks, f"{after}, the balance had to be {kopecks} kopecks, and it is {found}")

    def has_ordering(self) -> bool:
        """Tell whether the region implements `RegionalOrderingService` at all."""
        if self._ordering is None:
            answer = self.send(ordering_pb2.ListTariffPlansRequest(number=self.target.account))
            self._ordering = answer.code is not grpc.StatusCode.UNIMPLEMENTED
        return self._ordering

    def lists_postings(self) -> bool:
        """Tell whether the region implements `ListPostings`, which it may leave out."""
        if self._postings is None:
            self._postings = self.send(billing_pb2.ListPostingsRequest()).code is not grpc.StatusCode.UNIMPLEMENTED
        return self._postings

    def leaves_out(self, request: Message, /) -> bool:
        """Tell whether a request belongs to what a region may leave out, and this one does."""
        if isinstance(request, billing_pb2.ListPostingsRequest):
            return not self.lists_postings()
        return request.DESCRIPTOR.file is ordering_pb2.DESCRIPTOR and not self.has_ordering()


def rubles(kopecks: int, /, *, currency: str = "RUB") -> Money:
    """Return a sum as the cabinet sends it."""
    return Money(amount_minor=kopecks, currency=currency)


def new_id(prefix: str, /) -> str:
    """Return an id that the region has never seen, recognizable in its books as the kit's."""
    return f"{prefix}_conformance_{uuid.uuid4().hex[:20]}"


def every_request() -> list[Message]:
    """Return an empty request for each method of the contract."""
    return [GetMessageClass(method.input_type)() for service in _SERVICES for method in service.methods]


def same(answers: Sequence[Answer], part: Callable[[Any], Any], /) -> bool:
    """Tell whether all answers succeeded and agree in a part."""
    if any(answer.code is not grpc.StatusCode.OK for answer in answers):
        return False
    return all(part(answer.body) == part(answers[0].body) for answer in answers)


def _method_of(request: Message) -> MethodDescriptor:
    return next(
        method
        for service in _SERVICES
        for method in service.methods
        if method.input_type.full_name == request.DESCRIPTOR.full_name
    )


def _code(error: grpc.RpcError) -> grpc.StatusCode:
    call: Any = error  # what a finished call raises is a grpc.Call too
    code: grpc.StatusCode = call.code()
    return code


def _reason(error: grpc.RpcError) -> str:
    try:
        status = rpc_status.from_call(error)
    except ValueError:
        return ""  # code and message of the status contradict those of the call: no reason to be had from it
    info = error_details_pb2.ErrorInfo()
    found = status is not None and any(detail.Unpack(info) for detail in status.details)
    return str(info.reason) if found else ""


def _received(answer: Answer) -> str:
    return f"OK {_text(answer.body)}" if answer.code is grpc.StatusCode.OK else str(answer)


def _text(message: Message) -> str:
    shown = message
    if isinstance(message, billing_pb2.VerifyOwnershipRequest):
        shown = billing_pb2.VerifyOwnershipRequest(number=message.number)
        shown.proof.kind, shown.proof.value = message.proof.kind, "***"
    text = MessageToJson(shown, preserving_proto_field_name=True, indent=None, ensure_ascii=False)
    return text if len(text) <= _WRITTEN_CHARACTERS else f"{text[:_WRITTEN_CHARACTERS]}..."
