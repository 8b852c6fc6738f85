"""RB-1x: proofs of ownership, from which nobody learns which numbers exist."""

import statistics

import grpc
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance.region import Answer, Region, new_id
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.verdicts import expect

BOOK = RuleBook()
_PAIRS = 15
_COARSE_S = 0.03


@BOOK.rule(
    "RB-10",
    "Number and fact that belong together are verified.",
    advice="Compare with what is printed in the contract or on the bill; leave out spaces around it.",
)
def right_proof(region: Region) -> None:
    answer = _verify(region, region.target.account, region.target.proof_value)
    expect(answer.body is not None and answer.body.verified, "the proof that was given to the kit is not verified")


@BOOK.rule(
    "RB-11",
    "A wrong number and a wrong proof answer alike: verified = false, and no error.",
    advice="Never answer NOT_FOUND here: the caller would learn which numbers exist.",
)
def alike(region: Region) -> None:
    wrong_proof = _verify(region, region.target.account, new_id("proof"))
    wrong_number = _verify(region, new_id("number"), region.target.proof_value)
    closed = [_verify(region, region.target.closed_account, new_id("proof"))] if region.target.closed_account else []
    for answer in (wrong_proof, wrong_number, *closed):
        expect(answer.code is grpc.StatusCode.OK, f"a wrong number or proof was answered with {answer}")
        expect(not answer.body.verified, "a wrong number or proof was verified")
        expect(answer.body == wrong_proof.body, "wrong number and wrong proof have different answers")


@BOOK.rule(
    "RB-12",
    "A wrong number and a wrong proof take the same time.",
    advice="Do the same look-ups in both cases and compare at the end; no early return for an unknown number.",
)
def alike_in_time(region: Region) -> None:
    proofs, numbers = [], []
    for _ in range(_PAIRS):
        proofs.append(_verify(region, region.target.account, new_id("proof")).took_s)
        numbers.append(_verify(region, new_id("number"), region.target.proof_value).took_s)
    slow, fast = sorted((statistics.median(proofs), statistics.median(numbers)), reverse=True)
    told = f"wrong proofs take {statistics.median(proofs):.3f} s, wrong numbers {statistics.median(numbers):.3f} s"
    expect(slow - fast <= max(_COARSE_S, slow / 2), told)


@BOOK.rule(
    "RB-13",
    "An unknown kind of proof and an empty proof are not verified.",
    advice="Verify only the kinds that the contract names; nothing compares equal to an absent fact.",
)
def no_proof(region: Region) -> None:
    for kind, value in (("no_such_kind", region.target.proof_value), (region.target.proof_kind, ""), ("", "")):
        request = billing_pb2.VerifyOwnershipRequest(number=region.target.account)
        request.proof.kind, request.proof.value = kind, value
        answer = region.send(request)
        known = answer.code in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT)
        expect(known, f"kind {kind!r} was answered with {answer}")
        expect(answer.body is None or not answer.body.verified, f"kind {kind!r} with this value was verified")


def _verify(region: Region, number: str, value: str) -> Answer:
    request = billing_pb2.VerifyOwnershipRequest(number=number)
    request.proof.kind, request.proof.value = region.target.proof_kind, value
    return region.send(request)
