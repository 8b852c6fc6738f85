"""The dispatcher's step for payments: whatever is not final is claimed when it is due and brought one step on."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.payments.application.charging import Charging, log_problem
from services.payments.application.find_withdrawal import FindWithdrawal
from services.payments.domain.acquirer import Absent, Acquirer, AcquirerRefund, RefundAnswer, Status
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.backoff import Backoff
from services.payments.domain.crediting import credit
from services.payments.domain.payment import (
    ACCOUNT_UNLINKED,
    Payment,
    Problem,
    State,
)
from services.payments.domain.ports import (
    Accounts,
    AccountsSilent,
    Due,
    PaymentRepository,
    PostingRefusedByAccounts,
)
from services.payments.domain.refund import Refund
from services.payments.domain.returning import begin_sending, may_send
from services.payments.domain.settlement import settle_refund

_DECISION_IS_GOOD_FOR = timedelta(minutes=10)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivePayments:
    """Claims one due payment and brings it on. A crash at any line leaves it due again; every call out has its key."""

    due: Due[Payment]
    payments: PaymentRepository
    accounts: Accounts
    acquirer: Acquirer
    charging: Charging
    find_withdrawal: FindWithdrawal
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
            case State.REFUNDING | State.RETURNING:
                self._refund(payment)
            case _:
                payment.due_at = None
                self.payments.save(payment)

    def _begin(self, payment: Payment) -> None:
        """Send an automatic charge that was not sent with its decision, unless consent, card or account went since."""
        now = self.clock.now()
        try:
            obstacle = self._obstacle(payment)
        except AccountsSilent:
            payment.try_again(now=now, backoff=self.backoff)
            self.payments.save(payment)
            return
        if obstacle:
            payment.decline(obstacle, now=now)
            self.payments.save(payment)
            return
        payment.begin_charge(now=now, grace=self.charge_grace)
        self.payments.save(payment)
        self.charging.charge(payment, timeout_s=self.charge_timeout_s)

    def _ask(self, payment: Payment) -> None:
        """An automatic charge whose consent, card or permission went meanwhile may have arrived: it is looked for, not
        repeated (I4)."""
        if payment.autopay_rule_id and not self._may_still_be_sent(payment):
            self.charging.look(payment, timeout_s=self.charge_timeout_s)
        else:
            self.charging.ask(payment, timeout_s=self.charge_timeout_s)

    def _may_still_be_sent(self, payment: Payment) -> bool:
        """However long ago it was decided: the repeated charge is the same one, whose payment waits for its outcome."""
        try:
            return not (self.find_withdrawal(payment) or self._refusal_of_accounts(payment))
        except AccountsSilent:
            return False

    def _obstacle(self, payment: Payment) -> str:
        """Return why the charge is not to be sent. What was decided too long ago for its grounds to hold, or on a
        permission that is gone, is decided anew: as the next try of its occasion, with a payment of its own."""
        withdrawal = self.find_withdrawal(payment)
        if withdrawal:
            return withdrawal
        if self.clock.now() - payment.created_at > _DECISION_IS_GOOD_FOR:
            return "autopay_decision_outdated"
        return self._refusal_of_accounts(payment)

    def _refusal_of_accounts(self, payment: Payment) -> str:
        answer = self.accounts.autopay_permission(
            subscriber_id=payment.subscriber_id, billing_account_id=payment.billing_account_id
        )
        if answer is Reason.ACCOUNT_UNLINKED:
            return ACCOUNT_UNLINKED
        return answer.value.lower() if isinstance(answer, Reason) else ""

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
        refund = payment.pending_refund
        assert refund is not None, "a payment is in these states while a refund is pending"
        answer = self._refund_answer(payment, refund)
        if _is_success_of(refund, answer):
            self.charging.open_receipt.for_refund(payment, refund)
        settle_refund(payment, answer, now=self.clock.now(), backoff=self.backoff)
        self.payments.save(payment)
        log_problem(payment)

    def _refund_answer(self, payment: Payment, refund: Refund) -> RefundAnswer:
        """Look first, then send with the same key while that is the same refund. The key's age counts from the first
        sending, which is saved before: a refund that was never sent may be sent however long ago it was requested."""
        found = self.acquirer.find_refund(
            refund.refund_id, acquirer_payment_id=payment.acquirer_payment_id, timeout_s=self.charge_timeout_s
        )
        now = self.clock.now()
        if not isinstance(found, Absent) or not may_send(refund, now=now):
            return found
        if refund.sent_at is None:
            begin_sending(payment, now=now, grace=timedelta(seconds=2 * self.charge_timeout_s))
            self.payments.save(payment)
        return self.acquirer.refund(
            refund_id=refund.refund_id,
            acquirer_payment_id=payment.acquirer_payment_id,
            amount=refund.amount,
            timeout_s=self.charge_timeout_s,
        )


def _is_success_of(refund: Refund, answer: RefundAnswer) -> bool:
    return isinstance(answer, AcquirerRefund) and answer.status is Status.SUCCEEDED and answer.amount == refund.amount
