"""The dispatcher's step for payments: whatever is not final is claimed when it is due and brought one step on."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.payments.application.charging import Charging, log_problem
from services.payments.domain.acquirer import Absent, Acquirer, RefundAnswer
from services.payments.domain.backoff import Backoff
from services.payments.domain.crediting import credit
from services.payments.domain.payment import KEY_IS_GOOD_FOR, Payment, Problem, State
from services.payments.domain.ports import (
    Accounts,
    AccountsSilent,
    AutopayRuleRepository,
    Due,
    PaymentMethodRepository,
    PaymentRepository,
    PostingRefusedByAccounts,
)
from services.payments.domain.settlement import settle_refund

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivePayments:
    """Claims one due payment and brings it on. A crash at any line leaves it due again; every call out has its key."""

    due: Due[Payment]
    payments: PaymentRepository
    methods: PaymentMethodRepository
    rules: AutopayRuleRepository
    accounts: Accounts
    acquirer: Acquirer
    charging: Charging
    clock: Clock
    backoff: Backoff
    charge_timeout_s: float
    charge_grace: timedelta

    def __call__(self) -> bool:
        """Return whether there was anything to do."""
        payment = self.due.claim()
        if payment is None:
            return False
        try:
            self._step(payment)
        except VersionConflict:  # somebody settled it meanwhile: a webhook, an event, whoever held it before
            _log.info("payment_moved_meanwhile", payment_id=payment.payment_id)
        return True

    def _step(self, payment: Payment) -> None:
        match payment.state:
            case State.CREATED if payment.charge_begun_at is None:
                self._begin(payment)
            case State.CREATED | State.UNKNOWN | State.AWAITING_CONFIRMATION:
                self._ask(payment)
            case State.CAPTURED:
                self._post(payment)
            case State.REFUNDING:
                self._refund(payment)
            case _:
                payment.due_at = None
                self.payments.save(payment)

    def _begin(self, payment: Payment) -> None:
        """Send an automatic charge for the first time, unless the consent or the card went since the decision."""
        now = self.clock.now()
        obstacle = self._obstacle(payment)
        if obstacle:
            payment.decline(obstacle, now=now)
            self.payments.save(payment)
            return
        payment.begin_charge(now=now, grace=self.charge_grace)
        self.payments.save(payment)
        self.charging.charge(payment, timeout_s=self.charge_timeout_s)

    def _ask(self, payment: Payment) -> None:
        """An automatic charge whose consent or card went meanwhile may have arrived: it is looked for, not repeated
        (I4)."""
        if payment.autopay_rule_id and self._obstacle(payment):
            self.charging.look(payment, timeout_s=self.charge_timeout_s)
        else:
            self.charging.ask(payment, timeout_s=self.charge_timeout_s)

    def _obstacle(self, payment: Payment) -> str:
        method = self.methods.get(payment.payment_method_id)
        if method is None or not method.is_usable:
            return "payment_method_removed"
        rule = self.rules.get(payment.autopay_rule_id)
        if rule is None or not rule.is_active or rule.rule_version != payment.autopay_rule_version:
            return "autopay_stopped"
        return ""

    def _post(self, payment: Payment) -> None:
        """Nobody said that it was posted: have it posted, which is also how to ask."""
        now = self.clock.now()
        try:
            credit(payment, self.accounts.request_posting(payment), now=now)
        except AccountsSilent:
            _log.info("accounts_silent", payment_id=payment.payment_id)
        except PostingRefusedByAccounts:
            payment.flag(Problem.POSTING_IMPOSSIBLE)
        if payment.state is State.CAPTURED:
            payment.try_again(now=now, backoff=self.backoff)
        self.payments.save(payment)
        log_problem(payment)

    def _refund(self, payment: Payment) -> None:
        answer = self._refund_answer(payment)
        settle_refund(payment, answer, now=self.clock.now(), backoff=self.backoff)
        self.payments.save(payment)
        log_problem(payment)

    def _refund_answer(self, payment: Payment) -> RefundAnswer:
        """Look first, then repeat with the same key while that is the same refund."""
        began = payment.reached(State.REFUNDING) or payment.created_at
        found = self.acquirer.find_refund(payment.acquirer_payment_id, timeout_s=self.charge_timeout_s)
        if not isinstance(found, Absent) or self.clock.now() - began >= KEY_IS_GOOD_FOR:
            return found
        return self.acquirer.refund(
            idempotence_key=payment.refund_key,
            acquirer_payment_id=payment.acquirer_payment_id,
            amount=payment.amount,
            timeout_s=self.charge_timeout_s,
        )
