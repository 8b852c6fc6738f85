"""The subscriber's own profile, and where services may write to them."""

from dataclasses import dataclass

from services.identity.application.signed_in import SignedIn
from services.identity.domain.ports import SubscriberRepository
from services.identity.domain.subscriber import Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class GetProfile:
    """Shows the profile."""

    signed_in: SignedIn

    def __call__(self, *, session_id: str) -> Subscriber:
        """Return the subscriber. Raises `SessionEnded`."""
        subscriber, _ = self.signed_in(session_id=session_id)
        return subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProfile:
    """Changes the profile; what is None stays."""

    subscribers: SubscriberRepository
    signed_in: SignedIn

    def __call__(self, *, session_id: str, display_name: str | None, language: str | None) -> Subscriber:
        """Return the changed subscriber. Raises `SessionEnded` and `FieldInvalid`."""
        subscriber, _ = self.signed_in(session_id=session_id)
        if display_name is not None:
            subscriber.rename(display_name)
        if language is not None:
            subscriber.speak(language)
        if display_name is not None or language is not None:
            self.subscribers.save(subscriber)
        return subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class GetContact:
    """Tells a service where to write."""

    subscribers: SubscriberRepository

    def __call__(self, *, subscriber_id: str) -> Subscriber:
        """Return the subscriber. Raises `SubscriberNotFound`."""
        return self.subscribers.get(subscriber_id)
