"""Bugs that adapters of billing systems really have, each alone; what each breaks is said where it is used."""

import itertools
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from threading import Event, Lock
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from kabinet.regional.v1 import ordering_pb2

from kabinet_conformance.target import Target
from tests.conformance.region_server import ACCOUNT, CLOSED, Bug, Proceed

_KOPECKS_AT_ONCE = 5  # what the kit pays in by several calls of the same moment


def posts_again() -> Mapping[str, Bug]:
    """Each call credits, whether the payment id is known or not."""
    seen: set[str] = set()

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.payment_id in seen:
            request.payment_id = uuid.uuid4().hex
        seen.add(request.payment_id)
        return proceed(request, context)

    return {"PostPayment": bug}


def looks_before_it_inserts() -> Mapping[str, Bug]:
    """Repeats are found, but not those of the same moment: the first of them waits until there is another."""
    done: set[str] = set()
    running: set[str] = set()
    repeated: defaultdict[str, Event] = defaultdict(Event)
    lock = Lock()

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        payment_id = request.payment_id
        with lock:
            is_repeated = repeated[payment_id]
            if payment_id in running and payment_id not in done:
                request.payment_id = uuid.uuid4().hex
                is_repeated.set()
            running.add(payment_id)
        if request.amount.amount_minor == _KOPECKS_AT_ONCE:
            is_repeated.wait(5)
        answer = proceed(request, context)
        done.add(payment_id)
        return answer

    return {"PostPayment": bug}


def rounds_to_roubles() -> Mapping[str, Bug]:
    """The sum of a posting goes through a number of roubles."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        answer = proceed(request, context)
        answer.posting.amount.amount_minor = answer.posting.amount.amount_minor // 100 * 100
        return answer

    return {"PostPayment": bug}


def takes_another_sum_for_a_repeat() -> Mapping[str, Bug]:
    """A known payment id is answered with the first posting, whatever the sum."""
    first: dict[str, int] = {}

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        known = first.get(request.payment_id)
        if known is not None and request.amount.amount_minor > 0:
            request.amount.amount_minor = known
        answer = proceed(request, context)
        first[request.payment_id] = request.amount.amount_minor
        return answer

    return {"PostPayment": bug}


def fails_on_unknown_postings() -> Mapping[str, Bug]:
    """What is not there is an error of the server."""
    return {"GetPosting": lambda request, context, proceed: proceed(request, _Refusing(context, _UNKNOWN))}


def forgets_postings() -> Mapping[str, Bug]:
    """A posting is answered from a cache that holds it for one reading."""
    read: set[str] = set()

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.payment_id in read:
            request.payment_id = "gone"
        read.add(request.payment_id)
        return proceed(request, context)

    return {"GetPosting": bug}


def leaves_out_the_currency() -> Mapping[str, Bug]:
    """The balance has a sum only."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        answer = proceed(request, context)
        answer.balance.ClearField("currency")
        return answer

    return {"GetAccount": bug}


def takes_local_time_for_utc() -> Mapping[str, Bug]:
    """as_of is the wall clock of Novosibirsk."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        answer = proceed(request, context)
        answer.as_of.seconds += int(timedelta(hours=7).total_seconds())
        return answer

    return {"GetAccount": bug}


def repeats_a_row_on_the_next_page() -> Mapping[str, Bug]:
    """The page begins at the last row shown, not after it."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        answer = proceed(request, context)
        if answer.next_page_token:
            answer.next_page_token = str(int(answer.next_page_token) + 1)
        return answer

    return {"ListPayments": bug}


def pages_by_offset() -> Mapping[str, Bug]:
    """The token counts rows, so that a new one at the front moves them all."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if not request.page_token.isdecimal() and request.page_token:
            return proceed(request, context)
        begin, size = int(request.page_token or 0), min(request.page_size or 20, 100)
        request.page_token, request.page_size = "", 100
        answer = proceed(request, context)
        rows = list(answer.payments)
        del answer.payments[:]
        answer.payments.extend(rows[begin : begin + size])
        answer.next_page_token = str(begin + size) if len(rows) > begin + size else ""
        return answer

    return {"ListPayments": bug}


def shows_the_first_page_for_garbage() -> Mapping[str, Bug]:
    """A token that cannot be read is taken for none."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if not request.page_token.isdecimal():
            request.page_token = ""
        return proceed(request, context)

    return {"ListCharges": bug}


