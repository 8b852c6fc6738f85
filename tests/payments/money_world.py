"""A world in which anything may go wrong between two calls; witnesses hold each decision against the truth."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from services.chassis.clock import to_milliseconds
from services.chassis.money import Money
from services.payments.application.autopay_rules import (
    CheckTerms,
    GetAutopayRule,
    StopAutopayRule,
    UpdateAutopayRule,
)
from services.payments.application.note_notification import NoteNotification
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule
from services.payments.domain.autopay_trigger import Threshold
from services.payments.domain.payment import Payment, Problem, State
from tests.faults.ground_truth import Truth
from tests.payments.builders import ManualClock
from tests.payments.fake_world import AN_OFFER, FakeRegister, Killer, Process, World
from tests.payments.fakes import FakeOccasions, FakePayments
from tests.payments.moody_accounts import MoodyAccounts
from tests.payments.moody_acquirer import MoodyAcquirer

# Money of theirs may have been taken, and the service can know that.
_MAY_BE_TAKEN = {State.CREATED, State.UNKNOWN, State.CAPTURED}
# A key is good for a day, of which an hour is left for clocks.
_NEARLY_A_DAY = timedelta(hours=23)


class OurClock(ManualClock):
    """The clock of our machines: the true one, wrong by some time."""

    def __init__(self, true: ManualClock) -> None:
        super().__init__(true.moment)
        self.true = true
        self.was_reliable = True
        self._wrong_by = timedelta()

    def now(self) -> datetime:
        return to_milliseconds(self.true.moment + self._wrong_by)

    def set_wrong_by(self, wrong_by: timedelta) -> None:
        self._wrong_by = wrong_by
        self.was_reliable = self.was_reliable and not wrong_by

    def leap(self, span: timedelta) -> None:
        """All clocks of the world, ours too, are set."""
        self.true.moment += span
        self.was_reliable = self.was_reliable and span > timedelta()

    def advance(self, **parts: float) -> None:
        self.true.advance(**parts)


class WitnessedPayments(FakePayments):
    """Tells of each payment that is handed to a person."""

    def __init__(self, handed_over: Callable[[Payment], None]) -> None:
        super().__init__()
        self._handed_over = handed_over

    def save(self, payment: Payment, /) -> None:
        was = self.rows.rows.get(payment.payment_id)
        super().save(payment)
        if payment.needs_person is not None and (was is None or was.needs_person is None):
            self._handed_over(payment)


class WitnessedOccasions(FakeOccasions):
    """Tells of each decision."""

    def __init__(self, decided: Callable[[AutopayOccasion], None]) -> None:
        super().__init__()
        self._decided = decided

    def save(self, occasion: AutopayOccasion, /) -> None:
        was = self.rows.rows.get(occasion.decision_id)
        super().save(occasion)
        if occasion.record is not None and was is not None and was.record != occasion.record:
            self._decided(occasion)


class MoneyWorld(World):
    """Everything that outlives a process. `complaints` are what a witness saw go wrong at the moment it did."""

    acquirer: MoodyAcquirer
    accounts: MoodyAccounts

    def __init__(self) -> None:
        self.true = ManualClock()
        self.complaints: list[str] = []
        self.is_overtaken = False
        self.our_clock = OurClock(self.true)
        super().__init__(
            clock=self.our_clock,
            payments=WitnessedPayments(self._is_handed_over),
            occasions=WitnessedOccasions(self._is_decided),
        )

    def __post_init__(self) -> None:
        self.acquirer = MoodyAcquirer(self.true, arrives=self._charge_arrives)
        self.accounts = MoodyAccounts(self.true)
        self.register = FakeRegister(self.true)

    def truth(self, *, payments: list[Payment], acknowledged: set[str], before: dict[str, Any]) -> Truth:
        """Return what each book says about some payments, as the checker of a running suite reads them."""
        names = {payment.payment_id for payment in payments}
        return Truth(
            charges=[entry for entry in self.acquirer.taken if entry.payment_id in names],
            refunds=[entry for entry in self.acquirer.returned if entry.payment_id in names],
            credits=[entry for entry in self.accounts.ledger if entry.payment_id in names],
            payments={payment.payment_id: document_of(payment) for payment in payments},
            postings={},
            acknowledged=frozenset(acknowledged),
            before=before,
        )

    def heal(self) -> None:
        """Nothing goes wrong from now on, and every bank makes up its mind. Lists go on lagging: that is no fault."""
        self.acquirer.moods.clear()
        self.accounts.moods.clear()
        self.our_clock.set_wrong_by(timedelta())
        for name in self.acquirer.undecided(with_page=False):
            self.acquirer.decide(name)

    def _charge_arrives(self, payment_id: str) -> None:
        """What ends while the charge is on its way cannot stop it; a consent, a card or a link that ended before must
        (I4)."""
        payment = self.payments.rows.rows[payment_id]
        if not payment.autopay_rule_id:
            return
        rule = self.rules.rows.rows[payment.autopay_rule_id]
        method = self.methods.rows.rows[payment.payment_method_id]
        paused = rule.paused_until is not None and self.clock.now() < rule.paused_until
        agreed = rule.is_active and rule.rule_version == payment.autopay_rule_version and not paused
        consents = agreed and method.is_usable
        linked = self.accounts.accounts[payment.billing_account_id].linked
        if not (consents and linked) and not self.is_overtaken:
            self.complaints.append(f"I4 {payment.payment_id}: charged without {'a link' if consents else 'consent'}")

    def _is_handed_over(self, payment: Payment) -> None:
        """A person is asked about what nobody could learn for a day, and about nothing else: everybody else's books
        are right here (I12)."""
        since = {
            Problem.OUTCOME_UNKNOWN: payment.charge_begun_at,
            Problem.REFUND_IMPOSSIBLE: payment.reached(State.REFUNDING),
        }.get(payment.needs_person or Problem.AMOUNT_DIFFERS)
        if since is None or self.clock.now() - since < _NEARLY_A_DAY:
            self.complaints.append(f"I12 {payment.payment_id}: handed to a person for {payment.needs_person}")

    def _is_decided(self, occasion: AutopayOccasion) -> None:
        assert occasion.record is not None
        rule = self.rules.rows.rows[occasion.autopay_rule_id]
        if not occasion.record.replays():
            self.complaints.append(f"I4 {occasion.decision_id}: its record leads to another decision")
        if occasion.is_to_charge:
            self._check_balance(occasion, rule)

    def _check_balance(self, occasion: AutopayOccasion, rule: AutopayRule) -> None:
        assert occasion.record is not None
        trigger = occasion.record.grounds.trigger
        if not isinstance(trigger, Threshold):
            return
        balance = self.accounts.accounts[rule.billing_account_id].balance
        coming = self._coming_to(rule.billing_account_id)
        if balance + coming > trigger.minimum_balance:
            self.complaints.append(
                f"I4 {occasion.decision_id}: charged at {balance.amount_minor} with {coming.amount_minor} under way"
            )

    def _coming_to(self, billing_account_id: str) -> Money:
        """Return what the acquirer took for an account and no region has credited or refused yet."""
        taken = {entry.payment_id: entry.amount_minor for entry in self.acquirer.taken}
        kopecks = sum(
            taken.get(row.payment_id, 0)
            for row in self.payments.rows.rows.values()
            if row.billing_account_id == billing_account_id
            and row.state in _MAY_BE_TAKEN
            and row.payment_id not in self.accounts.postings
        )
        return Money(kopecks)


class MoneyProcess(Process):
    """The use cases of one process, those of a subscriber with rules and of the acquirer's hints included."""

    def __init__(self, world: MoneyWorld, killer: Killer) -> None:
        super().__init__(world, killer)
        clock, around = world.clock, killer.around
        rules, accounts = around(world.rules), around(world.accounts)
        check_terms = CheckTerms(methods=around(world.methods), offer=AN_OFFER)
        get_rule = GetAutopayRule(rules=rules)
        self.note_notification = NoteNotification(
            payments=around(world.payments), bindings=around(world.bindings), clock=clock
        )
        self.update_rule = UpdateAutopayRule(
            rules=rules, get_rule=get_rule, accounts=accounts, check_terms=check_terms, clock=clock
        )
        self.stop_rule = StopAutopayRule(get_rule=get_rule, stop_rule=self.drive_occasions.stop_rule)


class Overtaken(Killer):
    """Does not kill: after the n-th call the process hangs while `meanwhile` happens, and then goes on."""

    def __init__(self, *, after: int, meanwhile: Callable[[], None]) -> None:
        super().__init__(after=after)
        self._meanwhile = meanwhile

    def called(self) -> None:
        self.calls += 1
        if self.calls == self.after:
            self._meanwhile()


def document_of(payment: Payment, /) -> dict[str, Any]:
    """Return what the checker reads of a payment's document."""
    return {
        "subscriber_id": payment.subscriber_id,
        "request_id": payment.request_id or None,
        "state": payment.state.value,
        "history": [{"state": step.state.value, "at": step.at} for step in payment.history],
        "amount": payment.amount.as_mapping(),
        "needs_person": payment.needs_person.value if payment.needs_person else None,
        "version": payment.version,
    }
