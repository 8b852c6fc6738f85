"""What a subscriber does about the delivery of bills: see it, consent, withdraw, prove the address."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from services.chassis.clock import Clock
from services.chassis.email_address import normalised_email
from services.chassis.errors import DomainError, Kind, VersionConflict
from services.chassis.ids import new_id
from services.documents.domain.account import Account, Recipient
from services.documents.domain.bill_delivery import BillDelivery, ConfirmationNotFound
from services.documents.domain.consent import Channel, ConsentGiven, ConsentText, EndCause, Language
from services.documents.domain.ports import AccountAccess, BillDeliveryRepository, ConfirmationTokens, ConsentTexts

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDelivery:
    """A delivery with the text that is to be consented to now."""

    delivery: BillDelivery
    text: ConsentText


@dataclass(frozen=True, slots=True, kw_only=True)
class GetBillDelivery:
    """Show how the bills of an account are delivered."""

    accounts: AccountAccess
    deliveries: BillDeliveryRepository
    texts: ConsentTexts

    def __call__(self, *, recipient: Recipient, language: Language) -> ShownDelivery:
        account = self.accounts.authorize(recipient).account
        delivery = self.deliveries.get(recipient) or BillDelivery(recipient=recipient, account=account)
        return ShownDelivery(delivery=delivery, text=self.texts.in_force(language))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBillDelivery:
    """Record a consent and have a link mailed that proves the address. Idempotent while the link lives."""

    accounts: AccountAccess
    deliveries: BillDeliveryRepository
    texts: ConsentTexts
    clock: Clock

    def __call__(
        self, *, recipient: Recipient, email: str, consent_version: str, channel: Channel, language: Language
    ) -> ShownDelivery:
        now = self.clock.now()
        text = self.texts.in_force(language)
        consent = ConsentGiven.to(text, version=consent_version, channel=channel, at=now)
        address = normalised_email(email)
        account = self.accounts.authorize(recipient).account
        delivery = _again_after_a_race(lambda: self._agree(recipient, account, address, consent))
        return ShownDelivery(delivery=delivery, text=text)

    def _agree(self, recipient: Recipient, account: Account, email: str, consent: ConsentGiven) -> BillDelivery:
        delivery = self.deliveries.get(recipient) or BillDelivery(recipient=recipient, account=account)
        if delivery.agree(account=account, email=email, consent=consent, confirmation_id=new_id("cnf"), now=consent.at):
            self.deliveries.save(delivery)
        return delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class EndBillDelivery:
    """Withdraw the consent. Idempotent, and possible while accounts is down: nobody has to ask in order to say no."""

    accounts: AccountAccess
    deliveries: BillDeliveryRepository
    texts: ConsentTexts
    clock: Clock

    def __call__(self, *, recipient: Recipient, language: Language) -> ShownDelivery:
        delivery = _again_after_a_race(lambda: self._end(recipient))
        return ShownDelivery(delivery=delivery, text=self.texts.in_force(language))

    def _end(self, recipient: Recipient) -> BillDelivery:
        delivery = self.deliveries.get(recipient)
        if delivery is None:
            return BillDelivery(recipient=recipient, account=self.accounts.authorize(recipient).account)
        delivery.end(cause=EndCause.WITHDRAWN, now=self.clock.now())
        self.deliveries.save(delivery)
        return delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmBillDelivery:
    """Take an address as proved by the link that was mailed to it. Idempotent."""

    deliveries: BillDeliveryRepository
    tokens: ConfirmationTokens
    clock: Clock

    def __call__(self, *, token: str) -> None:
        confirmation_id = self.tokens.confirmation_id_of(token)
        if confirmation_id is None:
            raise _not_found()
        _again_after_a_race(lambda: self._confirm(confirmation_id))

    def _confirm(self, confirmation_id: str) -> None:
        delivery = self.deliveries.of_confirmation(confirmation_id)
        if delivery is None:
            raise _not_found()
        delivery.confirm(confirmation_id=confirmation_id, now=self.clock.now())
        self.deliveries.save(delivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDeliveryOfLink:
    """End the delivery that hung on a link between a subscriber and an account. Idempotent."""

    deliveries: BillDeliveryRepository
    clock: Clock

    def __call__(self, *, recipient: Recipient) -> None:
        delivery = self.deliveries.get(recipient)
        if delivery is not None:
            delivery.end(cause=EndCause.ACCOUNT_UNLINKED, now=self.clock.now())
            self.deliveries.save(delivery)


def is_linked(accounts: AccountAccess, recipient: Recipient, /) -> bool:
    """Say whether the subscriber has that link; one whose proof does not reach far enough stands all the same. Raises
    what accounts refuses otherwise: nobody can say."""
    try:
        accounts.authorize(recipient)
    except DomainError as error:
        if error.kind is Kind.NOT_FOUND:
            return False
        if error.kind is not Kind.PERMISSION_DENIED:
            raise
    return True


def _again_after_a_race(act: Callable[[], Answer]) -> Answer:
    """Repeat once after a lost race: with the dispatcher that has just mailed the link, most likely. For what is
    idempotent only."""
    try:
        return act()
    except VersionConflict:
        return act()


def _not_found() -> ConfirmationNotFound:
    return ConfirmationNotFound("There is no such confirmation.")
