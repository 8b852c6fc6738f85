"""RB-14 to RB-18: codes to the contact of an account, which say nothing about numbers and die of being guessed."""

import statistics

import grpc
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance.region import Answer, Region, new_id
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.verdicts import NotApplicable, expect

BOOK = RuleBook()
_PAIRS = 8
_COARSE_S = 0.03
_LONGEST_S = 600
_TRIES = 5
_LEAST_DIGITS = 7


@BOOK.rule(
    "RB-14",
    "A code is asked for alike for every number: known, unknown, closed; it is good for 10 minutes at most.",
    advice="Write the request down and answer; whether there is a contact is for the program that sends.",
)
def alike(region: Region) -> None:
    known = _ask(region, region.target.account, new_id("claimant"))
    others = [new_id("number"), *([region.target.closed_account] if region.target.closed_account else [])]
    expect(known.code is grpc.StatusCode.OK, f"a code for the account was answered with {known}")
    expect(1 <= known.body.valid_for_s <= _LONGEST_S, f"a code is said to be good for {known.body.valid_for_s} s")
    for number in others:
        answer = _ask(region, number, new_id("claimant"))
        expect(answer.code is known.code, f"a code for another number was answered with {answer}")
        expect(answer.body == known.body, "known and other numbers have different answers")


@BOOK.rule(
    "RB-15",
    "Asking for a code takes the same time for a known and an unknown number.",
    advice="Send after the answer, from a queue; a mail server's time would tell which numbers exist.",
)
def alike_in_time(region: Region) -> None:
    unknown = new_id("number")
    known_s, unknown_s = [], []
    for _ in range(_PAIRS):
        known_s.append(_ask(region, region.target.account, new_id("claimant")).took_s)
        unknown_s.append(_ask(region, unknown, new_id("claimant")).took_s)
    slow, fast = sorted((statistics.median(known_s), statistics.median(unknown_s)), reverse=True)
    told = f"known numbers take {statistics.median(known_s):.3f} s, unknown ones {statistics.median(unknown_s):.3f} s"
    expect(slow - fast <= max(_COARSE_S, slow / 2), told)


@BOOK.rule(
    "RB-16",
    "Nothing is verified without a code that was sent: not before asking, by an empty one, for unknown numbers.",
    advice="An absent code equals nothing; look it up by number and claimant, and compare only when there is one.",
)
def no_code(region: Region) -> None:
    never_asked, asked, unknown = new_id("claimant"), new_id("claimant"), new_id("number")
    _ask(region, region.target.account, asked)
    _ask(region, unknown, asked)
    for number, claimant, code in (
        (region.target.account, never_asked, "0" * _LEAST_DIGITS),
        (region.target.account, asked, ""),
        (unknown, asked, "0" * _LEAST_DIGITS),
    ):
        expect(not _redeems(region, number, claimant, code), "something was verified without a code that was sent")


@BOOK.rule(
    "RB-17",
    "A code of at least 7 digits reaches the contact; it is good once, and only for the claimant who asked for it.",
    advice="Keep codes by number and claimant; mark a code as spent in the transaction that finds it right.",
)
def good_once(region: Region) -> None:
    claimant, code = _sent(region)
    other = new_id("claimant")
    expect(len(code) >= _LEAST_DIGITS, f"the code has {len(code)} characters")
    for _ in range(_TRIES + 1):
        expect(not _redeems(region, region.target.account, other, code), "the code was good for another claimant")
    expect(
        _redeems(region, region.target.account, claimant, code),
        "the code was not good for whoever asked for it, after tries of another claimant",
    )
    expect(not _redeems(region, region.target.account, claimant, code), "the code was good twice")


@BOOK.rule(
    "RB-18",
    "After five wrong tries a code is good no more.",
    advice="Count each try before comparing, in one transaction, so that parallel guesses count too.",
)
def five_tries(region: Region) -> None:
    claimant, code = _sent(region)
    for number in range(_TRIES):
        wrong = f"{(int(code) + 1 + number) % 10 ** len(code):0{len(code)}d}" if code.isdecimal() else f"no-{number}"
        expect(not _redeems(region, region.target.account, claimant, wrong), "a wrong code was verified")
    expect(not _redeems(region, region.target.account, claimant, code), f"the code survived {_TRIES} wrong tries")


def _ask(region: Region, number: str, claimant: str) -> Answer:
    answer = region.send(billing_pb2.SendOwnershipCodeRequest(number=number, claimant=claimant))
    if answer.code is grpc.StatusCode.UNIMPLEMENTED:
        raise NotApplicable("the region sends no codes")
    return answer


def _sent(region: Region) -> tuple[str, str]:
    """Return a claimant, and the code that was sent for them."""
    read_code = region.target.read_code
    if read_code is None:
        raise NotApplicable("needs --code-command")
    claimant = new_id("claimant")
    answer = _ask(region, region.target.account, claimant)
    expect(answer.code is grpc.StatusCode.OK, f"a code for the account was answered with {answer}")
    return claimant, read_code()


def _redeems(region: Region, number: str, claimant: str, code: str) -> bool:
    request = billing_pb2.VerifyOwnershipRequest(number=number, claimant=claimant)
    request.proof.kind, request.proof.value = "contact_code", code
    return bool(region.ask(request).verified)
