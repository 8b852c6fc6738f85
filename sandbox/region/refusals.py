"""What the region refuses, in the words of the contract, and how a refusal looks on the wire."""

from typing import NoReturn

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status


class Refusal(Exception):
    """A foreseen refusal: a canonical code and a constant reason."""

    def __init__(self, code: grpc.StatusCode, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


def account_not_found() -> Refusal:
    """No account of the region has the number."""
    return Refusal(grpc.StatusCode.NOT_FOUND, "ACCOUNT_NOT_FOUND", "There is no such account here.")


def posting_not_found() -> Refusal:
    """The payment was never applied."""
    return Refusal(grpc.StatusCode.NOT_FOUND, "POSTING_NOT_FOUND", "This payment was never applied.")


def account_closed() -> Refusal:
    """The account takes no money and no fees any more."""
    return Refusal(grpc.StatusCode.FAILED_PRECONDITION, "ACCOUNT_CLOSED", "The account is closed.")


def insufficient_funds() -> Refusal:
    """An advance account cannot cover the fee."""
    return Refusal(grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_FUNDS", "The balance does not cover the fee.")


def id_reused(kind: str) -> Refusal:
    """The id was applied before to another account or with another sum."""
    reason = {"payment": "PAYMENT_ID_REUSED", "charge": "CHARGE_ID_REUSED"}[kind]
    return Refusal(grpc.StatusCode.ALREADY_EXISTS, reason, "The id was used with another content.")


def request_id_reused() -> Refusal:
    """The id stands for an earlier request with another content."""
    return Refusal(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED", "The id was used with another content.")


def absent(thing: str) -> Refusal:
    """The region has no such thing: `TARIFF_PLAN`, `SERVICE_ORDER`."""
    words = thing.lower().replace("_", " ")
    return Refusal(grpc.StatusCode.NOT_FOUND, f"{thing}_NOT_FOUND", f"There is no such {words} here.")


def not_now(reason: str, why: str) -> Refusal:
    """What stands in the books does not allow it."""
    return Refusal(grpc.StatusCode.FAILED_PRECONDITION, reason, why)


def promised_amount_invalid() -> Refusal:
    """The promised sum is not positive, not in roubles, or above the largest one."""
    why = "A positive sum in RUB up to the largest one is needed."
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "PROMISED_PAYMENT_AMOUNT_INVALID", why)


def amount_invalid() -> Refusal:
    """A sum is not a positive one in roubles."""
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "AMOUNT_INVALID", "A positive sum in RUB is needed.")


def page_token_invalid() -> Refusal:
    """The token was not made here."""
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", "The page token is not valid.")


def period_invalid() -> Refusal:
    """A period does not end after its beginning."""
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "PERIOD_INVALID", "The period must end after its beginning.")


def no_answer_in_time() -> Refusal:
    """What the caller hears while its message is still on its way."""
    return Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "", "scripted: it will be applied later")


def not_the_cabinet() -> Refusal:
    """The caller does not show that it is the cabinet's accounts service."""
    return Refusal(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING", "Only the cabinet may call.")


def abort(context: grpc.ServicerContext, refusal: Refusal, /) -> NoReturn:
    """End the call with the refusal's code and one `google.rpc.ErrorInfo`."""
    details = any_pb2.Any()
    details.Pack(error_details_pb2.ErrorInfo(reason=refusal.reason, domain="kabinet"))
    status = status_pb2.Status(code=code_pb2.Code.Value(refusal.code.name), message=str(refusal), details=[details])
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort_with_status always raises")
