"""Composition of grants: offering and ending them, accepting one, and the loop that looks after links."""

from dataclasses import dataclass
from datetime import timedelta

from services.accounts.adapters.mongo_billing_accounts import MongoLinkQueue, billing_accounts_of
from services.accounts.application.accept_grant import AcceptGrant, ConfirmAcceptance
from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.give_grants import CreateGrant, EndGrant, ListGrants, ReadGivenGrants
from services.accounts.application.look_after_links import LookAfterLinks
from services.accounts.application.weighed_links import WeighedLinks, WeighGrants
from services.accounts.bootstrap_stores import Stores, settle_number
from services.accounts.config import Settings
from services.accounts.domain.region import Regions
from services.chassis.changes import ChangeStreamWaker
from services.chassis.loops import DispatcherLoop
from services.chassis.work import DueWork


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantUseCases:
    """What AccountGrantsService answers with."""

    create: CreateGrant
    list_given: ListGrants
    end: EndGrant


def weighed_links(stores: Stores, regions: Regions, /) -> WeighedLinks:
    """Return the links as every use case is to read them."""
    return WeighedLinks(links=stores.accounts, weigh=_weigh(stores, regions))


def build_grants(settings: Settings, stores: Stores, regions: Regions, /) -> GrantUseCases:
    """Return the use cases of owners."""
    accounts, offers, clock = weighed_links(stores, regions), stores.offers, stores.clock
    read = ReadGivenGrants(links=stores.accounts, weigh=accounts.weigh, clock=clock)
    return GrantUseCases(
        create=CreateGrant(
            accounts=accounts,
            standing=_standing(stores),
            offers=offers,
            read=read,
            regions=regions,
            clock=clock,
            open_for=timedelta(seconds=settings.grant_offer_s),
        ),
        list_given=ListGrants(accounts=accounts, offers=offers, read=read, clock=clock),
        end=EndGrant(accounts=accounts, links=stores.accounts, offers=offers, read=read, clock=clock),
    )


def accept_grant(stores: Stores, regions: Regions, guard: AttemptGuard, /) -> AcceptGrant:
    """Return the way to link an account by a grant's code."""
    return AcceptGrant(
        links=stores.accounts,
        offers=stores.offers,
        guard=guard,
        weigh=_weigh(stores, regions),
        confirm=_confirm(stores),
        settle_number=settle_number(stores),
        current=CurrentNumbers(aliases=stores.aliases),
        regions=regions,
        clock=stores.clock,
    )


def links_loop(settings: Settings, stores: Stores, regions: Regions, /, *, waker: ChangeStreamWaker) -> DispatcherLoop:
    """Return the loop that carries out the ends of grants."""
    due = DueWork(
        billing_accounts_of(stores.database),
        owner=stores.owner,
        clock=stores.clock,
        lease_s=settings.posting_lease_s,
    )
    look_after = LookAfterLinks(
        queue=MongoLinkQueue(due),
        links=stores.accounts,
        offers=stores.offers,
        settle_number=settle_number(stores),
        confirm=_confirm(stores),
        weigh=_weigh(stores, regions),
        clock=stores.clock,
    )
    return DispatcherLoop("links", look_after, waker=waker, due=due)


def _weigh(stores: Stores, regions: Regions) -> WeighGrants:
    return WeighGrants(links=stores.accounts, regions=regions, doubts=_standing(stores).doubted, clock=stores.clock)


def _standing(stores: Stores) -> AccountStanding:
    return AccountStanding(accounts=stores.accounts, snapshots=stores.snapshots)


def _confirm(stores: Stores) -> ConfirmAcceptance:
    return ConfirmAcceptance(links=stores.accounts, offers=stores.offers, clock=stores.clock)
