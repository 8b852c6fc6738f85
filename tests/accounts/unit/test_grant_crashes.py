"""A process killed after any call to the world, then another one goes on: a grant stands or has ended, on both sides
alike, and its end is announced once."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.accounts.domain.grant import GrantCodeSpent, GrantEnd, GrantState
from services.accounts.domain.grant_offer import OfferState
from services.accounts.domain.proof_ladder import Proof
from services.chassis.errors import VersionConflict
from tests.accounts.builders import KEY
from tests.accounts.grant_fakes import OWNER, RELATIVE, Desk, Home, Killer, an_acceptance, lived, terms


def _deaths(prepare: Callable[[Home], Any], act: Callable[[Desk, Any], object]) -> list[tuple[Home, Any]]:
    """Return the homes after a death at each possible call and a new process' work, and the last one without any."""
    homes = []
    for after in range(1, 100):
        home = Home()
        prepared = prepare(home)
        dying = home.process(Killer(after))
        finished = lived(lambda dying=dying, prepared=prepared: act(dying, prepared))  # type: ignore[misc]
        home.process().look_after_all()
        homes.append((home, prepared))
        if finished:
            return homes
    raise AssertionError("it never finished")


def _offered(home: Home) -> Any:
    return home.process().offer()


def _accepted(home: Home) -> Any:
    offered = home.process().offer()
    home.process().accept(offered)
    home.process().look_after_all()
    home.links.shelf.announced.clear()
    return offered


def _die_between_link_and_offer(home: Home, offered: Any) -> None:
    """Have the relative's link saved, and its offer not marked yet."""
    for after in range(1, 50):
        lived(lambda after=after: home.process(Killer(after)).accept(offered))  # type: ignore[misc]
        if home.relatives is not None:
            return
    raise AssertionError("no link was ever saved")


def _assert_both_sides_agree(home: Home) -> GrantState:
    desk = home.process()
    (given,) = desk.given()
    mine = desk.accounts.linked_by(RELATIVE)
    assert bool(mine) == (given.state is GrantState.ACTIVE)
    return given.state


def _assert_ended_once(home: Home) -> None:
    assert home.process().accounts.linked_by(RELATIVE) == []
    assert home.relatives is None
    assert home.announced.count("BillingAccountUnlinked") == 1


def test_accepting_survives_a_death_at_every_call() -> None:
    homes = _deaths(_offered, lambda desk, offered: desk.accept(offered))

    assert len(homes) > 5
    for home, offered in homes:
        state = _assert_both_sides_agree(home)
        assert state in {GrantState.OFFERED, GrantState.ACTIVE}
        home.process().accept(offered)  # whoever heard no answer tries again
        assert _assert_both_sides_agree(home) is GrantState.ACTIVE
        assert home.announced == ["BillingAccountLinked"]
        (offer,) = home.offers.shelf.kept.values()
        home.process().look_after_all()
        assert home.offers.get(offer.grant_id).state is OfferState.ACCEPTED  # type: ignore[union-attr]


def test_a_link_that_was_saved_before_its_offer_was_marked_is_read_as_accepted() -> None:
    home = Home()
    offered = _offered(home)
    _die_between_link_and_offer(home, offered)

    assert home.offers.get(offered.given.offer.grant_id).state is OfferState.OPEN  # type: ignore[union-attr]
    (given,) = home.process().given()
    assert (given.state, given.accepted_at) == (GrantState.ACTIVE, home.relatives.linked_at)  # type: ignore[union-attr]
    with pytest.raises(GrantCodeSpent):
        home.process().accept(offered, subscriber_id="sub_" + "3" * 32)


def test_the_owners_end_survives_a_death_at_every_call() -> None:
    homes = _deaths(_accepted, lambda desk, offered: desk.end_as_owner(offered.given.offer.grant_id))

    for home, offered in homes:
        home.process().end_as_owner(offered.given.offer.grant_id)
        _assert_ended_once(home)
        (given,) = home.process().given()
        assert given.grant_end is GrantEnd.OWNER


