"""The ports of grants on dictionaries, and a cabinet of an owner and a relative over them, which can be killed at any
call."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from services.accounts.adapters.json_regions import load_regions
from services.accounts.application.accept_grant import AcceptGrant, ConfirmAcceptance, LinkAccount
from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.application.change_billing_account import ChangeRelation, UnlinkBillingAccount
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.give_grants import (
    CreateGrant,
    EndGrant,
    GivenGrant,
    GrantRequest,
    ListGrants,
    OfferedGrant,
    ReadGivenGrants,
)
from services.accounts.application.link_billing_account import LinkBillingAccount, LinkRequest
from services.accounts.application.look_after_links import LookAfterLinks
from services.accounts.application.weighed_links import WeighedLinks, WeighGrants
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.grant import GRANT_CODE, GrantEnd, GrantState, GrantTerms
from services.accounts.domain.grant_offer import GrantOffer
from services.accounts.domain.proof_ladder import Action, Proof, Relation
from services.chassis.clock import Clock
from services.chassis.errors import VersionConflict
from services.chassis.money import Money
from tests.accounts.builders import KEY, PSEUDONYMS, SettableClock, make_account, make_limits
from tests.accounts.fakes import FakeAttempts, FakeBillingAccounts, FakeRegions, FakeSnapshots, Shelf
from tests.accounts.feed_fakes import FakeAliases, a_settle_number
from tests.accounts.ordering_office import Killed

OWNER = "sub_" + "1" * 32
RELATIVE = "sub_" + "2" * 32
OFFER_OPEN_FOR = timedelta(hours=24)


class FakeLinkQueue:
    """Due links; a claim moves the version, as the real one does."""

    def __init__(self, accounts: FakeBillingAccounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    def claim(self) -> BillingAccount | None:
        for account in self._accounts.shelf.kept.values():
            if account.due_at is not None and account.due_at <= self._clock.now():
                account.version += 1
                claimed: BillingAccount = copy.deepcopy(account)
                return claimed
        return None


class FakeGrantOffers:
    def __init__(self) -> None:
        self.shelf = Shelf()

    def get(self, grant_id: str, /) -> GrantOffer | None:
        offer: GrantOffer | None = self.shelf.take(grant_id)
        return offer

    def requested_as(self, request_id: str, /, *, subscriber_id: str) -> GrantOffer | None:
        wanted = (subscriber_id, request_id)
        return next((offer for offer in self._all() if (offer.subscriber_id, offer.request_id) == wanted), None)

    def given_on(self, billing_account_id: str, /) -> Sequence[GrantOffer]:
        return [offer for offer in self._all() if offer.billing_account_id == billing_account_id]

    def on(self, key: AccountKey, /) -> Sequence[GrantOffer]:
        return [offer for offer in self._all() if offer.key == key][:200]

    def save(self, offer: GrantOffer, /) -> None:
        first = self.requested_as(offer.request_id, subscriber_id=offer.subscriber_id)
        if first is not None and first.grant_id != offer.grant_id:
            raise VersionConflict("The same request came twice.")
        self.shelf.put(offer.grant_id, offer)

    def _all(self) -> list[GrantOffer]:
        kept = copy.deepcopy(list(self.shelf.kept.values()))
        return sorted(kept, key=lambda offer: (offer.offered_at, offer.grant_id), reverse=True)


class Killer:
    """Kills after the n-th call to the world; 0 never."""

    def __init__(self, after: int = 0) -> None:
        self._after = after
        self._calls = 0

    def around(self, thing: Any) -> Any:
        return _Watched(thing, self)

    def called(self) -> None:
        self._calls += 1
        if self._calls == self._after:
            raise Killed


class _Watched:
    def __init__(self, thing: Any, killer: Killer) -> None:
        self._thing = thing
        self._killer = killer

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._thing, name)

        def call(*arguments: Any, **options: Any) -> Any:
            result = method(*arguments, **options)
            self._killer.called()
            return result

        return call


@dataclass
class Home:
    """Everything that outlives a process: an account with its owner's link, what was offered, who is in doubt."""

    clock: SettableClock = field(default_factory=SettableClock)
    links: FakeBillingAccounts = field(default_factory=FakeBillingAccounts)
    offers: FakeGrantOffers = field(default_factory=FakeGrantOffers)
    aliases: FakeAliases = field(default_factory=FakeAliases)
    snapshots: FakeSnapshots = field(default_factory=FakeSnapshots)
    doubted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.owners = make_account(subscriber_id=OWNER, linked_at=self.clock.now())
        self.links.save(self.owners)
        self.links.shelf.announced.clear()

    def process(self, killer: Killer | None = None) -> "Desk":
        return Desk(self, killer or Killer())

    @property
    def relatives(self) -> BillingAccount | None:
        """The relative's link as it is kept."""
        return self.links.linked_to(KEY, subscriber_id=RELATIVE)

    @property
    def announced(self) -> list[str]:
        return [type(event).__name__ for event in self.links.shelf.announced]


