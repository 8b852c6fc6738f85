"""The background step of a registration: send its next letter, or make the subscriber that a crash left out."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.identity.application.derived_secrets import DerivedSecrets
from services.identity.application.repeating import repeated_on_conflict
from services.identity.application.settle_registration import SettleRegistration
from services.identity.application.throttling import Attempts
from services.identity.domain.ports import Delivery, Postman, RegistrationRepository
from services.identity.domain.registration import LIFETIME, LetterDue, LetterKind, Registration, State


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceRegistration:
    """Does one due step."""

    registrations: RegistrationRepository
    settle: SettleRegistration
    postman: Postman
    attempts: Attempts
    secrets: DerivedSecrets
    clock: Clock

    def __call__(self) -> bool:
        """Return whether there was a step to do."""
        registration = self.registrations.claim_due()
        if registration is None:
            return False
        letter = registration.next_letter(now=self.clock.now())
        if registration.state is State.CONFIRMED:
            self.settle(registration)
        elif letter is None:
            registration.nothing_due()
            self.registrations.save(registration)
        else:
            self._send(registration, letter)
        return True

    def _send(self, registration: Registration, letter: LetterDue) -> None:
        if self._is_too_many(registration, letter):
            outcome = Delivery.NEVER
        else:
            outcome = self.postman.deliver(
                letter,
                reference=f"{registration.registration_id}.{letter.kind.value}",
                values=self._values(registration, letter),
            )
        repeated_on_conflict(lambda: self._record(registration.registration_id, letter, outcome))

    def _is_too_many(self, registration: Registration, letter: LetterDue) -> bool:
        """Count at the first try: one that the mail server defers is the same letter, and no notice of its own."""
        is_first_try = registration.failures == 0
        return letter.kind is LetterKind.LOGIN_TAKEN and is_first_try and not self.attempts.may_notify(letter.to)

    def _record(self, registration_id: str, letter: LetterDue, outcome: Delivery) -> None:
        """Read anew: a quick reader may have confirmed before the mail server's answer was on record."""
        registration = self.registrations.get(registration_id)
        if registration.letters[:1] != (letter,):
            return
        if outcome is Delivery.LATER:
            registration.letter_deferred(now=self.clock.now())
        else:
            registration.letter_done(now=self.clock.now())
        self.registrations.save(registration)

    def _values(self, registration: Registration, letter: LetterDue) -> dict[str, str]:
        values = {"login": registration.login}
        if letter.kind is LetterKind.CODE:
            values["code"] = self.secrets.registration_code(registration.registration_id)
            values["minutes"] = str(int(LIFETIME.total_seconds()) // 60)
        return values
