"""What must hold in a world of money: after each step, and once everybody is well again and all has come to rest."""

from collections import Counter
from datetime import timedelta
from typing import Any

from services.payments.domain.autopay_decision import Word
from services.payments.domain.payment import FINAL, Payment, State
from services.payments.domain.receipt import ReceiptState
from tests.faults.ground_truth import Document, violations
from tests.payments.fake_world import Killer
from tests.payments.money_world import MoneyProcess, MoneyWorld

_HELD = {State.CAPTURED, State.REFUNDING}
_HELD_AT_MOST = timedelta(seconds=120)
_EVER = timedelta(days=60)
_TURNS_AT_MOST = 3_000
_AT_ONCE = ("I1 ", "I3 ", "I7 ", "I10")  # the others may be broken for a while, until money has arrived


class Watch:
    """Looks at a world after each step; remembers what it saw, since histories only ever grow."""

    def __init__(self, world: MoneyWorld) -> None:
        self._world = world
        self._seen: dict[str, Document] = {}
        self._moves = 0

    def complaints(self) -> list[str]:
        """Return what is wrong already, by the payments that were touched since the last time."""
        told = [*self._world.complaints, *self._world.acquirer.wrongs]
        touched = self._touched()
        if touched:
            before = {row.payment_id: self._seen[row.payment_id] for row in touched if row.payment_id in self._seen}
            truth = self._world.truth(payments=touched, acknowledged=set(), before=before)
            told += [complaint for complaint in violations(truth) if complaint.startswith(_AT_ONCE)]
            self._seen |= truth.payments
        return told

    def _touched(self) -> list[Payment]:
        """After a movement of money in anybody's books, that is all of them."""
        world = self._world
        moves = len(world.acquirer.taken) + len(world.acquirer.returned) + len(world.accounts.ledger)
        rows = list(world.payments.rows.rows.values())
        if moves != self._moves:
            self._moves = moves
            return rows
        return [row for row in rows if self._seen.get(row.payment_id, {}).get("version") != row.version]


def complaints_at_rest(world: MoneyWorld, *, acknowledged: set[str]) -> list[str]:
    """Make everybody well, let time pass until nothing is due any more, and return what is wrong then."""
    world.heal()
    late = _held_for_too_long(world) if world.our_clock.was_reliable else []
    _work(world, at_most=_EVER)
    left = {row.payment_id for row in _rows(world) if row.state not in FINAL and row.needs_person is not None}
    others = [row for row in _rows(world) if row.payment_id not in left]
    told = violations(world.truth(payments=others, acknowledged=acknowledged - left, before={}))
    # Whether it was right to hand a payment to a person, the world's witness has said at that moment.
    told = [complaint for complaint in told if not complaint.startswith("I12")]
    return [*late, *told, *_over_caps(world), *_without_receipt(world, others), *world.complaints]


def _held_for_too_long(world: MoneyWorld) -> list[str]:
    """Captured money finds its place within 120 s of the last fault (I2)."""
    held = [row.payment_id for row in _rows(world) if row.state in _HELD]
    _work(world, at_most=_HELD_AT_MOST)
    rows = [world.payments.rows.rows[name] for name in held]
    late = [row for row in rows if row.state not in FINAL and row.needs_person is None]
    return [f"I2 {row.payment_id}: {row.state.value} for 120 s" for row in late]


def _over_caps(world: MoneyWorld) -> list[str]:
    """At most two automatic charges of an account are made within 24 h without a word of the subscriber's (I4)."""
    taken = {entry.payment_id for entry in world.acquirer.taken}
    confirmed = {row.payment_id for row in world.occasions.rows.rows.values() if row.word is Word.CONFIRM}
    made = [row for row in _rows(world) if row.autopay_rule_id and row.payment_id in taken - confirmed]
    return [
        f"I4 {row.billing_account_id}: {count} automatic charges within 24 h of {row.created_at}"
        for row in made
        if (count := sum(_within_a_day(row, other) for other in made)) > 2
    ]


def _without_receipt(world: MoneyWorld, rows: list[Payment]) -> list[str]:
    """Each move of money has one receipt, registered over the same sum (F16); what did not move has none."""
    told = world.receipts.rows.rows.values()
    registered = Counter(
        (row.payment_id, bool(row.refund_id), row.amount.amount_minor)
        for row in told
        if row.state is ReceiptState.REGISTERED
    )
    moved = Counter((entry.payment_id, False, entry.amount_minor) for entry in world.acquirer.taken)
    moved += Counter((entry.payment_id, True, entry.amount_minor) for entry in world.acquirer.returned)
    names = {row.payment_id for row in rows}
    return [
        f"F16 {move[0]}: moved {moved[move]} times, {registered[move]} receipts"
        for move in moved | registered
        if move[0] in names and moved[move] != registered[move]
    ]


def _within_a_day(first: Payment, other: Payment) -> bool:
    apart = other.created_at - first.created_at
    return first.billing_account_id == other.billing_account_id and timedelta() <= apart < timedelta(hours=24)


def _work(world: MoneyWorld, *, at_most: timedelta) -> None:
    """Have a process work from one due time to the next, until nothing is due or that time is over."""
    end = world.true.moment + at_most
    process = MoneyProcess(world, Killer())
    for _ in range(_TURNS_AT_MOST):
        while process.turn():
            pass
        due = _due_times(world)
        if not due or world.true.moment >= end:
            return
        world.true.moment = min(max(min(due), world.true.moment), end)


def _due_times(world: MoneyWorld) -> list[Any]:
    """Rules are left out: they look at balances for ever."""
    waiting = [
        (rows.leases.get(name), row.due_at)
        for rows in (world.payments.rows, world.occasions.rows, world.receipts.rows)
        for name, row in rows.rows.items()
        if row.due_at is not None and not getattr(row, "needs_person", None)
    ]
    return [max(lease or due_at, due_at) for lease, due_at in waiting]


def _rows(world: MoneyWorld) -> list[Payment]:
    return list(world.payments.rows.rows.values())
