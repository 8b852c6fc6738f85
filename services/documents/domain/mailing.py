"""One mail with one bill to one address: at most one is ever sent (I5), and what is not certain is not repeated."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

from services.documents.domain.account import Recipient
from services.documents.domain.bill_delivery import address_key
from services.documents.domain.consent import Language
from services.documents.domain.events import CustomerBillMailed
from services.documents.domain.mail_schedule import PAUSE_WITHOUT_TRY, next_try

_PROOF_IS_LOOKED_FOR_EVERY = timedelta(minutes=5)
_LOOK_AGAIN_AFTER = timedelta(minutes=5)  # much longer than a mail server may take for one message


class IllegalMove(Exception):
    """A caller asked for a move that the life cycle does not have: a bug."""


class MailingState(Enum):
    """What is known about the mail."""

    DUE = "due"
    SENDING = "sending"  # the body may be on its way: from here on nothing is repeated unless it was refused
    SENT = "sent"
    REFUSED = "refused"  # for good; the deliveries to this address are to be suspended
    UNCERTAIN = "uncertain"  # it may have been taken; a second mail is worse than a download
    GIVEN_UP = "given_up"  # not taken within 24 hours
    CANCELLED = "cancelled"  # nobody is entitled to it any more


_NEXT = {
    MailingState.DUE: {
        MailingState.DUE,
        MailingState.SENDING,
        MailingState.REFUSED,
        MailingState.GIVEN_UP,
        MailingState.CANCELLED,
    },
    MailingState.SENDING: {
        MailingState.DUE,
        MailingState.SENT,
        MailingState.REFUSED,
        MailingState.UNCERTAIN,
        MailingState.GIVEN_UP,
    },
    MailingState.UNCERTAIN: {MailingState.SENT},  # the answer came after somebody else had stopped waiting for it
}


@dataclass(slots=True, kw_only=True)
class Mailing:
    """A bill's way to one address, on behalf of everybody who has this address for it."""

    mailing_id: str
    customer_bill_id: str
    email: str
    language: Language
    recipients: tuple[Recipient, ...]
    created_at: datetime
    state: MailingState = MailingState.DUE
    tries: int = 0
    first_tried_at: datetime | None = None
    mailed_at: datetime | None = None
    suspended_at: datetime | None = None
    due_at: datetime | None = None
    version: int = 0
    pending_events: list[CustomerBillMailed] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        *,
        customer_bill_id: str,
        revision: int,
        email: str,
        language: Language,
        recipients: tuple[Recipient, ...],
        now: datetime,
    ) -> "Mailing":
        """Return the one mailing of this bill, revision and address: its id is made of them."""
        return cls(
            mailing_id=f"{customer_bill_id}:{revision}:{sha256(address_key(email).encode()).hexdigest()[:32]}",
            customer_bill_id=customer_bill_id,
            email=email,
            language=language,
            recipients=recipients,
            created_at=now,
            due_at=now,
        )

    def begin(self, *, recipients: tuple[Recipient, ...], now: datetime) -> None:
        """Note, before the first byte of the body leaves, that it is about to; `recipients` are still entitled."""
        self._move_to(MailingState.SENDING, due_at=now + _LOOK_AGAIN_AFTER)
        self.recipients = recipients

    def sent(self, *, now: datetime) -> None:
        """Note that the mail server has taken it."""
        self._move_to(MailingState.SENT, due_at=None)
        self.mailed_at = now
        self.pending_events += [
            CustomerBillMailed(
                customer_bill_id=self.customer_bill_id,
                billing_account_id=recipient.billing_account_id,
                mailed_at=now,
            )
            for recipient in self.recipients
        ]

    def refused(self, *, now: datetime) -> None:
        """Note that it will never be taken; due at once, to suspend the deliveries."""
        self._move_to(MailingState.REFUSED, due_at=now)

    def deferred(self, *, now: datetime) -> None:
        """Try again later, for 24 hours from the first try: it was certainly not taken."""
        self.tries += 1
        self.first_tried_at = self.first_tried_at or now
        again_at = next_try(first_due_at=self.first_tried_at, tries=self.tries, now=now)
        self._move_to(MailingState.DUE if again_at else MailingState.GIVEN_UP, due_at=again_at)

    def postpone(self, *, now: datetime) -> None:
        """Look again soon: what is needed to do the step is not there, which is no fault of the address."""
        self.due_at = now + PAUSE_WITHOUT_TRY

    def wait_for_proof(self, *, now: datetime) -> None:
        """Look again later whether the address is proved by now; it was not tried."""
        self._move_to(MailingState.DUE, due_at=now + _PROOF_IS_LOOKED_FOR_EVERY)

    def lose_track(self) -> None:
        """Note that nobody knows whether it was taken."""
        self._move_to(MailingState.UNCERTAIN, due_at=None)

    def cancel(self) -> None:
        """Note that nobody is entitled to it any more."""
        self._move_to(MailingState.CANCELLED, due_at=None)

    def deliveries_suspended(self, *, now: datetime) -> None:
        """Note that the deliveries to the refusing address are suspended: all is done."""
        if self.state is not MailingState.REFUSED:
            raise IllegalMove(f"suspending after {self.state.name}")
        self.suspended_at = now
        self.due_at = None

    def _move_to(self, state: MailingState, *, due_at: datetime | None) -> None:
        if state not in _NEXT.get(self.state, set()):
            raise IllegalMove(f"{self.state.name} to {state.name}")
        self.state = state
        self.due_at = due_at
