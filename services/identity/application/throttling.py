"""How often something may be tried: slows an attacker and never locks an owner out."""

from dataclasses import dataclass

from services.chassis.errors import TooManyAttempts
from services.chassis.network import network_of
from services.identity.application.derived_secrets import DerivedSecrets
from services.identity.domain.ports import Throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The limits, each as `10/15 minutes`."""

    login_per_address: str
    login_per_login: str
    login_per_pair: str
    login_per_pair_under_attack: str
    password_per_subscriber: str
    registration_per_address: str
    registration_per_email: str
    notice_per_owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Counts attempts under pseudonyms, so that the counters say nothing about anybody."""

    throttle: Throttle
    rates: Rates
    secrets: DerivedSecrets

    def log_in(self, *, login: str, ip_address: str) -> None:
        """Count a try of a password. Raises `TooManyAttempts`.

        Only one's own address ever shuts one out. A login that is tried from everywhere leaves each address fewer
        tries, but leaves each some: so its owner gets in, from wherever, while an attacker needs an address per guess.
        """
        address = network_of(ip_address)
        self._count(self.rates.login_per_address, "login-address", address)
        self._count(self._pair_rate(login), "login-pair", login, address)

    def logged_in(self, *, login: str, ip_address: str) -> None:
        """Forget the tries of whoever found the right password in the end."""
        pair = self._key("login-pair", login, network_of(ip_address))
        self.throttle.forget(self.rates.login_per_pair, *pair)
        self.throttle.forget(self.rates.login_per_pair_under_attack, *pair)

    def change_password(self, *, subscriber_id: str) -> None:
        """Count a try of the present password by a session. Raises `TooManyAttempts`."""
        self._count(self.rates.password_per_subscriber, "password", subscriber_id)

    def changed_password(self, *, subscriber_id: str) -> None:
        """Forget the tries of whoever knew it."""
        self.throttle.forget(self.rates.password_per_subscriber, *self._key("password", subscriber_id))

    def register(self, *, email: str, ip_address: str) -> None:
        """Count a registration, also against the address that would get the mail. Raises `TooManyAttempts`."""
        self._count(self.rates.registration_per_address, "registration-address", network_of(ip_address))
        self._count(self.rates.registration_per_email, "registration-email", email.casefold())

    def may_notify(self, owner: str, /) -> bool:
        """Count a notice to the owner of a login; say no when they had enough of them today."""
        return self.throttle.hit(self.rates.notice_per_owner, *self._key("notice", owner.casefold())) is None

    def _pair_rate(self, login: str) -> str:
        under_attack = self.throttle.hit(self.rates.login_per_login, *self._key("login", login)) is not None
        return self.rates.login_per_pair_under_attack if under_attack else self.rates.login_per_pair

    def _count(self, rate: str, purpose: str, *parts: str) -> None:
        retry_after_s = self.throttle.hit(rate, *self._key(purpose, *parts))
        if retry_after_s is not None:
            raise TooManyAttempts(retry_after_s=retry_after_s)

    def _key(self, purpose: str, *parts: str) -> tuple[str, str]:
        return purpose, self.secrets.pseudonym(*parts)
