"""Who the load comes from: subscribers with accounts and saved cards, made through the public API before anything is
timed."""

import itertools
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from deploy.local.world import REGIONS
from tests.e2e.outside import Mailbox, Payer, RegionOffice
from tests.e2e.subscriber import Subscriber
from tests.support import eventually
from tests.support.running_suite import RunningSuite

_REGIONS = ("77", "54", "25")
_FIRST_NUMBER = 900_000_000
_FIRST_WIDE_NUMBER = 950_000_000
_FIRST_FURTHER_NUMBER = 970_000_000
_SIDE_BY_SIDE = 8
_RICH = 100_000_000


@dataclass(kw_only=True)
class Member:
    """A subscriber with accounts, and a saved card where the id of one stands."""

    subscriber: Subscriber
    email: str
    account_ids: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    card_id: str = ""


class Cast:
    """Everybody, and the outside world around them."""

    def __init__(self, suite: RunningSuite, *, size: int) -> None:
        self.suite = suite
        self.mailbox = Mailbox(suite.http("mailbox"))
        self.payer = Payer(suite.http("acquirer"))
        self.offices = {region.code: RegionOffice(suite.http(f"{region.process}-control")) for region in REGIONS}
        for office in self.offices.values():
            office.open_accounts(first_number=_FIRST_NUMBER, count=size, balance_minor=_RICH)
        self.members = [self._member(index) for index in range(size)]

    def wide_members(self, *, size: int, accounts_in_each: int) -> list[Member]:
        """Return further members who have several accounts in every region, and no card."""
        for office in self.offices.values():
            count = size * accounts_in_each
            office.open_accounts(first_number=_FIRST_WIDE_NUMBER, count=count, balance_minor=_RICH)
        return [self._wide_member(index * accounts_in_each, accounts_in_each) for index in range(size)]

    def further_accounts(self, *, region: str, count: int) -> list[tuple[Member, list[str]]]:
        """Return every member with their share of so many further accounts of a region, linked by all side by side."""
        self.offices[region].open_accounts(first_number=_FIRST_FURTHER_NUMBER, count=count, balance_minor=_RICH)
        numbers = range(_FIRST_FURTHER_NUMBER, _FIRST_FURTHER_NUMBER + count)
        shares = [numbers[index :: len(self.members)] for index in range(len(self.members))]

        def link(member: Member, share: Sequence[int]) -> list[str]:
            return [_linked(member, region=region, number=str(number)) for number in share]

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            return list(zip(self.members, pool.map(link, self.members, shares), strict=True))

    def consent_to_bills(self) -> None:
        """Have every member's first account billed by mail."""
        for member in self.members:
            path = f"/billing-accounts/{member.account_ids[0]}/bill-delivery"
            consent = {"version": member.subscriber.get(path)["consent_version"]}
            member.subscriber.put(path, {"email": member.email, "consent": consent})
        for member in self.members:
            link = self.mailbox.link(member.email, containing="/bill-delivery-confirmations/")
            member.subscriber.post(f"/bill-delivery-confirmations/{link.rsplit('/', 1)[-1]}", None)

    def _member(self, index: int) -> Member:
        member = self._registered()
        for code in _REGIONS:
            self._link(member, region=code, number=str(_FIRST_NUMBER + index))
        member.card_id = self._saved_card(member)
        return member

    def _wide_member(self, first: int, accounts_in_each: int) -> Member:
        member = self._registered()
        for code, offset in itertools.product(self.offices, range(accounts_in_each)):
            self._link(member, region=code, number=str(_FIRST_WIDE_NUMBER + first + offset))
        return member

    def _registered(self) -> Member:
        login = f"bench.{secrets.token_hex(5)}"
        member = Member(subscriber=Subscriber(self.suite.url), email=f"{login}@example.test")
        member.subscriber.register(
            login=login, password=f"Bench {secrets.token_hex(6)}", email=member.email, mailbox=self.mailbox
        )
        return member

    @staticmethod
    def _link(member: Member, *, region: str, number: str) -> None:
        member.account_ids.append(_linked(member, region=region, number=number))
        member.numbers.append(number)

    def _saved_card(self, member: Member) -> str:
        payment = member.subscriber.pay(member.account_ids[0], 10_000, method={"kind": "new_card", "save": True})
        self.payer.confirm(payment["confirmation_url"])
        member.subscriber.final_payment(payment["id"])
        card: str = member.subscriber.get("/payment-methods")["items"][0]["id"]
        return card


def _linked(member: Member, *, region: str, number: str) -> str:
    """Link an account by its number; a region that was started just now is left alone for a moment."""
    account: dict[str, str] = eventually(
        lambda: member.subscriber.link(region=region, number=number, proof=number), timeout_s=20, every_s=0.3
    )
    return account["id"]


def months_before(count: int) -> list[datetime]:
    """Return a moment in each of the months before this one, newest first."""
    months = []
    moment = datetime.now(UTC)
    for _ in range(count):
        moment = moment.replace(day=1) - timedelta(days=1)
        months.append(moment)
    return months
