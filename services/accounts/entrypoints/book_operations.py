"""What an operator reads of the books from a shell of the service, as JSON lines: ids, sums in kopecks, states."""

import argparse
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from services.accounts.bootstrap_reconciliation import Reconciling
from services.accounts.domain.errors import RegionAnswerInvalid, RegionUnavailable
from services.accounts.domain.posting import Posting
from services.accounts.domain.reconciliation import BookedPayment, Period
from services.accounts.domain.reconciliation_incident import ReconciliationIncident
from services.chassis.command_lines import add_period, period_of, print_lines
from services.chassis.events import to_rfc3339

_READ, _NOT_ALL_READ = 0, 2

Line = dict[str, Any]


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", /) -> None:
    """Add the commands; each sets `run`, which takes the office and the options and returns the status."""
    books = commands.add_parser("books", help="Print our postings of the payments captured in a period.")
    ledgers = commands.add_parser("ledgers", help="Print what the regions' ledgers hold of them: 0 all read, 2 not all")
    for command, run in ((books, _books), (ledgers, _ledgers)):
        add_period(command)
        command.set_defaults(run=run)
    incidents = commands.add_parser("incidents", help="Print the open incidents of the comparisons with the regions.")
    incidents.set_defaults(run=_incidents)


def _books(office: Reconciling, options: argparse.Namespace) -> int:
    for region in office.regions.all():
        print_lines(
            _booked(posting)
            for posting in office.books.captured(region.code, _period(options, now=office.stores.clock.now()))
        )
    return _READ


def _ledgers(office: Reconciling, options: argparse.Namespace) -> int:
    """A region's lines are followed by one that says that it was read to the end, or why not."""
    period, status = _period(options, now=office.stores.clock.now()), _READ
    for region in office.regions.all():
        if not region.connected:
            continue
        try:
            print_lines(_ledger(office, region.code, period))
        except RegionUnavailable as problem:
            print_lines([{"region": region.code, "is_read": False, "problem": _problem(problem)}])
            status = _NOT_ALL_READ
    return status


def _incidents(office: Reconciling, _options: argparse.Namespace) -> int:
    print_lines(_incident(incident) for incident in office.incidents.all_open())
    return _READ


def _ledger(office: Reconciling, region: str, period: Period) -> Iterator[Line]:
    for payment in office.read_ledger(region, period):
        yield _credited(payment, region=region)
    yield {"region": region, "is_read": True, "problem": None}


def _booked(posting: Posting) -> Line:
    return {
        "payment_id": posting.payment_id,
        "region": posting.key.region,
        "amount_minor": posting.amount.amount_minor,
        "state": posting.state.value,
        "posted_at": to_rfc3339(posting.posted_at) if posting.posted_at else None,
        "problem": posting.last_problem,
    }


def _credited(payment: BookedPayment, *, region: str) -> Line:
    return {
        "payment_id": payment.payment_id,
        "region": region,
        "amount_minor": payment.amount.amount_minor,
        "posted_at": to_rfc3339(payment.posted_at),
    }


def _incident(incident: ReconciliationIncident) -> Line:
    difference = incident.difference
    return {
        "incident_id": incident.incident_id,
        "kind": difference.kind.value,
        "state": incident.sightings.state.value,
        "payment_id": difference.payment_id,
        "region": incident.region,
        "posting_state": incident.posting_state,
        "ours_minor": difference.ours.amount_minor if difference.ours else None,
        "theirs_minor": difference.theirs.amount_minor if difference.theirs else None,
        "opened_at": to_rfc3339(incident.sightings.opened_at),
    }


def _problem(problem: RegionUnavailable) -> str:
    return problem.problem if isinstance(problem, RegionAnswerInvalid) else problem.reason


def _period(options: argparse.Namespace, *, now: datetime) -> Period:
    begins_at, ends_at = period_of(options, now=now)
    return Period(begins_at=begins_at, ends_at=ends_at)
