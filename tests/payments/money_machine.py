"""Payments as a state machine for hypothesis: what subscribers, the world and our processes may do, in any order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from services.chassis.errors import DomainError
from services.payments.application.create_payment import PaymentRequest
from services.payments.domain.autopay_amount import FixedSum
from services.payments.domain.autopay_rule import AutopayRule, Terms
from services.payments.domain.autopay_trigger import DayOfMonth, FirstOfMonth, Threshold, Trigger
from services.payments.domain.events import PaymentCaptured
from services.payments.domain.payment import IllegalMove, PaymentKind
from services.payments.domain.request import RequestIdReused
from tests.payments import moody_accounts, moody_acquirer
from tests.payments.builders import make_method, make_request, rub
from tests.payments.fake_world import Killed, Killer
from tests.payments.money_world import MoneyProcess, MoneyWorld, Overtaken

Row = TypeVar("Row")
_ME = "sub_me"

# After how many calls to the world the process dies; every other one never does.
_calls = st.just(0) | st.integers(1, 14)
_which = st.integers(0, 7)
_accounts = st.integers(0, 2)
_triggers: st.SearchStrategy[Trigger] = st.sampled_from(
    [Threshold(rub(100)), Threshold(rub(500)), FirstOfMonth(), DayOfMonth(23), DayOfMonth(31)]
)
_spans = st.sampled_from(
    [
        *(timedelta(seconds=seconds) for seconds in (5, 10, 20, 30, 60)),
        *(timedelta(minutes=10), timedelta(hours=1), timedelta(hours=25)),
        *(timedelta(days=40), timedelta(days=-1)),
    ]
)


class MoneyMachine(RuleBasedStateMachine):
    """One subscriber, their accounts, cards and rules, and everybody who can fail them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = MoneyWorld()
        self.requests: list[PaymentRequest] = []
        self.acknowledged: set[str] = set()
        self.world.methods.save(make_method(payment_method_id="pm_0", subscriber_id=_ME))

    @initialize(trigger=_triggers)
    def has_a_rule(self, trigger: Trigger) -> None:
        self.set_a_rule(card=0, account=0, trigger=trigger, dies=0)

    # What subscribers do

    @rule(save=st.booleans(), account=_accounts, dies=_calls)
    def pay_by_a_new_card(self, save: bool, account: int, dies: int) -> None:
        self._pay(account, dies, kind=PaymentKind.NEW_CARD, save_payment_method=save)

    @rule(card=_which, account=_accounts, dies=_calls)
    def pay_by_a_saved_card(self, card: int, account: int, dies: int) -> None:
        self._pay(account, dies, kind=PaymentKind.SAVED_CARD, payment_method_id=self._method_id(card))

    @rule(kind=st.sampled_from([PaymentKind.WEBMONEY, PaymentKind.SBP]), account=_accounts, dies=_calls)
    def pay_by_something_else(self, kind: PaymentKind, account: int, dies: int) -> None:
        self._pay(account, dies, kind=kind)

    @precondition(lambda self: self.requests)
    @rule(which=_which, dies=_calls)
    def pay_again_with_the_same_key(self, which: int, dies: int) -> None:
        self._send(_pick(self.requests, which), dies)

    @precondition(lambda self: self.requests)
    @rule(which=_which)
    def pay_something_else_with_the_same_key(self, which: int) -> None:
        first = _pick(self.requests, which)
        if self.world.payments.by_request(subscriber_id=_ME, request_id=first.request_id) is not None:
            with pytest.raises(RequestIdReused):
                MoneyProcess(self.world, Killer()).create_payment(replace(first, amount=first.amount + rub(1)))

    @rule(which=_which, declines=st.booleans())
    def payer_decides_on_the_page(self, which: int, declines: bool) -> None:
        acquirer = self.world.acquirer
        shown = [row.acquirer_payment_id for row in self.world.payments.rows.rows.values() if row.confirmation_url]
        waiting = [name for name in acquirer.undecided(with_page=True) if name in shown]
        if waiting:
            acquirer.decide(_pick(waiting, which), decline_reason="insufficient_funds" if declines else "")

    @rule(card=_which, account=_accounts, trigger=_triggers, dies=_calls)
    def set_a_rule(self, card: int, account: int, trigger: Trigger, dies: int) -> None:
        request_id, terms = f"rule-{len(self.world.rules.rows.rows)}", self._terms(card, trigger)
        account_id = self._account_id(account)
        self._do(
            lambda process: process.create_rule(
                request_id=request_id, subscriber_id=_ME, billing_account_id=account_id, terms=terms
            ),
            dies,
        )

    @precondition(lambda self: self.world.rules.rows.rows)
    @rule(which=_which, card=_which, trigger=_triggers, dies=_calls)
    def change_a_rule(self, which: int, card: int, trigger: Trigger, dies: int) -> None:
        rule_id, terms = self._rule(which).autopay_rule_id, self._terms(card, trigger)
        self._do(lambda process: process.update_rule(subscriber_id=_ME, autopay_rule_id=rule_id, terms=terms), dies)

    @precondition(lambda self: self.world.rules.rows.rows)
    @rule(which=_which, dies=_calls)
    def stop_a_rule(self, which: int, dies: int) -> None:
        rule_id = self._rule(which).autopay_rule_id
        self._do(lambda process: process.stop_rule(subscriber_id=_ME, autopay_rule_id=rule_id), dies)

    @precondition(lambda self: self.world.rules.rows.rows)
    @rule(which=_which, resumes=st.booleans(), dies=_calls)
    def pause_or_resume_a_rule(self, which: int, resumes: bool, dies: int) -> None:
        rule_id, until = self._rule(which).autopay_rule_id, self.world.clock.now() + timedelta(hours=1)
        if resumes:
            self._do(lambda process: process.pause_rule.resume(subscriber_id=_ME, autopay_rule_id=rule_id), dies)
        else:
            self._do(lambda process: process.pause_rule(subscriber_id=_ME, autopay_rule_id=rule_id, until=until), dies)

    @precondition(lambda self: self._held())
    @rule(which=_which, charge=st.booleans(), dies=_calls)
    def answer_a_held_charge(self, which: int, charge: bool, dies: int) -> None:
        name = _pick(self._held(), which)
        self._do(lambda process: process.answer_held(subscriber_id=_ME, decision_id=name, charge=charge), dies)

    @rule(card=_which, dies=_calls)
    def remove_a_card(self, card: int, dies: int) -> None:
        method_id = self._method_id(card)
        self._do(lambda process: process.remove_method(subscriber_id=_ME, payment_method_id=method_id), dies)

    @rule()
    def save_a_card(self) -> None:
        name = f"pm_{len(self.world.methods.rows.rows)}"
        self.world.methods.save(make_method(payment_method_id=name, subscriber_id=_ME))

    @rule(account=_accounts, fate=st.sampled_from(["linked anew", "unlinked", "closed"]))
    def account_is(self, account: int, fate: str) -> None:
        accounts = self.world.accounts.accounts
        accounts[self._account_id(account)].linked = fate != "unlinked"
        accounts[self._account_id(account)].closed = fate == "closed"

    # What the world does

    @rule(moods=st.lists(st.sampled_from(moody_acquirer.MOODS), min_size=1, max_size=2))
    def acquirer_gets_moods(self, moods: list[str]) -> None:
        self.world.acquirer.moods = moods

    @rule(minutes=st.sampled_from([0, 2, 90]))
    def acquirers_lists_lag(self, minutes: int) -> None:
        self.world.acquirer.lag = timedelta(minutes=minutes)

    @rule(which=_which, declines=st.booleans())
    def bank_decides(self, which: int, declines: bool) -> None:
        waiting = self.world.acquirer.undecided(with_page=False)
        if waiting:
            reason = "issuer_unavailable" if declines else ""
            self.world.acquirer.decide(_pick(waiting, which), decline_reason=reason)

    @rule(moods=st.lists(st.sampled_from(moody_accounts.MOODS), min_size=1, max_size=2))
    def accounts_gets_moods(self, moods: list[str]) -> None:
        self.world.accounts.moods = moods

    @rule(account=_accounts, roubles=st.sampled_from([-50, 90, 100, 101, 400, 900]))
    def balance_changes(self, account: int, roubles: int) -> None:
        self.world.accounts.accounts[self._account_id(account)].balance = rub(roubles)

    @rule(span=_spans)
    def time_passes(self, span: timedelta) -> None:
        self.world.our_clock.leap(span)

    @rule()
    def a_date_comes(self) -> None:
        """The next one that a rule waits for, unless it is a season away."""
        dates = [row.next_charge_at for row in self.world.rules.rows.all() if row.next_charge_at]
        ahead = min(dates, default=self.world.clock.now()) - self.world.clock.now()
        self.world.true.moment += max(ahead, timedelta())

    @rule(minutes=st.sampled_from([0, -5, 5]))
    def our_clock_goes_wrong(self, minutes: int) -> None:
        """By less than what is left for clocks where a key's day and a list's window are reckoned."""
        self.world.our_clock.set_wrong_by(timedelta(minutes=minutes))

    # What our processes do

    @rule()
    def dispatcher_works(self) -> None:
        while MoneyProcess(self.world, Killer()).turn():
            pass

    @rule(dies=_calls)
    def dispatcher_dies_at_work(self, dies: int) -> None:
        self._do(lambda process: process.turn(), dies)

    @rule(calls=_calls, hangs=st.sampled_from([timedelta(seconds=10), timedelta(minutes=5)]))
    def dispatcher_hangs_and_goes_on(self, calls: int, hangs: timedelta) -> None:
        """A zombie: what it had claimed is claimed and worked on by another while it hangs."""

        def meanwhile() -> None:
            self.world.true.moment += hangs
            self.world.is_overtaken = True
            MoneyProcess(self.world, Killer()).turn()

        MoneyProcess(self.world, Overtaken(after=calls, meanwhile=meanwhile)).turn()
        self.world.is_overtaken = False

    @rule(which=_which, dies=_calls)
    def acquirer_notifies(self, which: int, dies: int) -> None:
        """Early, late, repeated, or about nobody's payment."""
        name = f"acquirer-{which}"
        self._do(lambda process: process.note_notification(acquirer_payment_id=name), dies)

    @precondition(lambda self: self.world.payments.published)
    @rule(which=_which)
    def accounts_hears_of_a_capture(self, which: int) -> None:
        event = _pick(self.world.payments.published, which)
        if isinstance(event, PaymentCaptured):
            self.world.accounts.hear(event)

    @precondition(lambda self: self.world.accounts.postings)
    @rule(which=_which, dies=_calls)
    def we_hear_of_a_posting(self, which: int, dies: int) -> None:
        payment_id, (amount, posting) = _pick(list(self.world.accounts.postings.items()), which)
        self._do(lambda process: process.record_crediting(payment_id=payment_id, amount=amount, posting=posting), dies)

    @rule(account=_accounts, dies=_calls)
    def balance_falls_and_we_hear_of_it(self, account: int, dies: int) -> None:
        self.balance_changes(account=account, roubles=90)
        self.we_hear_of_a_balance(account=account, old=False, dies=dies)

    @rule(account=_accounts)
    def balance_falls_again_and_again(self, account: int) -> None:
        """Often enough within a day for a threshold to be asked about."""
        for _ in range(3):
            self.balance_falls_and_we_hear_of_it(account=account, dies=0)
            self.dispatcher_works()
            self.time_passes(span=timedelta(minutes=10))
            self.we_hear_of_a_balance(account=account, old=False, dies=0)

    @rule(account=_accounts, old=st.booleans(), dies=_calls)
    def we_hear_of_a_balance(self, account: int, old: bool, dies: int) -> None:
        account_id = self._account_id(account)
        balance = rub(50) if old else self.world.accounts.accounts[account_id].balance
        as_of = self.world.true.now() - timedelta(hours=1 if old else 0)
        self._do(
            lambda process: process.observe_balance(billing_account_id=account_id, balance=balance, as_of=as_of), dies
        )

    @rule(dies=_calls)
    def we_hear_of_unlinked_accounts(self, dies: int) -> None:
        def hear(process: MoneyProcess) -> None:
            for name, account in self.world.accounts.accounts.items():
                if not account.linked:
                    process.end_autopay_of_account(billing_account_id=name)

        self._do(hear, dies)

    # How they go about it

    def _do(self, act: Callable[[MoneyProcess], object], dies: int) -> bool:
        """Have a new process do something; True when it did it, False when it was killed or refused to."""
        try:
            act(MoneyProcess(self.world, Killer(after=dies)))
        except Killed:
            return False
        except IllegalMove:
            raise
        except DomainError:
            return False
        return True

    def _pay(self, account: int, dies: int, **fields: Any) -> None:
        number = len(self.requests)
        request = make_request(
            request_id=f"request-{number}",
            subscriber_id=_ME,
            billing_account_id=self._account_id(account),
            amount=rub(100 + number),
            **fields,
        )
        self.requests.append(request)
        self._send(request, dies)

    def _send(self, request: PaymentRequest, dies: int) -> None:
        def create(process: MoneyProcess) -> None:
            self.acknowledged.add(process.create_payment(request).payment_id)

        self._do(create, dies)

    def _rule(self, which: int) -> AutopayRule:
        return _pick(list(self.world.rules.rows.rows.values()), which)

    def _held(self) -> list[str]:
        return [name for name, row in self.world.occasions.rows.rows.items() if row.asks_subscriber]

    def _terms(self, card: int, trigger: Trigger) -> Terms:
        return Terms(payment_method_id=self._method_id(card), trigger=trigger, amount=FixedSum(rub(500)))

    def _method_id(self, which: int) -> str:
        return _pick(list(self.world.methods.rows.rows), which)

    def _account_id(self, which: int) -> str:
        return _pick(list(self.world.accounts.accounts), which)


def _pick(rows: Sequence[Row], which: int) -> Row:
    """Return one of the newest, which hypothesis can name by a small number."""
    return rows[-1 - which % len(rows)]