def test_the_relatives_end_survives_a_death_at_every_call() -> None:
    def unlink(desk: Desk, _: Any) -> None:
        link = desk.home.relatives
        if link is not None:
            desk.unlink(subscriber_id=RELATIVE, billing_account_id=link.billing_account_id)

    for home, _ in _deaths(_accepted, unlink):
        unlink(home.process(), None)
        _assert_ended_once(home)
        (given,) = home.process().given()
        assert given.grant_end is GrantEnd.RELATIVE


def test_the_end_by_date_survives_a_death_at_every_call() -> None:
    def prepare(home: Home) -> None:
        desk = home.process()
        desk.accept(desk.offer(terms=terms(ends_on=date(2026, 11, 22))))
        desk.look_after_all()
        home.clock.advance(days=1)

    homes = _deaths(prepare, lambda desk, _: desk.look_after_all(minutes=1))

    assert len(homes) > 3
    for home, _ in homes:
        _assert_ended_once(home)


def test_grants_end_with_the_owners_link_whenever_the_process_dies() -> None:
    def prepare(home: Home) -> None:
        desk = home.process()
        for number in range(3):
            offered = desk.offer(request_id=f"req-{number}")
            desk.accept(offered, subscriber_id=f"sub_{number}" + "0" * 31)
        desk.look_after_all()

    def act(desk: Desk, _: Any) -> None:
        desk.unlink(subscriber_id=OWNER, billing_account_id=desk.home.owners.billing_account_id)
        desk.look_after_all(minutes=1)

    homes = _deaths(prepare, act)

    assert len(homes) > 8
    for home, _ in homes:
        home.process().unlink(subscriber_id=OWNER, billing_account_id=home.owners.billing_account_id)
        home.process().look_after_all()
        assert home.links.granted_by(home.owners.billing_account_id) == []
        assert home.announced.count("BillingAccountUnlinked") == 4


def test_grants_and_offers_end_whenever_the_process_dies_that_makes_the_account_a_relatives() -> None:
    def prepare(home: Home) -> None:
        desk = home.process()
        for number in range(3):
            offered = desk.offer(request_id=f"req-{number}")
            desk.accept(offered, subscriber_id=f"sub_{number}" + "0" * 31)
        desk.offer(request_id="req-open")
        desk.look_after_all()

    def act(desk: Desk, _: Any) -> None:
        desk.make_it_a_relatives()
        desk.look_after_all(minutes=1)

    homes = _deaths(prepare, act)

    assert len(homes) > 10
    for home, _ in homes:
        home.process().make_it_a_relatives()
        home.process().look_after_all()
        assert home.links.granted_by(home.owners.billing_account_id) == []
        assert home.announced.count("BillingAccountUnlinked") == 3
        assert {given.grant_end for given in home.process().given()} == {GrantEnd.OWNER}
        owners = home.links.get(home.owners.billing_account_id)
        assert owners is not None and (owners.is_linked, owners.due_at) == (True, None)


def test_linking_by_a_proof_over_a_dead_grant_survives_a_death_at_every_call() -> None:
    def prepare(home: Home) -> None:
        _accepted(home)
        home.process().unlink(subscriber_id=OWNER, billing_account_id=home.owners.billing_account_id)
        home.links.shelf.announced.clear()

    def act(desk: Desk, _: Any) -> None:
        desk.billing.proofs[KEY.number] = "1207-NSK"
        proof = Proof(kind="contract_code", value="1207-NSK")
        desk.link(replace(an_acceptance(""), proof=proof))

    homes = _deaths(prepare, act)

    assert len(homes) > 5
    for home, _ in homes:
        act(home.process(), None)
        home.process().look_after_all()
        (link,) = home.process().accounts.linked_by(RELATIVE)
        assert link.grant is None
        assert sorted(home.announced) == ["BillingAccountLinked", "BillingAccountUnlinked"]


