"""An occasion of a rule: a month or an episode that is to be decided once, with the record of how it was."""

from dataclasses import dataclass
from datetime import datetime

from services.payments.domain.autopay_decision import Decision, Grounds, Outcome, Reason, decide
from services.payments.domain.backoff import Backoff
from services.payments.domain.payment import autopay_payment_id

_LEAVES_OPEN = {Reason.BALANCE_RECOVERED, Reason.MONEY_UNDER_WAY, Reason.ACCOUNT_DISPUTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """A decision with its grounds: enough to make it again."""

    grounds: Grounds
    decision: Decision

    def replays(self) -> bool:
        """Say whether the same grounds still lead to the same decision."""
        return decide(self.grounds) == self.decision


@dataclass(slots=True, kw_only=True)
class AutopayOccasion:
    """An occasion. Its id, `<rule>:<month or episode>`, is unique: that alone makes it one charge at most (I4)."""

    decision_id: str
    autopay_rule_id: str
    rule_version: int
    opened_at: datetime
    charge_due_at: datetime
    record: DecisionRecord | None = None
    payment_id: str = ""
    asked: int = 0
    due_at: datetime | None = None
    version: int = 0

    def decide(self, grounds: Grounds, /, *, now: datetime) -> None:
        """Make the decision, once. A charge still needs its payment, so it stays due."""
        if self.record is not None:
            return
        self.record = DecisionRecord(grounds=grounds, decision=decide(grounds))
        self.due_at = now if self.is_to_charge else None

    @property
    def is_to_charge(self) -> bool:
        return self.record is not None and self.record.decision.outcome is Outcome.CHARGE

    @property
    def gives_episode_back(self) -> bool:
        """Whether it was skipped for a reason that leaves the crossing of the threshold unanswered."""
        return self.record is not None and bool(_LEAVES_OPEN & set(self.record.decision.reasons))

    @property
    def future_payment_id(self) -> str:
        """The id that this occasion's payment has or will have."""
        return autopay_payment_id(self.decision_id)

    def close(self) -> None:
        """The payment exists; the rest is its own affair."""
        self.payment_id = self.future_payment_id
        self.due_at = None

    def try_again(self, *, now: datetime, backoff: Backoff) -> None:
        """Nothing could be read to decide on: later, never on stale data."""
        self.due_at = now + backoff.pause(self.asked)
        self.asked += 1

    def hurry(self, *, now: datetime) -> bool:
        """Have it decided now; say whether that was still to come."""
        if self.record is None:
            self.due_at = now
        return self.record is None

    def wait_until(self, moment: datetime, /) -> None:
        """It is night in the region."""
        self.due_at = moment
