"""The invariants of money, as a judgement over books that were read elsewhere; it touches no server and no clock.

The table of legal moves is written down here a second time on purpose: a checker that asked the service's own table
would agree with its mistakes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Document = Mapping[str, Any]

FINAL = frozenset({"posted", "declined", "refunded"})
_FIRST = {"created", "requested"}
_PAYMENT_MOVES = {
    ("created", "awaiting_confirmation"),
    ("created", "unknown"),
    ("created", "captured"),
    ("created", "declined"),
    ("awaiting_confirmation", "unknown"),
    ("awaiting_confirmation", "captured"),
    ("awaiting_confirmation", "declined"),
    ("unknown", "awaiting_confirmation"),
    ("unknown", "captured"),
    ("unknown", "declined"),
    ("captured", "posted"),
    ("captured", "refunding"),
    ("refunding", "refunded"),
}
_POSTING_MOVES = {("requested", "posted"), ("requested", "refused")}


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved for a payment of ours, by somebody else's books."""

    payment_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What each book says at one moment. `before` is what MongoDB said at an earlier one."""

    charges: Sequence[Movement]
    refunds: Sequence[Movement]
    credits: Sequence[Movement]
    payments: Mapping[str, Document]
    postings: Mapping[str, Document]
    acknowledged: frozenset[str]
    before: Mapping[str, Document] = field(default_factory=dict)

    def about(self, payment_ids: frozenset[str], /) -> "Truth":
        """Return the part that concerns some payments, for a test among others on one suite."""
        return Truth(
            charges=[entry for entry in self.charges if entry.payment_id in payment_ids],
            refunds=[entry for entry in self.refunds if entry.payment_id in payment_ids],
            credits=[entry for entry in self.credits if entry.payment_id in payment_ids],
            payments={name: payment for name, payment in self.payments.items() if name in payment_ids},
            postings={name: posting for name, posting in self.postings.items() if name in payment_ids},
            acknowledged=self.acknowledged & payment_ids,
            before={name: payment for name, payment in self.before.items() if name in payment_ids},
        )


def violations(truth: Truth, /) -> list[str]:
    """Return each broken invariant with the payment that breaks it; nothing when the books balance."""
    checks = (
        _posted_without_capture,
        _kopecks_left_behind,
        _taken_twice,
        _lost_or_unfinished,
        _illegal_history,
        _history_rewritten,
        _not_whole_kopecks,
        _states_that_the_books_deny,
        _handed_to_a_person,
    )
    return [complaint for check in checks for complaint in check(truth)]


def _posted_without_capture(truth: Truth) -> Iterator[str]:
    taken = _totals(truth.charges)
    for credit in truth.credits:
        if taken[credit.payment_id] != credit.amount_minor:
            yield (
                f"I1 {credit.payment_id}: credited {credit.amount_minor} in the region, "
                f"charged {taken[credit.payment_id]}"
            )


def _kopecks_left_behind(truth: Truth) -> Iterator[str]:
    taken, returned, credited = _totals(truth.charges), _totals(truth.refunds), _totals(truth.credits)
    for payment_id in sorted(taken.keys() | returned.keys() | credited.keys()):
        if taken[payment_id] - returned[payment_id] != credited[payment_id]:
            yield (
                f"I2 {payment_id}: charged {taken[payment_id]} - refunded {returned[payment_id]} "
                f"!= credited {credited[payment_id]}"
            )
    difference = taken.total() - returned.total() - credited.total()
    if difference:
        yield f"I2 in total: {difference} kopecks left behind"


def _taken_twice(truth: Truth) -> Iterator[str]:
    for book, entries in (("charged", truth.charges), ("refunded", truth.refunds), ("credited", truth.credits)):
        for payment_id, times in Counter(entry.payment_id for entry in entries).items():
            if times > 1:
                yield f"I3 {payment_id}: {book} {times} times"
    by_request: dict[tuple[str, str], list[str]] = {}
    for payment_id, payment in truth.payments.items():
        if payment["request_id"]:
            by_request.setdefault((payment["subscriber_id"], payment["request_id"]), []).append(payment_id)
    for payment_ids in by_request.values():
        if len(payment_ids) > 1:
            yield f"I3 {', '.join(sorted(payment_ids))}: payments of one idempotency key"


def _lost_or_unfinished(truth: Truth) -> Iterator[str]:
    for payment_id in sorted(truth.acknowledged - truth.payments.keys()):
        yield f"I6 {payment_id}: acknowledged to its client and gone"
    for payment_id, payment in truth.payments.items():
        if payment["state"] not in FINAL:
            yield f"I6 {payment_id}: still {payment['state']}"
    for payment_id in sorted({entry.payment_id for entry in truth.charges} - truth.payments.keys()):
        yield f"I6 {payment_id}: charged and unknown to us"


def _illegal_history(truth: Truth) -> Iterator[str]:
    for documents, moves in ((truth.payments, _PAYMENT_MOVES), (truth.postings, _POSTING_MOVES)):
        for payment_id, document in documents.items():
            states = [step["state"] for step in document["history"]]
            wrong = [move for move in pairwise(states) if move not in moves]
            if wrong or not states or states[0] not in _FIRST:
                yield f"I7 {payment_id}: illegal history {' -> '.join(states)}"
            elif states[-1] != document["state"]:
                yield f"I7 {payment_id}: state {document['state']}, history ends in {states[-1]}"
            if document["version"] < len(states):
                yield f"I7 {payment_id}: version {document['version']} after {len(states)} steps"


def _history_rewritten(truth: Truth) -> Iterator[str]:
    for payment_id, was in truth.before.items():
        now = truth.payments.get(payment_id)
        if now is None:
            yield f"I7 {payment_id}: vanished"
        elif now["version"] < was["version"] or list(now["history"][: len(was["history"])]) != list(was["history"]):
            yield f"I7 {payment_id}: history was rewritten"


def _not_whole_kopecks(truth: Truth) -> Iterator[str]:
    for documents in (truth.payments, truth.postings):
        for payment_id, document in documents.items():
            kind = type(document["amount"]["amount_minor"])
            if not issubclass(kind, int) or kind is bool:
                yield f"I10 {payment_id}: amount is a {kind.__name__}"


def _states_that_the_books_deny(truth: Truth) -> Iterator[str]:
    taken, returned, credited = _totals(truth.charges), _totals(truth.refunds), _totals(truth.credits)
    for payment_id, payment in truth.payments.items():
        amount = payment["amount"]["amount_minor"]
        expected = {"posted": (amount, 0, amount), "refunded": (amount, amount, 0), "declined": (0, 0, 0)}
        books = (taken[payment_id], returned[payment_id], credited[payment_id])
        if books != expected.get(payment["state"], books):
            yield f"I2 {payment_id}: {payment['state']}, but the books say charged, refunded, credited = {books}"


def _handed_to_a_person(truth: Truth) -> Iterator[str]:
    for payment_id, payment in truth.payments.items():
        if payment["needs_person"]:
            yield f"I12 {payment_id}: needs a person for {payment['needs_person']}"


def _totals(entries: Sequence[Movement]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for entry in entries:
        totals[entry.payment_id] += entry.amount_minor
    return totals
