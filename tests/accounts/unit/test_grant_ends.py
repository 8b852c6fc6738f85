"""How grants end: by either side, by their day, and with what they stood on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from services.accounts.domain.events import BillingAccountUnlinked
from services.accounts.domain.grant import (
    GrantCodeSpent,
    GrantEnd,
    GrantState,
)
from services.accounts.domain.proof_ladder import Action, Proof, Rung
from tests.accounts.builders import KEY
from tests.accounts.grant_fakes import (
    OWNER,
    RELATIVE,
    Desk,
    Home,
    an_acceptance,
    terms,
)

# The clock of the tests stands at 16:30 of this day in Novosibirsk.
_TODAY = date(2026, 11, 22)
_BY_PROOF = Proof(kind="contract_code", value="1207-NSK")


@pytest.fixture
def desk() -> Desk:
    return Home().process()


def _owner_ends(desk: Desk, grant_id: str) -> None:
    desk.end_as_owner(grant_id)


def _relative_ends(desk: Desk, grant_id: str) -> None:
    link = desk.home.relatives
    assert link is not None
    desk.unlink(subscriber_id=RELATIVE, billing_account_id=link.billing_account_id)


def _its_day_passes(desk: Desk, grant_id: str) -> None:
    desk.home.clock.advance(days=1)


def _owner_unlinks(desk: Desk, grant_id: str) -> None:
    desk.unlink(subscriber_id=OWNER, billing_account_id=desk.home.owners.billing_account_id)


def _owner_makes_it_a_relatives(desk: Desk, grant_id: str) -> None:
    desk.make_it_a_relatives()


_ENDS: list[tuple[Callable[[Desk, str], None], GrantEnd]] = [
    (_owner_ends, GrantEnd.OWNER),
    (_relative_ends, GrantEnd.RELATIVE),
    (_its_day_passes, GrantEnd.DATE),
    (_owner_unlinks, GrantEnd.OWNER_UNLINKED),
    (_owner_makes_it_a_relatives, GrantEnd.OWNER),
]


@pytest.mark.parametrize(("end", "grant_end"), _ENDS, ids=[end.__name__.strip("_") for end, _ in _ENDS])
def test_an_ended_grant_is_gone_at_once_and_announced_once(
    desk: Desk, end: Callable[[Desk, str], None], grant_end: GrantEnd
) -> None:
    offered = desk.offer(terms=terms(ends_on=_TODAY))
    link = desk.accept(offered)

    end(desk, offered.given.offer.grant_id)

    assert desk.accounts.linked_by(RELATIVE) == []
    desk.look_after_all()
    desk.look_after_all()
    kept = desk.home.links.get(link.billing_account_id)
    assert kept is not None and (kept.grant_end, kept.due_at) == (grant_end, None)
    gone = [event for event in desk.home.links.shelf.announced if isinstance(event, BillingAccountUnlinked)]
    assert [event.billing_account_id for event in gone].count(link.billing_account_id) == 1


def test_an_owner_who_makes_it_a_relatives_sees_at_once_that_the_grant_has_ended(desk: Desk) -> None:
    desk.accept(desk.offer())

    desk.make_it_a_relatives()

    assert desk.state() == (GrantState.ENDED, GrantEnd.OWNER)
    assert desk.home.announced == ["BillingAccountLinked"]  # the end is carried out beside
    desk.look_after_all()
    assert desk.home.announced == ["BillingAccountLinked", "BillingAccountUnlinked"]
    assert desk.state() == (GrantState.ENDED, GrantEnd.OWNER)


def test_an_owner_who_makes_it_a_relatives_takes_their_offers_back(desk: Desk) -> None:
    offered = desk.offer()

    desk.make_it_a_relatives()

    with pytest.raises(GrantCodeSpent):
        desk.accept(offered)
    desk.look_after_all()
    assert desk.state() == (GrantState.ENDED, GrantEnd.OWNER)
    with pytest.raises(GrantCodeSpent):
        desk.accept(offered)


@pytest.mark.parametrize("between", [0, 1])
def test_an_owner_who_makes_it_a_relatives_and_unlinks_leaves_no_grant_behind(desk: Desk, between: int) -> None:
    desk.accept(desk.offer())
    desk.look_after_all()

    desk.make_it_a_relatives()
    desk.look_after_all(minutes=between)
    _owner_unlinks(desk, "")
    desk.look_after_all()

    assert desk.home.relatives is None
    assert desk.home.announced.count("BillingAccountUnlinked") == 2


def test_unlinking_ends_what_a_link_granted_that_became_a_relatives_long_ago(desk: Desk) -> None:
    desk.accept(desk.offer())
    desk.make_it_a_relatives()
    owners = desk.home.links.get(desk.home.owners.billing_account_id)
    assert owners is not None
    owners.look_again(None)  # as an earlier release left it
    desk.home.links.save(owners)

    _owner_unlinks(desk, "")
    desk.look_after_all()

    assert desk.home.relatives is None
    kept = desk.home.links.get(owners.billing_account_id)
    assert kept is not None and kept.due_at is None


@pytest.mark.parametrize("end", [_its_day_passes, _owner_unlinks, _owner_makes_it_a_relatives])
def test_a_proof_links_though_the_end_of_a_grant_was_not_carried_out_yet(
    desk: Desk, end: Callable[[Desk, str], None]
) -> None:
    desk.billing.proofs[KEY.number] = _BY_PROOF.value
    granted = desk.accept(desk.offer(terms=terms(ends_on=_TODAY)))
    end(desk, "")
    ended_before = desk.home.announced.count("BillingAccountUnlinked")

    link = desk.link(replace(an_acceptance(""), proof=_BY_PROOF))

    assert (link.grant, link.rung) == (None, Rung.MANAGE)
    assert desk.mine().billing_account_id == link.billing_account_id
    kept = desk.home.links.get(granted.billing_account_id)
    assert kept is not None and kept.unlinked_at == desk.home.clock.now()
    assert desk.home.announced.count("BillingAccountUnlinked") == ended_before + 1
    desk.look_after_all()
    assert desk.mine().billing_account_id == link.billing_account_id


def test_the_last_day_is_included_in_the_regions_calendar(desk: Desk) -> None:
    desk.accept(desk.offer(terms=terms(ends_on=_TODAY)))

    desk.home.clock.advance(hours=7, minutes=29)  # 23:59 in Novosibirsk
    desk.look_after_all(minutes=0)
    assert desk.mine().allows(Action.PAY)
    desk.home.clock.advance(minutes=1)

    assert desk.accounts.linked_by(RELATIVE) == []
    assert desk.state() == (GrantState.ENDED, GrantEnd.DATE)


def test_a_grant_that_ends_is_due_at_its_end_and_one_that_does_not_never(desk: Desk) -> None:
    desk.accept(desk.offer(terms=terms(ends_on=_TODAY)))
    desk.look_after_all(minutes=1)
    link = desk.home.relatives
    assert link is not None and link.due_at is not None
    assert link.due_at.isoformat() == "2026-11-22T17:00:00+00:00"

    endless = Home().process()
    endless.accept(endless.offer())
    endless.look_after_all(minutes=1)

    kept = endless.home.relatives
    assert kept is not None and kept.due_at is None


def test_an_offer_dies_with_the_owners_link(desk: Desk) -> None:
    offered = desk.offer()
    _owner_unlinks(desk, "")
    desk.look_after_all()

    with pytest.raises(GrantCodeSpent):
        desk.accept(offered)


def test_a_new_grant_is_accepted_though_the_end_of_the_old_one_was_not_carried_out_yet(desk: Desk) -> None:
    old = desk.accept(desk.offer(terms=terms(ends_on=_TODAY)))
    desk.home.clock.advance(days=1)

    new = desk.accept(desk.offer(request_id="req-2", terms=terms(Action.VIEW)))

    assert new.billing_account_id != old.billing_account_id
    assert [link.billing_account_id for link in desk.accounts.linked_by(RELATIVE)] == [new.billing_account_id]
    assert desk.home.announced.count("BillingAccountUnlinked") == 1
