"""What an operator does from a shell of the service: `python -m services.accounts reconcile --region 54 --day
2026-11-26` has a day's books compared, the others read the books."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from services.accounts.bootstrap_reconciliation import Reconciling, build_reconciling
from services.accounts.config import load
from services.accounts.domain.reconciliation import Reconciliation, Totals
from services.accounts.domain.reconciliation_incident import ReconciliationIncident
from services.accounts.entrypoints.book_operations import add_commands
from services.chassis.errors import DomainError
from services.chassis.events import to_rfc3339
from services.chassis.money import Money

_EQUAL, _DIFFERENT, _NOT_COMPARED = 0, 1, 2


def run(arguments: Sequence[str]) -> int:
    """Carry out one operation; return its status."""
    parser = ArgumentParser(prog="python -m services.accounts", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="operation")
    add_commands(commands)
    reconcile = commands.add_parser("reconcile", help="Compare a day with a region's books: 0 equal, 1 not, 2 ?")
    reconcile.add_argument("--region", required=True, help='code of the region, "54"')
    reconcile.add_argument("--day", required=True, type=date.fromisoformat, help="a day that is over there, 2026-11-26")
    reconcile.add_argument("--show", action="store_true", help="show the last comparison; ask nobody")
    reconcile.set_defaults(run=_reconcile)
    options = parser.parse_args(arguments)
    office = build_reconciling(load())
    try:
        status: int = options.run(office, options)
    finally:
        office.close()
    return status


def _reconcile(office: Reconciling, options: Namespace) -> int:
    """Compare the day, or with `--show` only read how it was compared; print the report as JSON.

    The status is 0 when the books agree, 1 when incidents are open, 2 when the day is not compared.
    """
    region, day = options.region, options.day
    try:
        comparison = office.days.get(region, day) if options.show else office.reconcile_now(region=region, day=day)
    except DomainError as problem:
        _print({"region": region, "day": day.isoformat(), "problem": problem.reason, "detail": problem.message})
        return _NOT_COMPARED
    if comparison is None or comparison.compared_at is None:
        _print({"region": region, "day": day.isoformat(), "problem": "NOT_COMPARED_YET"})
        return _NOT_COMPARED
    _print(_report(comparison, office.incidents.of_day(region, day)))
    return _DIFFERENT if comparison.open_incidents else _EQUAL


def _report(comparison: Reconciliation, incidents: Sequence[ReconciliationIncident]) -> dict[str, Any]:
    return {
        "region": comparison.region,
        "day": comparison.day.isoformat(),
        "state": comparison.state.value,
        "run": comparison.run,
        "compared_at": _moment(comparison.compared_at),
        "ours": _totals(comparison.ours),
        "theirs": _totals(comparison.theirs),
        "open_incidents": comparison.open_incidents,
        "incidents": [_incident(incident) for incident in incidents],
    }


def _incident(incident: ReconciliationIncident) -> dict[str, Any]:
    return {
        "incident_id": incident.incident_id,
        "kind": incident.difference.kind.value,
        "payment_id": incident.difference.payment_id,
        "state": incident.sightings.state.value,
        "ours": _money(incident.difference.ours),
        "theirs": _money(incident.difference.theirs),
        "posting_state": incident.posting_state,
        "opened_at": _moment(incident.sightings.opened_at),
    }


def _totals(totals: Totals | None) -> dict[str, Any] | None:
    return None if totals is None else {"count": totals.count, "amount": totals.amount.as_mapping()}


def _money(amount: Money | None) -> dict[str, Any] | None:
    return None if amount is None else dict(amount.as_mapping())


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else to_rfc3339(moment)


def _print(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))
