"""Making the subscriber of a confirmed registration, by whoever confirms it or by the janitor after a crash."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.identity.domain.ports import RegistrationRepository, SubscriberRepository
from services.identity.domain.registration import Registration
from services.identity.domain.subscriber import LoginTaken, Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleRegistration:
    """Makes the subscriber once, however often it is called: their id was chosen with the registration."""

    registrations: RegistrationRepository
    subscribers: SubscriberRepository
    clock: Clock

    def __call__(self, registration: Registration, /) -> Subscriber | None:
        """Return the subscriber; None when another confirmation got the login or the address first."""
        subscriber = self._create(registration)
        if subscriber is None:
            registration.end()
        else:
            registration.settle()
        self.registrations.save(registration)
        return subscriber

    def _create(self, registration: Registration) -> Subscriber | None:
        subscriber = Subscriber.of_registration(registration, now=self.clock.now())
        try:
            self.subscribers.save(subscriber)
        except LoginTaken:
            return self._already_ours(registration)
        except VersionConflict:  # its id exists: an earlier try of this very registration made it
            return self.subscribers.get(registration.subscriber_id)
        return subscriber

    def _already_ours(self, registration: Registration) -> Subscriber | None:
        """Tell apart who has the login: MongoDB names only one of the keys that a repeated insert violates."""
        owner = self.subscribers.find_by_login(registration.login)
        return owner if owner is not None and owner.subscriber_id == registration.subscriber_id else None
