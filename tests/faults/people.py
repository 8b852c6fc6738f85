"""Who pays, how they come in, and what they want; how they go about it, the stage knows."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.outside import GOOD_CARD, Mailbox, Payer, RegionOffice
from tests.e2e.subscriber import Subscriber
from tests.faults.canaries import Canaries

_FIRST_NUMBER = 880_000_000


@dataclass(kw_only=True)
class Member:
    """A subscriber with one account and one saved card."""

    subscriber: Subscriber
    region: str
    number: str
    account_id: str
    card_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A payment that somebody wants. However often it is sent, it has one key."""

    member: Member
    kopecks: int
    saved_card: bool
    account_id: str
    key: str = field(default_factory=lambda: secrets.token_hex(16))


class Admission:
    """Lets people in: registered, with an account of a region and a saved card."""

    def __init__(self, url: str, *, mailbox: Mailbox, payer: Payer, offices: Mapping[str, RegionOffice]) -> None:
        """Nobody is in yet."""
        self._url = url
        self._mailbox = mailbox
        self._payer = payer
        self._offices = offices
        self._numbers = iter(range(_FIRST_NUMBER, _FIRST_NUMBER + 1000))

    def let_in(self, region: str, *, canaries: Canaries) -> tuple[Member, str]:
        """Let a subscriber in; return them and the payment by which they saved their card. Their secrets are canaries
        from then on."""
        login = f"faults.{secrets.token_hex(4)}"
        password, email = f"Буря {secrets.token_hex(6)}", f"{login}@example.test"
        subscriber = Subscriber(self._url)
        subscriber.register(login=login, password=password, email=email, mailbox=self._mailbox)
        member = Member(subscriber=subscriber, region=region, number="", account_id="")
        member.account_id, member.number = self.open_account(member)
        payment_id = self._save_card(member)
        canaries.plant("a card number", GOOD_CARD)
        canaries.plant("a password", password)
        canaries.plant("a code", self._mailbox.code(email))
        canaries.plant("an access token", subscriber.access_token)
        canaries.plant("a refresh token", subscriber.refresh_token)
        return member, payment_id

    def open_account(self, member: Member) -> tuple[str, str]:
        """Open one more account in a member's region, link it, and return its id and its number."""
        number = str(next(self._numbers))
        self._offices[member.region].open_accounts(first_number=int(number), count=1)
        account: dict[str, Any] = member.subscriber.link(region=member.region, number=number, proof=number)
        return account["id"], number

    def _save_card(self, member: Member) -> str:
        payment = member.subscriber.pay(member.account_id, 10_000, method={"kind": "new_card", "save": True})
        self._payer.confirm(payment["confirmation_url"])
        member.subscriber.final_payment(payment["id"])
        member.card_id = member.subscriber.get("/payment-methods")["items"][0]["id"]
        return str(payment["id"])
