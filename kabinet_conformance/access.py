"""RB-0x: nobody but the cabinet gets an answer."""

from datetime import timedelta

import grpc
from joserfc.jwk import OKPKey
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance.region import Region, every_request
from kabinet_conformance.rules import RuleBook
from kabinet_conformance.verdicts import expect

BOOK = RuleBook()
_REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


@BOOK.rule(
    "RB-01",
    "A call without credentials is refused by every method.",
    advice="Check the token before anything else, in one interceptor for the whole server, not method by method.",
)
def no_token(region: Region) -> None:
    for request in every_request():
        if region.leaves_out(request):
            continue
        answer = region.send(request, token="")
        expect(answer.code in _REFUSED, f"{request.DESCRIPTOR.name} without a token was answered with {answer}")


@BOOK.rule(
    "RB-02",
    "A token for another region is refused.",
    advice='Compare the claim "aud" with "region:<your code>"; a token for a neighbour is no credential here.',
)
def other_audience(region: Region) -> None:
    _expect_refused(region, region.target.token(audience="region:00"), "a token for another region")


@BOOK.rule(
    "RB-03",
    "A token of another issuer than the accounts service is refused.",
    advice='Compare the claim "iss" with "accounts", even when the signature is good.',
)
def other_issuer(region: Region) -> None:
    _expect_refused(region, region.target.token(issuer="payments"), "a token of another issuer")


@BOOK.rule(
    "RB-04",
    "An expired token is refused.",
    advice='Compare the claim "exp" with your clock; allow seconds for the difference of clocks, not minutes.',
)
def expired(region: Region) -> None:
    _expect_refused(region, region.target.token(lifetime=timedelta(minutes=-10)), "a token that ended 10 minutes ago")


@BOOK.rule(
    "RB-05",
    "A token signed by an unknown key is refused.",
    advice="Verify the signature (EdDSA, Ed25519) by the cabinet's public keys; never read claims unverified.",
)
def other_key(region: Region) -> None:
    forged = region.target.token(key=OKPKey.generate_key("Ed25519"))
    _expect_refused(region, forged, "a token signed by an unknown key")


@BOOK.rule(
    "RB-06",
    "What is no token at all is refused, not an error of the server.",
    advice="Treat whatever cannot be decoded as missing credentials.",
)
def no_jwt(region: Region) -> None:
    _expect_refused(region, "not.a.token", "a text that is no token")


def _expect_refused(region: Region, token: str, what: str) -> None:
    answer = region.send(billing_pb2.GetAccountRequest(number=region.target.account), token=token)
    expect(answer.code in _REFUSED, f"{what} was answered with {answer}; UNAUTHENTICATED is right")
