"""The lines to the regions' billing systems: one channel and one gate per region, shared by whatever is asked over
them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import grpc
from kabinet.regional.v1 import billing_pb2, ordering_pb2

from services.accounts.adapters.region_gate import GateRules, RegionGate
from services.accounts.adapters.region_registry import RegionEndpoint
from services.accounts.domain.errors import RegionAnswerInvalid, RegionUnavailable
from services.accounts.domain.posting_terms import PostingTerms
from services.chassis.errors import DomainError
from services.chassis.grpc_client import Remote, RetryRules, UnaryMethod
from services.chassis.grpc_errors import RemoteError
from services.chassis.tokens import ServiceTokens

Request = TypeVar("Request")
Reply = TypeVar("Reply")
Stub = TypeVar("Stub")
Refusals = Mapping[str, Callable[[], DomainError]]


_CONNECT_WITHIN_S = 1.5  # four times there and back over TLS, across the country
_READS = tuple(
    f"{service.full_name}/{method.name}"
    for service in (
        billing_pb2.DESCRIPTOR.services_by_name["RegionalBillingService"],
        ordering_pb2.DESCRIPTOR.services_by_name["RegionalOrderingService"],
    )
    for method in service.methods
    if method.name.startswith(("Get", "List"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRules:
    """What holds for all regions: an endpoint may narrow calls and time-out.

    `retry_budget` is the share of the reads of late that may be repeated.
    """

    gate: GateRules
    timeout_s: float
    retry_budget: float


@dataclass(frozen=True, slots=True)
class _Line:
    remote: Remote
    gate: RegionGate
    timeout_s: float
    terms: PostingTerms


class RegionLines:
    """Every call has a deadline and passes the region's gate.

    A read that meets a lost connection is repeated once, by gRPC and within its deadline, while the region's budget
    lasts: one that refuses everything gets a tenth more calls, not twice as many. Nothing else is repeated: a region
    that is away shall cost a fast refusal, and whatever matters is tried again by whoever keeps it.
    """

    def __init__(self, *, endpoints: Mapping[str, RegionEndpoint], tokens: ServiceTokens, rules: LineRules) -> None:
        self._lines = {region: _line(region, endpoint, tokens, rules) for region, endpoint in endpoints.items()}

    def stubs(self, make: Callable[[grpc.Channel], Stub], /) -> Mapping[str, Stub]:
        """Return a stub of one service for each region."""
        return {region: make(line.remote.channel) for region, line in self._lines.items()}

    def answers(self, region: str, /) -> bool:
        """Say whether the region answered when it was last asked."""
        line = self._lines.get(region)
        return line is not None and line.gate.answers

    def terms(self, region: str, /) -> PostingTerms:
        """Return how the region's billing takes postings."""
        line = self._lines.get(region)
        return line.terms if line else PostingTerms()

    def rooms(self, most: int, /) -> Mapping[str, int]:
        """Return for each region how many calls may be begun by somebody who begins `most` at a time."""
        return {region: line.gate.room(most) for region, line in self._lines.items()}

    def opens_in_s(self) -> float | None:
        """Return how long it takes until the first of the regions that are left alone may be tried."""
        pauses = [pause for line in self._lines.values() if (pause := line.gate.opens_in_s()) is not None]
        return min(pauses, default=None)

    def ask(self, region: str, method: "Callable[[], UnaryMethod[Request, Reply]]", request: Request, /) -> Reply:
        """Make the call through the gate. Raises `RegionNotAsked` from the gate, `RemoteError` from the call, and
        `RegionUnavailable` for a region without an endpoint."""
        line = self._lines.get(region)
        if line is None:  # linked while the region had an endpoint
            raise RegionUnavailable(region=region)
        return line.gate.pass_through(lambda: line.remote.call(method(), request, cap_s=line.timeout_s))

    def close(self) -> None:
        """Close all channels."""
        for line in self._lines.values():
            line.remote.close()


def _line(region: str, endpoint: RegionEndpoint, tokens: ServiceTokens, rules: LineRules) -> _Line:
    remote = Remote(
        name=f"region:{region}",
        address=endpoint.address,
        tokens=tokens,
        idempotent_methods=_READS,
        retry=RetryRules(attempts=2, budget=rules.retry_budget),
        tls=endpoint.tls,
        connect_within_s=_CONNECT_WITHIN_S,
    )
    gate = RegionGate(region, rules=replace(rules.gate, calls=endpoint.calls or rules.gate.calls))
    return _Line(remote, gate, endpoint.timeout_s or rules.timeout_s, endpoint.posting_terms)


def by_reason(refusals: Iterable[type[DomainError]], /) -> Refusals:
    """Return refusals that need nothing to be made, by the word that a region says for them."""
    return {refusal.reason: refusal for refusal in refusals}


def meaning(error: RemoteError, region: str, /, *, refusals: Refusals) -> DomainError:
    """Return what a refusal means here; whatever the contract does not foresee is an answer that is none."""
    refusal = refusals.get(error.reason)
    if refusal is not None:
        return refusal()
    if error.outcome_is_unknown:
        return RegionUnavailable(region=region)
    return RegionAnswerInvalid(region=region, problem=error.reason)