class Desk:
    """The use cases of one process, every call of theirs to the world watched by a killer."""

    def __init__(self, home: Home, killer: Killer) -> None:
        clock = home.clock
        links, offers = killer.around(home.links), killer.around(home.offers)
        regions = load_regions(connected=["54"])
        weigh = WeighGrants(links=links, regions=regions, doubts=lambda _grantors: home.doubted, clock=clock)
        confirm = ConfirmAcceptance(links=links, offers=offers, clock=clock)
        guard = AttemptGuard(
            purpose="proof", attempts=FakeAttempts(), limits=make_limits(pair=3), pseudonyms=PSEUDONYMS, clock=clock
        )
        standing = AccountStanding(accounts=links, snapshots=home.snapshots)
        current = CurrentNumbers(aliases=home.aliases)
        settle_number = a_settle_number(links, home.aliases, home.snapshots, clock)
        read = ReadGivenGrants(links=links, weigh=weigh, clock=clock)
        self.home = home
        self.billing = FakeRegions(clock)
        self.accounts = WeighedLinks(links=links, weigh=weigh)
        self.create = CreateGrant(
            accounts=self.accounts,
            standing=standing,
            offers=offers,
            read=read,
            regions=regions,
            clock=clock,
            open_for=OFFER_OPEN_FOR,
        )
        self.list_given = ListGrants(accounts=self.accounts, offers=offers, read=read, clock=clock)
        self.end = EndGrant(accounts=self.accounts, links=links, offers=offers, read=read, clock=clock)
        self.link = LinkAccount(
            by_proof=LinkBillingAccount(
                accounts=self.accounts,
                weigh=weigh,
                standing=standing,
                current=current,
                settle_number=settle_number,
                billing=self.billing,
                guard=guard,
                regions=regions,
                pseudonyms=PSEUDONYMS,
                clock=clock,
            ),
            by_grant=AcceptGrant(
                links=links,
                offers=offers,
                guard=guard,
                weigh=weigh,
                confirm=confirm,
                settle_number=settle_number,
                current=current,
                regions=regions,
                clock=clock,
            ),
        )
        self.unlink = UnlinkBillingAccount(accounts=self.accounts, clock=clock)
        self.change_relation = ChangeRelation(accounts=self.accounts, clock=clock)
        self.look_after = LookAfterLinks(
            queue=killer.around(FakeLinkQueue(home.links, clock)),
            links=links,
            offers=offers,
            settle_number=settle_number,
            confirm=confirm,
            weigh=weigh,
            clock=clock,
        )

    def offer(self, **changes: Any) -> OfferedGrant:
        return self.create(replace(a_request(self.home), **changes))

    def accept(self, offered: OfferedGrant, **changes: Any) -> BillingAccount:
        assert offered.code is not None
        return self.link(replace(an_acceptance(offered.code.shown()), **changes))

    def given(self) -> Sequence[GivenGrant]:
        return self.list_given(subscriber_id=OWNER, billing_account_id=self.home.owners.billing_account_id)

    def state(self) -> tuple[GrantState, GrantEnd | None]:
        """Return how the one grant stands on the owner's list."""
        (grant,) = self.given()
        return grant.state, grant.grant_end

    def mine(self) -> BillingAccount:
        """Return the relative's one link."""
        (link,) = self.accounts.linked_by(RELATIVE)
        return link

    def end_as_owner(self, grant_id: str) -> GivenGrant:
        return self.end(subscriber_id=OWNER, billing_account_id=self.home.owners.billing_account_id, grant_id=grant_id)

    def make_it_a_relatives(self) -> BillingAccount:
        """Have the owner say that the account is a relative's."""
        return self.change_relation(
            subscriber_id=OWNER,
            billing_account_id=self.home.owners.billing_account_id,
            relation=Relation.RELATIVE,
        )

    def look_after_all(self, *, minutes: int = 2) -> None:
        """Let time pass in steps of 10 s, and do whatever becomes due."""
        for _ in range(minutes * 6):
            while self.look_after():
                pass
            self.home.clock.advance(seconds=10)


def terms(*actions: Action, limit_kopecks: int | None = None, ends_on: date | None = None) -> GrantTerms:
    limit = None if limit_kopecks is None else Money(limit_kopecks)
    return GrantTerms.of(actions or (Action.VIEW, Action.PAY), monthly_pay_limit=limit, ends_on=ends_on)


def a_request(home: Home) -> GrantRequest:
    return GrantRequest(
        subscriber_id=OWNER,
        request_id="req-1",
        billing_account_id=home.owners.billing_account_id,
        terms=terms(),
        label="сын",
    )


def an_acceptance(code: str) -> LinkRequest:
    return LinkRequest(
        subscriber_id=RELATIVE,
        request_id="",
        region=KEY.region,
        number=KEY.number,
        relation=Relation.RELATIVE,
        label="Мама",
        proof=Proof(kind=GRANT_CODE, value=code),
        client_address="192.0.2.7",
    )


def lived(desk: Callable[[], object]) -> bool:
    """Run it in a process that may be killed; say whether it lived long enough to finish."""
    try:
        desk()
    except Killed:
        return False
    return True
