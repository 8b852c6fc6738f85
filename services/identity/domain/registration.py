"""A registration: a wish for a login, until a mailed code proves the address (F03)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from services.chassis.errors import DomainError, Kind
from services.chassis.ids import new_id
from services.identity.domain.consent import Consent

LIFETIME = timedelta(minutes=10)
TRIES = 5
_SETTLE_AFTER = timedelta(seconds=30)  # until then whoever confirmed is still at work on it
_FIRST_RETRY = timedelta(seconds=2)
_LONGEST_RETRY = timedelta(minutes=1)


class State(Enum):
    """Where a registration stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    ENDED = "ended"


_NEXT = {
    State.PENDING: {State.CONFIRMED, State.ENDED},
    State.CONFIRMED: {State.ENDED},  # somebody else became owner of the login or the address first
    State.ENDED: set[State](),
}


class LetterKind(Enum):
    """What is written to whom when a registration begins; an address or login that is taken gets no code."""

    CODE = "code"
    ADDRESS_TAKEN = "address_taken"  # to the address: it has a login already
    LOGIN_TAKEN = "login_taken"  # to the owner of the login: somebody wanted it
    LOGIN_UNAVAILABLE = "login_unavailable"  # to the address: choose another login, so that nobody waits in vain


class RegistrationNotFound(DomainError):
    """There is no such registration to confirm: never was, expired, used or ended, alike."""

    reason = "REGISTRATION_NOT_FOUND"
    kind = Kind.NOT_FOUND


class CodeWrong(DomainError):
    """The code is not the mailed one."""

    reason = "CODE_WRONG"
    kind = Kind.INVALID

    def __init__(self, *, tries_left: int) -> None:
        super().__init__(f"The code is wrong; tries left: {tries_left}.", tries_left=str(tries_left))


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterDue:
    """A letter that was not sent yet."""

    kind: LetterKind
    to: str
    language: str


@dataclass(slots=True, kw_only=True)
class Registration:
    """A wish for a login.

    Nobody but the mailed addresses learns whether the login or the address was free: one that was not lives, expires
    and counts tries like any other, and no code confirms it.
    """

    registration_id: str
    subscriber_id: str
    login: str
    email: str
    password_hash: str
    consents: tuple[Consent, ...]
    language: str
    confirmable: bool
    letters: tuple[LetterDue, ...]
    created_at: datetime
    expires_at: datetime
    due_at: datetime | None
    state: State = State.PENDING
    tries_left: int = TRIES
    failures: int = 0
    version: int = 0

    @classmethod
    def start(
        cls,
        *,
        login: str,
        email: str,
        password_hash: str,
        consents: tuple[Consent, ...],
        language: str,
        letters: Sequence[LetterDue],
        now: datetime,
    ) -> "Registration":
        """Begin one; only one whose letters hold a code can ever be confirmed."""
        return cls(
            registration_id=new_id("reg"),
            subscriber_id=new_id("sub"),  # chosen now, so that a confirmation that is tried again makes the same one
            login=login,
            email=email,
            password_hash=password_hash,
            consents=consents,
            language=language,
            confirmable=any(letter.kind is LetterKind.CODE for letter in letters),
            letters=tuple(letters),
            created_at=now,
            expires_at=now + LIFETIME,
            due_at=now,
        )

    def try_code(self, *, matches: bool, now: datetime) -> bool:
        """Use up a try and say whether the registration is confirmed; save before acting on the answer.

        Raises `RegistrationNotFound` when there is nothing to try any more.
        """
        if self.state is not State.PENDING or now >= self.expires_at:
            raise RegistrationNotFound("There is no registration to confirm.")
        if matches and self.confirmable:
            self._move_to(State.CONFIRMED)
            self.letters, self.failures = (), 0
            self.due_at = now + _SETTLE_AFTER
            return True
        self.tries_left -= 1
        if self.tries_left == 0:
            self.end()
        return False

    def end(self) -> None:
        """Close it for good; what was only needed to go on is forgotten."""
        self._move_to(State.ENDED)
        self.password_hash, self.letters, self.due_at = "", (), None

    def settle(self) -> None:
        """Record that its subscriber exists; the password is the subscriber's alone from now on."""
        self.password_hash, self.due_at = "", None

    def next_letter(self, *, now: datetime) -> LetterDue | None:
        """Return the letter to send now, None when there is none or its code would be of no use any more."""
        alive = self.state is State.PENDING and now < self.expires_at
        return self.letters[0] if alive and self.letters else None

    def letter_done(self, *, now: datetime) -> None:
        """Record that the first letter needs no further try: it was sent, or refused for good."""
        self.letters, self.failures = self.letters[1:], 0
        self.due_at = now if self.letters else None

    def letter_deferred(self, *, now: datetime) -> None:
        """Try the first letter again later, with growing pauses, for as long as its code is good."""
        self.failures += 1
        next_try = now + min(_FIRST_RETRY * 2 ** (self.failures - 1), _LONGEST_RETRY)
        self.due_at = next_try if next_try < self.expires_at else None

    def nothing_due(self) -> None:
        """Record that no step is left to be taken by itself."""
        self.due_at = None

    def _move_to(self, state: State) -> None:
        if state not in _NEXT[self.state]:
            raise ValueError(f"a registration does not go from {self.state.value} to {state.value}")
        self.state = state
