"""The lines to the regions' billing systems: one channel and one gate per region, shared by whatever is asked over
them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import grpc

from services.accounts.adapters.region_gate import GateRules, RegionGate
from services.accounts.domain.errors import RegionAnswerInvalid, RegionUnavailable
from services.chassis.errors import DomainError
from services.chassis.grpc_client import Remote, UnaryMethod
from services.chassis.grpc_errors import RemoteError
from services.chassis.tokens import ServiceTokens

Request = TypeVar("Request")
Reply = TypeVar("Reply")
Stub = TypeVar("Stub")
Refusals = Mapping[str, Callable[[], DomainError]]


@dataclass(frozen=True, slots=True)
class _Line:
    remote: Remote
    gate: RegionGate


class RegionLines:
    """Every call has a deadline and passes the region's gate.

    gRPC repeats nothing here: a region that is away shall cost a fast refusal, and whatever matters is tried again by
    whoever keeps it.
    """

    def __init__(
        self,
        *,
        endpoints: Mapping[str, str],
        tokens: ServiceTokens,
        rules: GateRules,
        timeout_s: float,
        ca_file: Path | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._lines = {
            region: _Line(
                Remote(name=f"region:{region}", address=address, tokens=tokens, ca_file=ca_file),
                RegionGate(region, rules=rules),
            )
            for region, address in endpoints.items()
        }

    def stubs(self, make: Callable[[grpc.Channel], Stub], /) -> Mapping[str, Stub]:
        """Return a stub of one service for each region."""
        return {region: make(line.remote.channel) for region, line in self._lines.items()}

    def answers(self, region: str, /) -> bool:
        """Say whether the region answered when it was last asked."""
        line = self._lines.get(region)
        return line is not None and line.gate.answers

    def ask(self, region: str, method: "Callable[[], UnaryMethod[Request, Reply]]", request: Request, /) -> Reply:
        """Make the call through the gate. Raises `RegionUnavailable` from the gate, `RemoteError` from the call."""
        line = self._lines.get(region)
        if line is None:  # linked while the region had an endpoint
            raise RegionUnavailable(region=region)
        return line.gate.pass_through(lambda: line.remote.call(method(), request, cap_s=self._timeout_s))

    def close(self) -> None:
        """Close all channels."""
        for line in self._lines.values():
            line.remote.close()


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
