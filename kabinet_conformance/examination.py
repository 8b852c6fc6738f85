"""Checking all rules one after another, and what comes of each."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

import grpc
from kabinet.regional.v1 import billing_pb2

from kabinet_conformance import (
    access,
    charges,
    endurance,
    figures,
    ownership,
    ownership_codes,
    pages,
    payments,
    postings,
    promised_payments,
    service_orders,
    tariffs,
)
from kabinet_conformance.region import Exchange, Region
from kabinet_conformance.rules import Rule
from kabinet_conformance.target import Target
from kabinet_conformance.verdicts import Broken, NotApplicable

# Promises come before money is paid in, which could make the account too rich for one.
_AREAS = (
    access,
    ownership,
    ownership_codes,
    figures,
    promised_payments,
    pages,
    payments,
    postings,
    charges,
    endurance,
    tariffs,
    service_orders,
)
RULES: tuple[Rule, ...] = tuple(rule for area in _AREAS for rule in area.BOOK.rules)


class Outcome(StrEnum):
    """What came of a rule."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule, what came of it, why, and the calls that were made for it."""

    rule: Rule
    outcome: Outcome
    because: str = ""
    exchanges: tuple[Exchange, ...] = ()


class NotReachable(Exception):
    """Nobody answers at the endpoint, so there is nothing to examine."""


def examine(target: Target, /, *, only: Collection[str] = ()) -> Iterator[Finding]:
    """Check the rules, or those whose ids begin as one of `only`, and yield each finding as it comes."""
    region = Region(target)
    try:
        _expect_somebody(region)
        for rule in RULES:
            if not only or rule.rule_id.startswith(tuple(only)):
                yield _check(rule, region)
    finally:
        region.close()


def _expect_somebody(region: Region) -> None:
    answer = region.send(billing_pb2.GetAccountRequest(number=region.target.account))
    if answer.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED):
        raise NotReachable(f"{region.target.endpoint} answers {answer.code.name}")


def _check(rule: Rule, region: Region) -> Finding:
    if rule.rule_id.startswith("RO-") and not region.has_ordering():
        why = "the region does not implement RegionalOrderingService"
        return Finding(rule=rule, outcome=Outcome.SKIPPED, because=why)
    region.exchanges.clear()
    try:
        rule.check(region)
    except NotApplicable as missing:
        return Finding(rule=rule, outcome=Outcome.SKIPPED, because=str(missing))
    except Broken as broken:
        return Finding(rule=rule, outcome=Outcome.FAILED, because=str(broken), exchanges=tuple(region.exchanges))
    except Exception as error:  # whatever a region sends, the report goes on
        why = f"the answer cannot be read: {type(error).__name__}: {error}"
        return Finding(rule=rule, outcome=Outcome.FAILED, because=why, exchanges=tuple(region.exchanges))
    return Finding(rule=rule, outcome=Outcome.PASSED)
