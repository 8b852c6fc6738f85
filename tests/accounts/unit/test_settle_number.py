"""A link made at the very moment of a change of number: it goes by the number that its account has, and by no other
account's, also after a kill."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.accounts.application.change_number import ChangeNumber
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.link_billing_account import LinkBillingAccount, LinkRequest
from services.accounts.application.settle_number import MoveLinks
from services.accounts.domain.account_alias import AccountAlias
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.feed import NumberChange
from services.accounts.domain.ownership_attempts import OwnershipNotProved
from services.accounts.domain.proof_ladder import Proof, Relation, Rung
from tests.accounts.builders import KEY, make_account
from tests.accounts.feed_fakes import FakeWishNumbers
from tests.accounts.grant_fakes import OWNER, RELATIVE, Home, Killer, lived

_NEW, _CLOSED = AccountKey("54", "5400200077"), AccountKey("54", "5400200099")
_STRANGER = "sub_" + "3" * 32
_REQUEST = LinkRequest(
    subscriber_id=_STRANGER,
    request_id="req-1",
    region="54",
    number=KEY.number,
    relation=Relation.OWN,
    label="",
    proof=Proof(kind="contract_code", value="1207-NSK"),
    client_address="192.0.2.7",
)


@pytest.fixture
def home() -> Home:
    return Home()


def _change(home: Home, old: AccountKey, new: AccountKey) -> None:
    change = ChangeNumber(
        aliases=home.aliases,
        accounts=home.links,
        snapshots=home.snapshots,
        wishes=FakeWishNumbers(),
        current=CurrentNumbers(aliases=home.aliases),
        move_links=MoveLinks(accounts=home.links, clock=home.clock),
        clock=home.clock,
    )
    home.clock.advance(seconds=1)
    change(NumberChange(old=old, new=new, changed_at=home.clock.now()))


def _desk(home: Home, killer: Killer | None = None, *, meanwhile: tuple[AccountKey, AccountKey]) -> LinkBillingAccount:
    """Return the way to link by a proof, at a region that tells of a change of number while it looks at the proof."""
    desk = home.process(killer)
    desk.billing.proofs = {KEY.number: "1207-NSK", _CLOSED.number: "1207-NSK"}

    def tell(method: str) -> None:
        if method == "verify_ownership":
            _change(home, *meanwhile)

    desk.billing.trouble = tell
    return desk.link.by_proof


def test_a_link_made_while_its_account_changes_number_goes_by_the_new_one(home: Home) -> None:
    link = _desk(home, meanwhile=(KEY, _NEW))(_REQUEST)

    assert link.key == _NEW
    assert home.links.linked_to(_NEW, subscriber_id=_STRANGER) == link
    assert home.links.linked_to(KEY, subscriber_id=_STRANGER) is None


def test_a_link_saved_by_a_killed_process_is_moved_by_whoever_looks_after_links(home: Home) -> None:
    for after in range(1, 50):
        home = Home()
        linking = _desk(home, Killer(after), meanwhile=(KEY, _NEW))
        finished = lived(lambda linking=linking: linking(_REQUEST))  # type: ignore[misc]

        home.clock.advance(minutes=1)
        home.process().look_after_all()

        assert home.links.linked_to(KEY, subscriber_id=_STRANGER) is None
        if finished:
            assert home.links.linked_to(_NEW, subscriber_id=_STRANGER) is not None
            return
    raise AssertionError("it never finished")


def test_a_proof_of_an_account_whose_number_another_took_meanwhile_links_nothing(home: Home) -> None:
    linking = _desk(home, meanwhile=(KEY, _CLOSED))

    with pytest.raises(OwnershipNotProved):
        linking(replace(_REQUEST, number=_CLOSED.number))

    _assert_owners_alone(home)


def test_such_a_link_of_a_killed_process_ends_too() -> None:
    for after in range(1, 50):
        home = Home()
        linking = _desk(home, Killer(after), meanwhile=(KEY, _CLOSED))

        try:
            finished = lived(lambda linking=linking: linking(replace(_REQUEST, number=_CLOSED.number)))  # type: ignore[misc]
        except OwnershipNotProved:
            finished = True
        home.clock.advance(minutes=1)
        home.process().look_after_all()

        assert home.links.linked_to(_CLOSED, subscriber_id=_STRANGER) is None
        if finished:
            return _assert_owners_alone(home)
    raise AssertionError("it never finished")


def test_such_a_link_that_was_saved_before_the_figures_were_ends_with_the_change(home: Home) -> None:
    late = make_account(subscriber_id=_STRANGER, key=_CLOSED, linked_at=home.clock.now())
    save = home.aliases.save

    def saved_late(alias: AccountAlias) -> None:
        if late.version == 0:
            home.links.save(late)
        save(alias)

    home.aliases.save = saved_late  # type: ignore[method-assign]

    _change(home, KEY, _CLOSED)

    _assert_owners_alone(home)


def test_who_has_the_account_under_both_numbers_keeps_the_elder_link_and_both_proofs(home: Home) -> None:
    elder = home.links.get(home.owners.billing_account_id)
    assert elder is not None
    elder.rung = Rung.PAY
    home.links.save(elder)

    link = _desk(home, meanwhile=(KEY, _NEW))(replace(_REQUEST, subscriber_id=OWNER))

    assert (link.billing_account_id, link.key, link.rung) == (elder.billing_account_id, _NEW, Rung.MANAGE)
    assert len(home.links.linked_by(OWNER)) == 1


def test_a_grant_accepted_while_the_account_changes_number_goes_by_the_new_one(home: Home) -> None:
    offered = home.process().offer()
    desk = home.process()
    opened = home.offers.on

    def changed_meanwhile(key: AccountKey) -> object:
        found = opened(key)
        _change(home, KEY, _NEW)
        return found

    home.offers.on = changed_meanwhile  # type: ignore[assignment, method-assign]

    link = desk.accept(offered)

    assert link.key == _NEW
    assert link.allowed_actions
    assert home.links.linked_to(KEY, subscriber_id=RELATIVE) is None


def test_a_link_that_was_moved_is_not_taken_for_one_of_the_numbers_former_account(home: Home) -> None:
    link = _desk(home, meanwhile=(KEY, _NEW))(_REQUEST)

    home.clock.advance(seconds=timedelta(minutes=1).total_seconds())
    home.process().look_after_all()

    standing = home.links.get(link.billing_account_id)
    assert standing is not None
    assert (standing.is_linked, standing.due_at) == (True, None)


def _assert_owners_alone(home: Home) -> None:
    linked = [link.billing_account_id for link in home.links.on(_CLOSED) if link.is_linked]
    assert linked == [home.owners.billing_account_id]
