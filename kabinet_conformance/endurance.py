"""RB-7x: answers come in time, also when many are asked for at once."""

import statistics

import grpc
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance.region import Region
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.verdicts import expect

BOOK = RuleBook()
_READS = 40
_IN_TIME_S = 1.0


@BOOK.rule(
    "RB-70",
    "Forty readings, eight at a time, all succeed, and nine of ten take less than a second.",
    advice="Serve calls in parallel; a subscriber waits for these figures on every visit.",
)
def in_time(region: Region) -> None:
    answers = region.at_once([billing_pb2.GetAccountRequest(number=region.target.account)] * _READS)
    failed = [str(answer) for answer in answers if answer.code is not grpc.StatusCode.OK]
    expect(not failed, f"readings failed: {failed}")
    slow = statistics.quantiles([answer.took_s for answer in answers], n=10)[-1]
    expect(slow < _IN_TIME_S, f"one of ten readings takes {slow:.2f} s or more")


@BOOK.rule(
    "RB-71",
    "A caller whose deadline passes harms nobody: the next call is answered.",
    advice="Stop work whose caller is gone, and keep no thread for it.",
)
def deadlines(region: Region) -> None:
    for _ in range(_READS):
        region.send(billing_pb2.GetAccountRequest(number=region.target.account), timeout_s=0.001)
    region.account()
