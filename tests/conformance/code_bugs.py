"""Bugs that adapters have around codes to the contact of an account, each alone."""

import time
from collections.abc import Mapping
from typing import Any

import grpc
from google.rpc import code_pb2
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance.target import Target
from tests.conformance.bugs import refuse
from tests.conformance.region_server import ACCOUNT, Bug, Proceed


def sends_no_code_to_unknown_numbers_and_says_so() -> Mapping[str, Bug]:
    """Whoever asks for a code for a number that there is not is told so."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.number and not request.number.startswith("54"):
            refuse(context, code_pb2.NOT_FOUND, "ACCOUNT_NOT_FOUND")
        return proceed(request, context)

    return {"SendOwnershipCode": bug}


def mails_before_it_answers() -> Mapping[str, Bug]:
    """The mail server is spoken to within the call, which happens for known numbers only."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.number == ACCOUNT:
            time.sleep(0.5)
        return proceed(request, context)

    return {"SendOwnershipCode": bug}


def takes_any_code_where_none_was_sent() -> Mapping[str, Bug]:
    """The check is skipped when no code is found."""
    asked: set[tuple[str, str]] = set()

    def send(request: Any, context: Any, proceed: Proceed) -> Any:
        asked.add((request.number, request.claimant))
        return proceed(request, context)

    def verify(request: Any, context: Any, proceed: Proceed) -> Any:
        answer = proceed(request, context)
        answer.verified |= request.proof.kind == "contact_code" and (request.number, request.claimant) not in asked
        return answer

    return {"SendOwnershipCode": send, "VerifyOwnership": verify}


def takes_a_code_twice() -> Mapping[str, Bug]:
    """A right code is remembered as right."""
    right: set[tuple[str, str, str]] = set()

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        tried = (request.number, request.claimant, request.proof.value)
        answer = proceed(request, context)
        answer.verified |= tried in right
        if request.proof.kind == "contact_code" and answer.verified:
            right.add(tried)
        return answer

    return {"VerifyOwnership": bug}


def counts_no_tries(target: Target) -> Mapping[str, Bug]:
    """A wrong code is refused before it is counted."""

    def bug(request: Any, context: Any, proceed: Proceed) -> Any:
        if request.proof.kind == "contact_code" and target.read_code and request.proof.value != target.read_code():
            return billing_pb2.VerifyOwnershipResponse(verified=False)
        return proceed(request, context)

    return {"VerifyOwnership": bug}


def sends_no_codes() -> Mapping[str, Bug]:
    """No bug: a region may take no such proof."""

    def unimplemented(request: Any, context: Any, proceed: Proceed) -> Any:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "not here")

    return {"SendOwnershipCode": unimplemented}
