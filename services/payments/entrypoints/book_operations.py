"""What an operator reads of the books from a shell of the service, as JSON lines: ids, sums in kopecks, states."""

import argparse
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from services.chassis.command_lines import add_period, period_of, print_lines
from services.chassis.errors import DomainError
from services.chassis.events import to_rfc3339
from services.chassis.money import Money
from services.payments.bootstrap_parts import Parts
from services.payments.bootstrap_reconciliation import build_bookkeeping
from services.payments.domain.payment import FINAL, Payment
from services.payments.domain.reconciliation import Reconciliation
from services.payments.domain.reconciliation_incident import ReconciliationIncident
from services.payments.domain.reconciliation_ports import RegistryUnavailable
from services.payments.domain.refund import total
from services.payments.domain.registry import Charge, Period, Totals

_EQUAL, _DIFFERENT, _NOT_READ = 0, 1, 2
# I2: a payment is in all books by then, unless something is wrong with one of them.
_SETTLES_WITHIN = timedelta(seconds=120)

Line = dict[str, Any]


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", /) -> None:
    """Add the commands; each sets `run`, which takes the parts and the options and returns the status."""
    books = commands.add_parser("books", help="Print what our books hold of the payments captured in a period.")
    registry = commands.add_parser("registry", help="Print what the acquirer's registry holds of them.")
    for command, run in ((books, _books), (registry, _registry)):
        add_period(command)
        command.set_defaults(run=run)
    incidents = commands.add_parser("incidents", help="Print the open incidents of the comparison with the acquirer.")
    incidents.set_defaults(run=_incidents)
    reconcile = commands.add_parser("reconcile", help="Compare a day with the acquirer's registry: 0 equal, 1 not, 2 ?")
    reconcile.add_argument("--day", required=True, type=date.fromisoformat, help="a day that is over in Moscow")
    reconcile.add_argument("--show", action="store_true", help="show the last comparison; ask nobody")
    reconcile.set_defaults(run=_reconcile)


def _books(parts: Parts, options: argparse.Namespace) -> int:
    """What is undecided, since the acquirer may have taken it, and then what is captured: so one that moves meanwhile
    is printed twice rather than not at all, the second time as it is."""
    office = build_bookkeeping(parts)
    now = office.clock.now()
    period = _period(options, now=now)
    print_lines(_booked(payment, now=now) for payment in office.books.undecided(period))
    print_lines(_booked(payment, now=now) for payment in office.books.captured(period))
    return _EQUAL


def _registry(parts: Parts, options: argparse.Namespace) -> int:
    office = build_bookkeeping(parts)
    try:
        period = _period(options, now=office.clock.now())
        print_lines(_charge(charge) for charge in office.registry.charges(period))
    except RegistryUnavailable as error:
        print_lines([{"problem": error.problem}])
        return _NOT_READ
    return _EQUAL


def _incidents(parts: Parts, _options: argparse.Namespace) -> int:
    print_lines(_incident(incident) for incident in build_bookkeeping(parts).incidents.all_open())
    return _EQUAL


def _reconcile(parts: Parts, options: argparse.Namespace) -> int:
    office, day = build_bookkeeping(parts), options.day
    try:
        comparison = office.days.get(day) if options.show else office.reconcile_now(day)
    except RegistryUnavailable as error:
        return _not_compared(day, "REGISTRY_UNAVAILABLE", error.problem)
    except DomainError as error:
        return _not_compared(day, error.reason, error.message)
    if comparison is None or comparison.compared_at is None:
        problem = comparison.last_problem if comparison else None
        return _not_compared(day, "NOT_COMPARED_YET", problem)
    print_lines([_report(comparison, office.incidents.of_day(day))])
    return _DIFFERENT if comparison.open_incidents else _EQUAL


def _not_compared(day: date, problem: str, detail: str | None) -> int:
    print_lines([{"day": day.isoformat(), "problem": problem, "detail": detail}])
    return _NOT_READ


def _booked(payment: Payment, *, now: datetime) -> Line:
    captured, credited = payment.captured_at is not None, payment.posted_at is not None
    currency = payment.amount.currency
    reversals = [refund for refund in payment.refunds if refund.reversed_at is not None]
    disputed = sum((dispute.amount for dispute in payment.chargebacks), start=Money.zero(currency))
    return {
        "payment_id": payment.payment_id,
        "state": payment.state.value,
        "captured_minor": payment.amount.amount_minor if captured else 0,
        "refunded_minor": payment.refunded.amount_minor,
        "credited_minor": payment.amount.amount_minor if credited else 0,
        "reversed_minor": total(reversals, currency=currency).amount_minor,
        "disputed_minor": disputed.amount_minor,
        "is_settled": payment.state in FINAL and now - payment.history[-1].at >= _SETTLES_WITHIN,
        "problem": payment.needs_person.value if payment.needs_person else None,
    }


def _charge(charge: Charge) -> Line:
    return {
        "payment_id": charge.payment_id,
        "acquirer_payment_id": charge.acquirer_payment_id,
        "captured_minor": charge.amount.amount_minor,
        "refunded_minor": charge.refunded.amount_minor,
        "captured_at": to_rfc3339(charge.captured_at),
    }


def _report(comparison: Reconciliation, incidents: Sequence[ReconciliationIncident]) -> Line:
    return {
        "day": comparison.day.isoformat(),
        "state": comparison.state.value,
        "run": comparison.run,
        "compared_at": to_rfc3339(comparison.compared_at) if comparison.compared_at else None,
        "ours": _totals(comparison.ours),
        "theirs": _totals(comparison.theirs),
        "open_incidents": comparison.open_incidents,
        "incidents": [_incident(incident) for incident in incidents],
    }


def _totals(totals: Totals | None) -> Line | None:
    if totals is None:
        return None
    return {
        "charges": totals.charges,
        "charged_minor": totals.charged.amount_minor,
        "refunds": totals.refunds,
        "refunded_minor": totals.refunded.amount_minor,
    }


def _incident(incident: ReconciliationIncident) -> Line:
    difference = incident.difference
    return {
        "incident_id": incident.incident_id,
        "kind": difference.kind.value,
        "state": incident.sightings.state.value,
        "payment_id": difference.payment_id,
        "acquirer_payment_id": difference.acquirer_payment_id,
        "payment_state": incident.payment_state,
        "ours_minor": difference.ours.amount_minor if difference.ours else None,
        "theirs_minor": difference.theirs.amount_minor if difference.theirs else None,
        "opened_at": to_rfc3339(incident.sightings.opened_at),
    }


def _period(options: argparse.Namespace, *, now: datetime) -> Period:
    begins_at, ends_at = period_of(options, now=now)
    return Period(begins_at=begins_at, ends_at=ends_at)
