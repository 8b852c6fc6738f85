"""Accounts and the regions behind it in memory: a balance per account, final postings, answers that get lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.chassis.errors import DomainError, Kind
from services.chassis.money import Money
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.events import PaymentCaptured
from services.payments.domain.payment import Payment
from services.payments.domain.ports import (
    AccountGone,
    AccountsSilent,
    Action,
    DecisionBalance,
    Permission,
    Posting,
    PostingState,
)
from tests.faults.ground_truth import Movement
from tests.payments.builders import ManualClock, rub
from tests.payments.fake_world import FakeAccounts

MOODS = ("good", "silent_before", "silent_after", "slow")


class NoSuchAccount(DomainError):
    """As accounts says it, also of another's."""

    reason = "BILLING_ACCOUNT_NOT_FOUND"
    kind = Kind.NOT_FOUND


@dataclass
class Account:
    """A billing account as its region has it."""

    balance: Money = field(default_factory=lambda: rub(300))
    linked: bool = True
    closed: bool = False


class MoodyAccounts(FakeAccounts):
    """Each call takes the next of `moods`, and is good when there is none. A posting is decided once: credited, or
    refused because the account is closed. `ledger` is the regions'."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.accounts = {"acc_0": Account(), "acc_1": Account()}
        self.moods: list[str] = []
        self.ledger: list[Movement] = []
        self.postings: dict[str, tuple[Money, Posting]] = {}

    def authorize(self, *, subscriber_id: str, billing_account_id: str, actions: Sequence[Action]) -> Permission:
        if self._mood() != "good":
            raise NoRegion("Accounts does not answer.")
        if not self.accounts[billing_account_id].linked:
            raise NoSuchAccount("There is no such account.")
        return self._permission()

    def autopay_permission(self, *, subscriber_id: str, billing_account_id: str) -> Permission | Reason:
        try:
            self.check_linked(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        except AccountGone:
            return Reason.ACCOUNT_UNLINKED
        return self._permission()

    def check_linked(self, *, subscriber_id: str, billing_account_id: str) -> None:
        if not self.accounts[billing_account_id].linked:
            raise AccountGone(billing_account_id)
        if self._mood() != "good":
            raise AccountsSilent

    def decision_balance(self, *, billing_account_id: str) -> DecisionBalance:
        self.check_linked(subscriber_id="", billing_account_id=billing_account_id)
        return DecisionBalance(balance=self.accounts[billing_account_id].balance, as_of=self.clock.now())

    def request_posting(self, payment: Payment, /) -> Posting:
        return self._post(payment.payment_id, payment.billing_account_id, payment.amount)

    def hear(self, event: PaymentCaptured, /) -> None:
        """An event of payments has arrived; nobody waits for an answer."""
        try:
            self._post(event.payment_id, event.billing_account_id, event.amount)
        except AccountsSilent:  # its worker will have it again
            return

    def _post(self, payment_id: str, billing_account_id: str, amount: Money) -> Posting:
        mood = self._mood()
        if mood == "silent_before":
            raise AccountsSilent
        if mood == "slow" and payment_id not in self.postings:
            return Posting(state=PostingState.REQUESTED)
        if payment_id not in self.postings:
            self.postings[payment_id] = (amount, self._decided(payment_id, self.accounts[billing_account_id], amount))
        if mood == "silent_after":
            raise AccountsSilent
        return self.postings[payment_id][1]

    def _decided(self, payment_id: str, account: Account, amount: Money) -> Posting:
        if account.closed:
            return Posting(state=PostingState.REFUSED, refusal_reason="ACCOUNT_CLOSED")
        account.balance += amount
        self.ledger.append(Movement(payment_id, amount.amount_minor))
        return Posting(state=PostingState.POSTED, posted_at=self.clock.now())

    def _mood(self) -> str:
        return self.moods.pop(0) if self.moods else "good"


class NoRegion(DomainError):
    """Accounts cannot be reached."""

    reason = "REGION_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
