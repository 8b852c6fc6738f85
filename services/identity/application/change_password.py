"""Changing the password, which ends every other session by the same save."""

from dataclasses import dataclass

from services.identity.application.create_session import CredentialsWrong
from services.identity.application.signed_in import SignedIn
from services.identity.application.throttling import Attempts
from services.identity.domain.password import PasswordPolicy
from services.identity.domain.ports import PasswordHasher, SubscriberRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword:
    """Puts a new password in force for whoever knows the present one."""

    subscribers: SubscriberRepository
    signed_in: SignedIn
    policy: PasswordPolicy
    hasher: PasswordHasher
    attempts: Attempts

    def __call__(self, *, session_id: str, current_password: str, new_password: str) -> None:
        """Change it. A stolen access token does not do: the password is asked for, and guesses are counted.

        Raises `SessionEnded`, `NoPassword`, `PasswordTooShort`, `PasswordCommon`, `TooManyAttempts`,
        `CredentialsWrong`.
        """
        subscriber, session = self.signed_in(session_id=session_id)
        password_hash = subscriber.require_password()
        self.policy.check(new_password, login=subscriber.login or "")
        self.attempts.change_password(subscriber_id=subscriber.subscriber_id)
        if not self.hasher.matches(current_password, password_hash):
            raise CredentialsWrong
        subscriber.change_password(self.hasher.hash(new_password), session_id=session.session_id)
        self.subscribers.save(subscriber)
        self.attempts.changed_password(subscriber_id=subscriber.subscriber_id)
