"""Compare the acquirer's registry of a day with our payments, and keep what differs as incidents."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.chassis.clock import Clock
from services.payments.domain.book_comparison import Difference, DifferenceKind, differences, flaw_of
from services.payments.domain.payment import UNKNOWN_AT_MOST, Payment
from services.payments.domain.ports import PaymentRepository
from services.payments.domain.reconciliation import Reconciliation
from services.payments.domain.reconciliation_incident import ReconciliationIncident
from services.payments.domain.reconciliation_ports import (
    AcquirerRegistry,
    IncidentRepository,
    OurBooks,
    RegistryImplausible,
)
from services.payments.domain.registry import Charge, OwnBooks, Period, Registry, captures_of, refunds_of

# A list that differs in more than this is wrong as a whole: a person has to see to that rather than to each payment.
_MOST_DIFFERENCES = 1000
_CLOCKS_DIFFER_BY = timedelta(minutes=10)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonTerms:
    """How long money may be held before it is a difference, and how long before a day with open incidents is compared
    again."""

    held_for: timedelta
    again_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareBooks:
    """Compares a day from beginning to end.

    Killed at any line, the next step does it again: an incident is the same one however often it is found.
    """

    registry: AcquirerRegistry
    books: OurBooks
    payments: PaymentRepository
    incidents: IncidentRepository
    terms: ComparisonTerms
    clock: Clock

    def __call__(self, day: Reconciliation, /) -> None:
        """Raises `RegistryUnavailable`, and `RegistryImplausible` for a list that contradicts itself or everything."""
        period = Period.of(day.day)
        there, here = self._listed(period), self._ours(period)
        found = list(differences(there, here, held_before=self._held_before))
        listed = [difference for difference in found if difference.kind is not DifferenceKind.NOT_POSTED]
        if len(listed) > _MOST_DIFFERENCES:
            raise RegistryImplausible(f"its list differs in {len(listed)} payments")
        for candidate in {difference.subject: difference for difference in reversed(found)}.values():
            self._look_into(candidate, day)
        self._finish(day, there, here)

    @property
    def _held_before(self) -> datetime:
        return self.clock.now() - self.terms.held_for

    def _listed(self, period: Period) -> Registry:
        registry = Registry(charges=list(self.registry.charges(period)), refunds=list(self.registry.refunds(period)))
        flaw = flaw_of(registry, period)
        if flaw is not None:
            raise RegistryImplausible(flaw)
        return registry

    def _ours(self, period: Period) -> OwnBooks:
        return OwnBooks(
            captures=captures_of(self.books.captured(period)),
            refunds=refunds_of(self.books.refunded(period), within=period),
        )

    def _look_into(self, candidate: Difference, day: Reconciliation) -> None:
        """Compare this one payment anew: a list may be a moment old, or have it on another day."""
        payment = self._payment_of(candidate)
        if candidate.is_about_refund:
            there, here = self._refunds_of(candidate, payment)
        else:
            there = Registry(charges=self._charges_of(candidate, payment))
            here = OwnBooks(captures=captures_of([payment] if payment else []))
        for difference in differences(there, here, held_before=self._held_before):
            if difference.subject == candidate.subject:
                self._keep(difference, payment, day)

    def _payment_of(self, candidate: Difference) -> Payment | None:
        known = self.payments.get(candidate.payment_id) if candidate.payment_id else None
        if known is None and candidate.acquirer_payment_id:
            return self.payments.by_acquirer_payment(candidate.acquirer_payment_id)
        return known

    def _charges_of(self, candidate: Difference, payment: Payment | None) -> list[Charge]:
        ids = {*candidate.acquirer_payment_ids, payment.acquirer_payment_id if payment else ""} - {""}
        charges = [self.registry.charge(acquirer_payment_id) for acquirer_payment_id in sorted(ids)]
        if payment and not ids:  # a person recorded that it was taken
            charges.append(self.registry.find_charge(payment.payment_id, started=_when_charged(payment)))
        return [charge for charge in charges if charge is not None]

    def _refunds_of(self, candidate: Difference, payment: Payment | None) -> tuple[Registry, OwnBooks]:
        """What was given back of a charge that is not ours belongs to that charge, and is no difference of its own."""
        if payment is None:
            return Registry(), OwnBooks()
        charge_id = payment.acquirer_payment_id or candidate.acquirer_payment_id
        refunds = self.registry.refunds_of(charge_id) if charge_id else ()
        return Registry(refunds=refunds), OwnBooks(refunds=refunds_of([payment]))

    def _keep(self, difference: Difference, payment: Payment | None, day: Reconciliation) -> None:
        now, state = self.clock.now(), payment.state.value if payment else None
        new = ReconciliationIncident.open(difference, day=day.day, payment_state=state, run=day.run, now=now)
        known = self.incidents.get(new.incident_id)
        if known is not None:
            known.see_again(difference, payment_state=state, run=day.run, now=now)
        incident = known or new
        is_announced = bool(incident.pending_events)
        self.incidents.save(incident)
        if is_announced:
            _log.error(
                "reconciliation_incident_opened",
                alarm=True,
                day=day.day.isoformat(),
                payment_id=difference.payment_id,
                acquirer_payment_id=difference.acquirer_payment_id,
                kind=difference.kind.value,
            )

    def _finish(self, day: Reconciliation, there: Registry, here: OwnBooks) -> None:
        """End the comparison: what it would have found and has not is closed."""
        now = self.clock.now()
        still_open = 0
        for incident in self.incidents.of_day(day.day):
            if incident.is_open and incident.sightings.seen_in_run < day.run:
                incident.close(now=now)
                self.incidents.save(incident)
                _log.info("reconciliation_incident_closed", incident_id=incident.incident_id)
            still_open += incident.is_open
        day.finish(
            ours=here.totals,
            theirs=there.totals,
            open_incidents=still_open,
            again_after=self.terms.again_after,
            now=now,
        )


def _when_charged(payment: Payment) -> Period:
    """The charge was sent then, or repeated with its key for a day."""
    begun = payment.charge_begun_at or payment.created_at
    return Period(begins_at=begun - _CLOCKS_DIFFER_BY, ends_at=begun + UNKNOWN_AT_MOST + _CLOCKS_DIFFER_BY)