def lets_everybody_in(target: Target) -> Mapping[str, Bug]:
    """Credentials are not looked at."""
    return {"*": lambda request, context, proceed: proceed(request, _Admitted(context, target))}


def tells_which_numbers_exist() -> Mapping[str, Bug]:
    """A proof for an unknown number is NOT_FOUND."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if not request.number.startswith("54"):
            refuse(context, code_pb2.NOT_FOUND, "ACCOUNT_NOT_FOUND")
        return proceed(request, context)

    return {"VerifyOwnership": bug}


def takes_longer_for_known_numbers() -> Mapping[str, Bug]:
    """Only for a known number the proof is computed."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.number == ACCOUNT and request.proof.kind == "contract_code":
            time.sleep(0.5)
        return proceed(request, context)

    return {"VerifyOwnership": bug}


def answers_every_fifth_reading_late() -> Mapping[str, Bug]:
    """Now and then the figures take longer than a subscriber waits."""
    readings = itertools.count(1)

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if next(readings) % 5 == 0:
            time.sleep(1.5)
        return proceed(request, context)

    return {"GetAccount": bug}


def gives_another_reason() -> Mapping[str, Bug]:
    """Whatever speaks against a fee is INSUFFICIENT_FUNDS."""
    refusal = (code_pb2.FAILED_PRECONDITION, "INSUFFICIENT_FUNDS")

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        closed = request.number not in (ACCOUNT,) and request.number.startswith("54")
        return proceed(request, _Refusing(context, refusal) if closed else context)

    return {"PlaceCharge": bug}


def refuses_to_take_back_twice() -> Mapping[str, Bug]:
    """The second tap on "undo" is an error."""
    taken_back: set[str] = set()

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.change_id in taken_back:
            refuse(context, code_pb2.FAILED_PRECONDITION, "TARIFF_CHANGE_CANCELED")
        answer = proceed(request, context)
        taken_back.add(request.change_id)
        return answer

    return {"CancelTariffChange": bug}


def sells_to_closed_accounts() -> Mapping[str, Bug]:
    """Nobody looks whether the account is closed before showing what there is to buy."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.number == CLOSED:
            request.number = ACCOUNT
        return proceed(request, context)

    return {"ListServiceOffers": bug}


def promises_to_everybody() -> Mapping[str, Bug]:
    """The answer lists reasons, and says yes all the same."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        answer = proceed(request, context)
        answer.eligible = True
        return answer

    return {"GetPromisedPaymentEligibility": bug}


def offers_no_ordering() -> Mapping[str, Bug]:
    """No bug: a region may leave the second service out."""

    methods = ordering_pb2.DESCRIPTOR.services_by_name["RegionalOrderingService"].methods
    return {method.name: unimplemented for method in methods}


def unimplemented(request: Any, context: Any, proceed: Proceed) -> Any:
    """Leave a method out."""
    context.abort(grpc.StatusCode.UNIMPLEMENTED, "not here")


_UNKNOWN = (code_pb2.UNKNOWN, "")


class _Refusing:
    """A context whose every refusal becomes one and the same."""

    def __init__(self, context: grpc.ServicerContext, refusal: tuple[int, str]) -> None:
        self._context = context
        self._refusal = refusal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def abort_with_status(self, status: object) -> None:
        refuse(self._context, *self._refusal)


class _Admitted:
    """A context in which everybody has the cabinet's token."""

    def __init__(self, context: grpc.ServicerContext, target: Target) -> None:
        self._context = context
        self._target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self._target.token()}"),)


def refuse(context: grpc.ServicerContext, code: int, reason: str) -> None:
    """End a call with a code and a reason."""
    details = any_pb2.Any()
    details.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="kabinet"))
    context.abort_with_status(rpc_status.to_status(status_pb2.Status(code=code, message="no", details=[details])))
