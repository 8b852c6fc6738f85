"""Errors on the gRPC wire: a kind becomes a canonical code, a reason becomes one `google.rpc.ErrorInfo`, and back."""

from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.chassis.errors import DomainError, Kind

DOMAIN = "kabinet"

_CODES = {
    Kind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Kind.PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Kind.ALREADY_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Kind.FAILED_PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.ABORTED: grpc.StatusCode.ABORTED,
    Kind.RESOURCE_EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Kind.DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    Kind.INTERNAL: grpc.StatusCode.INTERNAL,
}
_KINDS = {code: kind for kind, code in _CODES.items()}
_DEFAULT_REASONS = {
    grpc.StatusCode.UNAVAILABLE: "TEMPORARILY_UNAVAILABLE",
    grpc.StatusCode.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "OVERLOADED",
}


class RemoteError(DomainError):
    """What the callee answered instead of a result, or that it did not answer at all.

    Raised again in a servicer it goes on to the caller unchanged: a refusal means the same wherever it was made.
    """

    def __init__(self, *, kind: Kind, reason: str, message: str, metadata: dict[str, str]) -> None:
        super().__init__(message)
        self.kind = kind
        self.reason = reason
        self.metadata = metadata

    @property
    def outcome_is_unknown(self) -> bool:
        """Whether the callee may have done what it was asked for: it did not answer, or failed in a way nobody
        foresaw."""
        return self.kind in {Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.INTERNAL, Kind.RESOURCE_EXHAUSTED}


class MethodLeftOut(RemoteError):
    """The callee does not have the method that was called: nothing has happened there, and nothing will."""


def code_of(error: DomainError, /) -> grpc.StatusCode:
    """Return the canonical code of an error."""
    return _CODES[error.kind]


def abort(context: grpc.ServicerContext, error: DomainError, /) -> NoReturn:
    """End the call with the error's code, message and `ErrorInfo`."""
    details = any_pb2.Any()
    details.Pack(error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata))
    status = status_pb2.Status(code=code_pb2.Code.Value(code_of(error).name), message=str(error), details=[details])
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort_with_status always raises")


def from_rpc_error(error: grpc.RpcError, /) -> RemoteError:
    """Return what a failed call means."""
    call: Any = error  # what a finished call raises is a grpc.Call too
    code: grpc.StatusCode = call.code()
    info = _error_info(call)
    if info is not None:
        kind, reason, metadata = _KINDS.get(code, Kind.INTERNAL), info.reason, dict(info.metadata)
        return RemoteError(kind=kind, reason=reason, message=call.details() or "", metadata=metadata)
    kind, reason = _KINDS.get(code, Kind.INTERNAL), _DEFAULT_REASONS.get(code, "INTERNAL")
    error_type = MethodLeftOut if code is grpc.StatusCode.UNIMPLEMENTED else RemoteError
    return error_type(kind=kind, reason=reason, message=f"The call failed: {code.name}.", metadata={})


def _error_info(call: Any) -> error_details_pb2.ErrorInfo | None:
    try:
        status = rpc_status.from_call(call)
    except ValueError:  # the trailer belongs to another status than the call ended with
        return None
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            return info
    return None
