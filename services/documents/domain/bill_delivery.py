"""How the bills of one account reach one subscriber: consent, proof of the address, its loss (F14, F15)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.documents.domain.account import Account, Recipient
from services.documents.domain.consent import ConsentEnded, ConsentGiven, ConsentRecord, EndCause, Language
from services.documents.domain.mail_schedule import PAUSE_WITHOUT_TRY, next_try

LINK_LIVES_FOR = timedelta(days=7)


def address_key(email: str, /) -> str:
    """Return what the spellings of one address have in common: to mail servers `Maria` and `maria` are one mailbox.

    Lower case rather than `casefold`, to which the domains `straße.de` and `strasse.de`, two owners', are the same.
    """
    return email.lower()


class ConfirmationNotFound(DomainError):
    """No address waits for this proof: the link is wrong, expired, replaced, or its delivery has ended."""

    reason = "CONFIRMATION_NOT_FOUND"
    kind = Kind.NOT_FOUND


class IllegalMove(Exception):
    """A caller asked for a move that the life cycle does not have: a bug."""


class DeliveryState(Enum):
    """Whether bills go out by mail."""

    OFF = "off"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    ON = "on"
    SUSPENDED = "suspended"


_NEXT = {
    DeliveryState.OFF: {DeliveryState.AWAITING_CONFIRMATION},
    DeliveryState.AWAITING_CONFIRMATION: {
        DeliveryState.AWAITING_CONFIRMATION,  # another address, or a new link for an expired one
        DeliveryState.ON,
        DeliveryState.SUSPENDED,
        DeliveryState.OFF,
    },
    DeliveryState.ON: {DeliveryState.AWAITING_CONFIRMATION, DeliveryState.SUSPENDED, DeliveryState.OFF},
    DeliveryState.SUSPENDED: {DeliveryState.AWAITING_CONFIRMATION, DeliveryState.OFF},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A link that proves an address. It is made from the id and a secret, so what is kept here opens nothing."""

    confirmation_id: str
    asked_at: datetime
    mail_tries: int = 0
    mailed_at: datetime | None = None

    @property
    def expires_at(self) -> datetime:
        return self.asked_at + LINK_LIVES_FOR

    def lives(self, now: datetime, /) -> bool:
        return now < self.expires_at


@dataclass(slots=True, kw_only=True)
class BillDelivery:
    """The delivery of one account's bills to one subscriber."""

    recipient: Recipient
    account: Account
    state: DeliveryState = DeliveryState.OFF
    email: str = ""
    consents: tuple[ConsentRecord, ...] = ()
    confirmation: Confirmation | None = None
    due_at: datetime | None = None
    version: int = 0

    @staticmethod
    def id_of(recipient: Recipient, /) -> str:
        return f"{recipient.subscriber_id}:{recipient.billing_account_id}"

    @property
    def delivery_id(self) -> str:
        return self.id_of(self.recipient)

    @property
    def consent(self) -> ConsentGiven | None:
        """The consent that holds now."""
        last = self.consents[-1] if self.consents else None
        return last if isinstance(last, ConsentGiven) else None

    @property
    def language(self) -> Language:
        """The language to write in: that of the text agreed to."""
        return self.consent.language if self.consent else Language.RU

    def agree(
        self, *, account: Account, email: str, consent: ConsentGiven, confirmation_id: str, now: datetime
    ) -> bool:
        """Record a consent and ask for proof of the address, unless it is proved, or a link to it is alive.

        Return whether anything has changed. What has not is not to be saved: a save would free the lease of whoever is
        mailing the link at this moment, and it would go out twice.
        """
        repeated = self._repeats(consent) and self.account == account
        self.account = account
        if not self._repeats(consent):
            self.consents = (*self.consents, consent)
        if self.email == email and self.is_open(now):
            return not repeated
        self._move_to(DeliveryState.AWAITING_CONFIRMATION)
        self.email = email
        self.confirmation = Confirmation(confirmation_id=confirmation_id, asked_at=now)
        self.due_at = now
        return True

    def confirm(self, *, confirmation_id: str, now: datetime) -> None:
        """Take the address as proved. Idempotent. Raises `ConfirmationNotFound`."""
        if self.confirmation is None or self.confirmation.confirmation_id != confirmation_id:
            raise _not_found()
        if self.state is DeliveryState.ON:
            return
        if self.state is not DeliveryState.AWAITING_CONFIRMATION or not self.confirmation.lives(now):
            raise _not_found()
        self._move_to(DeliveryState.ON)
        self.due_at = None

    def end(self, *, cause: EndCause, now: datetime) -> None:
        """Stop and forget the address; the record of consents stays. Idempotent."""
        if self.state is DeliveryState.OFF:
            return
        self._move_to(DeliveryState.OFF)
        self.consents = (*self.consents, ConsentEnded(cause=cause, at=now))
        self.email = ""
        self.confirmation = None
        self.due_at = None

    def is_open(self, now: datetime, /) -> bool:
        """Say whether bills of now are meant for its address: it is proved, or still may be."""
        return self.state is DeliveryState.ON or self.awaits_proof(now)

    def awaits_proof(self, now: datetime, /) -> bool:
        """Say whether a link that would prove its address is alive."""
        alive = self.confirmation is not None and self.confirmation.lives(now)
        return self.state is DeliveryState.AWAITING_CONFIRMATION and alive

    def goes_to(self, email: str, /) -> bool:
        """Say whether this is its address, however it is spelt."""
        return address_key(self.email) == address_key(email)

    def suspend(self, *, email: str) -> None:
        """Stop because this address refuses mail for good; nothing happens when it is no longer the address."""
        if self.state in {DeliveryState.ON, DeliveryState.AWAITING_CONFIRMATION} and self.goes_to(email):
            self._move_to(DeliveryState.SUSPENDED)
            self.due_at = None

    def link_mailed(self, *, now: datetime) -> None:
        """Note that the mail server has taken the link."""
        confirmation = self._awaited()
        self.confirmation = _tried(confirmation, mailed_at=now)
        self.due_at = None

    def link_deferred(self, *, now: datetime) -> None:
        """Try again later; after 24 hours in vain drop the link, so that the subscriber can ask for a new one."""
        tried = _tried(self._awaited(), mailed_at=None)
        self.due_at = next_try(first_due_at=tried.asked_at, tries=tried.mail_tries, now=now)
        self.confirmation = tried if self.due_at else None

    def postpone(self, *, now: datetime) -> None:
        """Look again soon: what is needed to mail the link is not there, which is no fault of the address."""
        self.due_at = now + PAUSE_WITHOUT_TRY

    def _repeats(self, consent: ConsentGiven) -> bool:
        return self.consent is not None and self.consent.text_sha256 == consent.text_sha256

    def _awaited(self) -> Confirmation:
        if self.state is not DeliveryState.AWAITING_CONFIRMATION or self.confirmation is None:
            raise IllegalMove("no link is to be mailed")
        return self.confirmation

    def _move_to(self, state: DeliveryState) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalMove(f"{self.state.name} to {state.name}")
        self.state = state


def _tried(confirmation: Confirmation, *, mailed_at: datetime | None) -> Confirmation:
    return Confirmation(
        confirmation_id=confirmation.confirmation_id,
        asked_at=confirmation.asked_at,
        mail_tries=confirmation.mail_tries + 1,
        mailed_at=mailed_at,
    )


def _not_found() -> ConfirmationNotFound:
    return ConfirmationNotFound("There is no such confirmation.")