class _Between:
    """Lets something happen after a method of a port was called, once."""

    def __init__(self, thing: Any, method: str, then: Callable[[], object]) -> None:
        self._thing, self._method, self._then = thing, method, then
        self._happened = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._thing, name)

        def call(*arguments: Any, **options: Any) -> Any:
            result = method(*arguments, **options)
            if name == self._method and not self._happened:
                self._happened = True
                self._then()
            return result

        return call


class _Racing(Killer):
    """No killer: after the first call of a method, the other side acts."""

    def __init__(self, port: Any, method: str, then: Callable[[], object]) -> None:
        super().__init__()
        self._port, self._method, self._then = port, method, then

    def around(self, thing: Any) -> Any:
        return _Between(thing, self._method, self._then) if thing is self._port else thing


@pytest.mark.parametrize("method", ["on", "get"])
def test_of_an_acceptance_and_a_withdrawal_at_one_moment_one_wins_for_both_sides(method: str) -> None:
    """The offer is withdrawn after it was read by its code, or after it was read to be marked."""
    home = Home()
    offered = _offered(home)
    withdraw = lambda: home.process().end_as_owner(offered.given.offer.grant_id)  # noqa: E731

    with suppress(GrantCodeSpent, VersionConflict):
        home.process(_Racing(home.offers, method, withdraw)).accept(offered)
    home.process().look_after_all()

    assert _assert_both_sides_agree(home) is GrantState.ENDED
    assert home.announced.count("BillingAccountUnlinked") == home.announced.count("BillingAccountLinked")


def test_a_withdrawal_that_meets_a_fresh_acceptance_ends_the_link() -> None:
    home = Home()
    offered = _offered(home)
    accept = lambda: home.process().accept(offered)  # noqa: E731

    home.process(_Racing(home.links, "standing_on", accept)).end_as_owner(offered.given.offer.grant_id)

    assert _assert_both_sides_agree(home) is GrantState.ENDED
    _assert_ended_once(home)


def test_an_acceptance_in_flight_while_the_owner_unlinks_does_not_outlive_it() -> None:
    home = Home()
    offered = _offered(home)

    def leave() -> None:
        home.process().unlink(subscriber_id=OWNER, billing_account_id=home.owners.billing_account_id)
        while home.process().look_after():
            pass

    home.process(_Racing(home.links, "many", leave)).accept(offered)
    assert home.process().accounts.linked_by(RELATIVE) == []
    home.process().look_after_all()

    assert home.relatives is None
    assert home.announced == ["BillingAccountUnlinked", "BillingAccountLinked", "BillingAccountUnlinked"]


def test_an_acceptance_in_flight_while_the_owner_makes_it_a_relatives_does_not_outlive_it() -> None:
    home = Home()
    offered = _offered(home)

    def give_way() -> None:
        home.process().make_it_a_relatives()
        while home.process().look_after():
            pass

    with pytest.raises(GrantCodeSpent):
        home.process(_Racing(home.links, "many", give_way)).accept(offered)

    assert _assert_both_sides_agree(home) is GrantState.ENDED
    _assert_ended_once(home)


def test_an_offer_that_is_marked_as_it_is_taken_back_ends_all_the_same() -> None:
    """The relative's link was saved before, and its offer is marked between the reading and the withdrawal."""
    home = Home()
    offered = _offered(home)
    _die_between_link_and_offer(home, offered)
    home.process().make_it_a_relatives()

    def mark() -> None:
        offer = home.offers.get(offered.given.offer.grant_id)
        assert offer is not None
        offer.accept(now=home.clock.now())
        home.offers.save(offer)

    desk = home.process(_Racing(home.offers, "given_on", mark))
    while desk.look_after():
        pass
    home.process().look_after_all()

    assert _assert_both_sides_agree(home) is GrantState.ENDED
    _assert_ended_once(home)
