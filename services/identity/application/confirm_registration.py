"""Ending a registration by its code: the try is on record before its result has any effect."""

import hmac
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.identity.application.derived_secrets import DerivedSecrets
from services.identity.application.open_session import OpenSession, Tokens
from services.identity.application.repeating import repeated_on_conflict
from services.identity.application.settle_registration import SettleRegistration
from services.identity.domain.ports import RegistrationRepository
from services.identity.domain.registration import CodeWrong, Registration, RegistrationNotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRegistration:
    """Tries a code, makes the subscriber and opens their first session."""

    registrations: RegistrationRepository
    settle: SettleRegistration
    open_session: OpenSession
    secrets: DerivedSecrets
    clock: Clock

    def __call__(self, *, registration_id: str, code: str, user_agent: str) -> Tokens:
        """Return the tokens of the first session. Raises `RegistrationNotFound` and `CodeWrong`."""
        registration = repeated_on_conflict(lambda: self._try(registration_id, code.strip()))
        subscriber = self.settle(registration)
        if subscriber is None:
            raise RegistrationNotFound("There is no registration to confirm.")
        return self.open_session(subscriber, user_agent=user_agent)

    def _try(self, registration_id: str, code: str) -> Registration:
        """Fence first: of many guesses at once each one that counts has used up a try of its own."""
        registration = self.registrations.get(registration_id)
        expected = self.secrets.registration_code(registration.registration_id)
        matches = hmac.compare_digest(code.encode(), expected.encode())
        confirmed = registration.try_code(matches=matches, now=self.clock.now())
        self.registrations.save(registration)
        if not confirmed:
            raise CodeWrong(tries_left=registration.tries_left)
        return registration
