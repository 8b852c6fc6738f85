"""Beginning a registration (F03): the answer and the work are alike whether login and address are free or not."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.email_address import normalised_email
from services.identity.application.throttling import Attempts
from services.identity.domain.consent import given_consents
from services.identity.domain.language import chosen_language
from services.identity.domain.login import new_login
from services.identity.domain.password import PasswordPolicy
from services.identity.domain.ports import PasswordHasher, RegistrationRepository, SubscriberRepository
from services.identity.domain.registration import LetterDue, LetterKind, Registration
from services.identity.domain.subscriber import Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What somebody typed who wants a login."""

    login: str
    password: str
    email: str
    consents: Sequence[tuple[str, str]]
    language: str
    ip_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRegistration:
    """Saves the wish and has the letters sent."""

    registrations: RegistrationRepository
    subscribers: SubscriberRepository
    policy: PasswordPolicy
    hasher: PasswordHasher
    attempts: Attempts
    clock: Clock

    def __call__(self, application: Application, /) -> Registration:
        """Return the registration.

        Raises `LoginIsRegional`, `LoginInvalid`, `PasswordTooShort`, `PasswordCommon`, `EmailInvalid`,
        `ConsentMissing`, `FieldInvalid`, `TooManyAttempts`: all of them before anything is looked up.
        """
        now = self.clock.now()
        login = new_login(application.login)
        self.policy.check(application.password, login=login)
        email = normalised_email(application.email)
        consents = given_consents(application.consents, now=now)
        language = chosen_language(application.language)
        self.attempts.register(email=email, ip_address=application.ip_address)
        registration = Registration.start(
            login=login,
            email=email,
            password_hash=self.hasher.hash(application.password),
            consents=consents,
            language=language,
            letters=self._letters(login=login, email=email, language=language),
            now=now,
        )
        self.registrations.save(registration)
        return registration

    def _letters(self, *, login: str, email: str, language: str) -> list[LetterDue]:
        """Look both up, always, so that the work is the same."""
        by_email = self.subscribers.find_by_email(email)
        by_login = self.subscribers.find_by_login(login)
        if by_email is not None:
            return [LetterDue(kind=LetterKind.ADDRESS_TAKEN, to=email, language=by_email.language)]
        if by_login is not None:
            unavailable = LetterDue(kind=LetterKind.LOGIN_UNAVAILABLE, to=email, language=language)
            return [unavailable, *_notice_to(by_login)]
        return [LetterDue(kind=LetterKind.CODE, to=email, language=language)]


def _notice_to(owner: Subscriber) -> list[LetterDue]:
    if owner.email is None:
        return []
    return [LetterDue(kind=LetterKind.LOGIN_TAKEN, to=owner.email, language=owner.language)]
