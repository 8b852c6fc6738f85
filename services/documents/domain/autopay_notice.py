"""One mail to a subscriber about an automatic charge: of each at most one is ever sent, and what is not certain is not
repeated. What it says is asked for when it is sent, so that nothing is said that is no longer so."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from services.chassis.money import Money
from services.documents.domain.mail_schedule import next_try

_LOOK_AGAIN_AFTER = timedelta(minutes=5)  # much longer than a mail server may take for one message
_PAUSE_WITHOUT_TRY = timedelta(seconds=15)


class NoticeKind(Enum):
    """What happened."""

    ANNOUNCED = "announced"
    DECLINED = "declined"
    HELD = "held"


class NoticeState(Enum):
    """What is known about the mail."""

    DUE = "due"
    SENDING = "sending"  # the body may be on its way: from here on nothing is repeated unless it was not taken
    SENT = "sent"
    UNCERTAIN = "uncertain"
    GIVEN_UP = "given_up"  # refused, or not taken within 24 hours
    CANCELLED = "cancelled"  # there is nothing to say any more, or nobody to say it to


_NEXT = {
    NoticeState.DUE: {NoticeState.SENDING, NoticeState.DUE, NoticeState.GIVEN_UP, NoticeState.CANCELLED},
    NoticeState.SENDING: {NoticeState.SENT, NoticeState.DUE, NoticeState.GIVEN_UP, NoticeState.UNCERTAIN},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingCharge:
    """What payments says of an announced charge now. The words are secrets: they go into the mail and nowhere else."""

    local_date: date
    amount: Money | None
    at_most: Money
    card_last4: str
    skip_token: str
    pay_now_token: str
    stop_token: str

    def __repr__(self) -> str:
        """Leave the words out."""
        return f"ComingCharge(local_date={self.local_date})"


@dataclass(slots=True, kw_only=True)
class AutopayNotice:
    """A notice. Its id, `<decision>:<kind>` and for a decline the try's number, makes it one mail."""

    notice_id: str
    kind: NoticeKind
    decision_id: str
    subscriber_id: str
    billing_account_id: str
    created_at: datetime
    decline_class: str = ""
    next_try_at: datetime | None = None
    lapses_at: datetime | None = None
    time_zone: str = ""  # of the account's region; empty in notices of before payments told it
    state: NoticeState = NoticeState.DUE
    tries: int = 0
    first_tried_at: datetime | None = None
    mailed_at: datetime | None = None
    due_at: datetime | None = None
    version: int = 0

    def begin(self, *, now: datetime) -> None:
        """Note, before the first byte of the body leaves, that it is about to."""
        self._move_to(NoticeState.SENDING, due_at=now + _LOOK_AGAIN_AFTER)

    def sent(self, *, now: datetime) -> None:
        """Note that the mail server has taken it."""
        self._move_to(NoticeState.SENT, due_at=None)
        self.mailed_at = now

    def deferred(self, *, now: datetime) -> None:
        """Try again later, for 24 hours from the first try: it was certainly not taken."""
        self.tries += 1
        self.first_tried_at = self.first_tried_at or now
        again_at = next_try(first_due_at=self.first_tried_at, tries=self.tries, now=now)
        self._move_to(NoticeState.DUE if again_at else NoticeState.GIVEN_UP, due_at=again_at)

    def give_up(self) -> None:
        """The address refuses it for good; the cabinet says the same."""
        self._move_to(NoticeState.GIVEN_UP, due_at=None)

    def postpone(self, *, now: datetime) -> None:
        """Look again soon: a neighbour is down; the mail was not even tried."""
        self.due_at = now + _PAUSE_WITHOUT_TRY

    def lose_track(self) -> None:
        """Note that nobody knows whether it was taken."""
        self._move_to(NoticeState.UNCERTAIN, due_at=None)

    def cancel(self) -> None:
        """Note that there is nothing to say any more, or nobody to say it to."""
        self._move_to(NoticeState.CANCELLED, due_at=None)

    def _move_to(self, state: NoticeState, *, due_at: datetime | None) -> None:
        assert state in _NEXT.get(self.state, set()), f"{self.state.name} to {state.name}"
        self.state, self.due_at = state, due_at
