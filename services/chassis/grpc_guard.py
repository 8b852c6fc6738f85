"""The one interceptor of every server: who calls, may they, how long, what went wrong, how long it took."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import grpc
import structlog
from prometheus_client import Histogram

from services.chassis.caller import Anonymous, Caller, calling_as
from services.chassis.deadline import ending_within
from services.chassis.errors import DomainError
from services.chassis.grpc_access import Access, admit
from services.chassis.grpc_errors import abort
from services.chassis.logs import get_logger
from services.chassis.tokens import TokenInvalid, TokenVerifier

_LONGEST_CALL_S = 10.0
_LONGEST_STREAM_S = 600.0
_UNGUARDED = "/grpc.health.v1.Health/"

Translate = Callable[[BaseException], DomainError | None]

_log = get_logger(__name__)
_handled = Histogram("grpc_server_handled_seconds", "Time to answer a call", ["method", "outcome"])


class Unexpected(DomainError):
    """Something that nobody foresaw; its text stays in the log, because grpcio would send it."""


class Guard(grpc.ServerInterceptor):
    """Lets in whom the contract lets in, and turns every exception into a status that a caller can act on.

    A method without an access rule is refused. Checking is done before the request is looked at. A method that takes a
    stream may last for minutes: it ends with the credential at the latest, and is answered by `stream_threads`, so that
    it holds none of the threads that answer everybody else.
    """

    def __init__(
        self,
        *,
        access: Mapping[str, Access],
        verifier: TokenVerifier,
        translate: Translate | None = None,
        stream_threads: ThreadPoolExecutor | None = None,
    ) -> None:
        """`translate` returns what an exception of a library means to a caller, None for what nobody foresaw."""
        self._access = access
        self._verifier = verifier
        self._translate = translate or (lambda error: None)
        self._stream_threads = stream_threads

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(_UNGUARDED):
            return handler
        if handler.request_streaming and handler.response_streaming:
            return _rebuilt(handler, self._conversing(method, _behaviour(handler)))
        if handler.response_streaming:
            return _rebuilt(handler, self._streaming(method, _behaviour(handler)))
        return _rebuilt(handler, self._unary(method, _behaviour(handler)))

    def _unary(self, method: str, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def guarded(request: Any, context: grpc.ServicerContext) -> Any:
            with _Call(method, context, self._translate) as call:
                call.enter(self._caller(method, context), cap_s=_LONGEST_CALL_S)
                return answer(request, context)

        return guarded

    def _streaming(self, method: str, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Iterator[Any]]:
        def guarded(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with _Call(method, context, self._translate) as call:
                call.enter(self._caller(method, context), cap_s=_LONGEST_CALL_S)
                yield from answer(request, context)

        return guarded

    def _conversing(self, method: str, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Iterator[Any]]:
        def guarded(requests: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with _Call(method, context, self._translate) as call:
                caller = self._caller(method, context)
                token = _bearer_token(context)
                credential_s = _LONGEST_STREAM_S if token is None else self._verifier.good_for_s(token)
                call.enter(caller, cap_s=min(_LONGEST_STREAM_S, credential_s))
                yield from answer(requests, context)

        if self._stream_threads is not None:
            answered_by: Any = guarded
            answered_by.experimental_thread_pool = self._stream_threads  # grpc's own name for it
        return guarded

    def _caller(self, method: str, context: grpc.ServicerContext) -> Caller:
        token = _bearer_token(context)
        caller = Anonymous() if token is None else self._verifier.verify(token)
        admit(caller, self._access.get(method, Access()))
        return caller


class _Call(AbstractContextManager["_Call", None]):
    """One call under way: what is set for its time, and what is told when it ends."""

    def __init__(self, method: str, context: grpc.ServicerContext, translate: Translate) -> None:
        self._translate = translate
        self._method = method
        self._context = context
        self._began_at = time.perf_counter()
        self._stack = ExitStack()

    def enter(self, caller: Caller, *, cap_s: float) -> None:
        left_s = self._context.time_remaining()
        self._stack.enter_context(calling_as(caller))
        self._stack.enter_context(ending_within(min(left_s or cap_s, cap_s)))
        self._stack.enter_context(structlog.contextvars.bound_contextvars(method=self._method))

    def __exit__(self, kind: object, error: BaseException | None, trace: object, /) -> None:
        self._stack.close()
        took_s = time.perf_counter() - self._began_at
        if error is None or isinstance(error, GeneratorExit):
            _handled.labels(self._method, "OK").observe(took_s)
            return
        refused = self._refusal(error)
        _handled.labels(self._method, refused.reason).observe(took_s)
        abort(self._context, refused)

    def _refusal(self, error: BaseException) -> DomainError:
        refused = error if isinstance(error, DomainError) else self._translate(error)
        if refused is None:
            _log.error("call_failed", method=self._method, exc_info=error)
            return Unexpected("Something went wrong.")
        _log.info("call_refused", method=self._method, reason=refused.reason)
        return refused


def _bearer_token(context: grpc.ServicerContext) -> str | None:
    values = [str(value) for key, value in context.invocation_metadata() or () if key == "authorization"]
    if not values:
        return None
    scheme, _, token = values[0].partition(" ")
    if len(values) > 1 or scheme != "Bearer":
        raise TokenInvalid("The authorization metadata is not one bearer token.")
    return token


def _behaviour(handler: Any) -> Callable[[Any, Any], Any]:
    found: Callable[[Any, Any], Any] = (
        handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    )
    return found


def _rebuilt(handler: Any, behaviour: Callable[[Any, Any], Any]) -> Any:
    build: Any = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[(handler.request_streaming, handler.response_streaming)]
    return build(
        behaviour,
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )
