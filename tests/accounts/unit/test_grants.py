"""Grants on a relative's link: what is offered, accepted, allowed and frozen; `test_grant_ends` has their ends."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import BillingAccount, LabelInvalid
from services.accounts.domain.errors import BillingAccountNotFound
from services.accounts.domain.grant import (
    GrantCodeSpent,
    GrantEnd,
    GrantFrozen,
    GrantNotFound,
    GrantState,
    GrantTerms,
    LinkedOtherwise,
    OnlyOwnerGrants,
)
from services.accounts.domain.grant_code import GrantCode
from services.accounts.domain.grant_offer import GrantOffersTooMany
from services.accounts.domain.ordering_errors import RequestIdMissing, RequestIdReused
from services.accounts.domain.ownership_attempts import OwnershipNotProved
from services.accounts.domain.proof_ladder import Action, ActionNotAllowed, Proof, Relation, Rung
from services.chassis.errors import FieldInvalid, TooManyAttempts
from services.chassis.money import Money
from tests.accounts.builders import KEY, make_account
from tests.accounts.grant_fakes import (
    OFFER_OPEN_FOR,
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


def test_an_accepted_grant_allows_what_was_granted_and_nothing_else(desk: Desk) -> None:
    offered = desk.offer(terms=terms(Action.PAY, Action.VIEW))

    link = desk.accept(offered)

    assert (link.key, link.relation, link.label) == (KEY, Relation.RELATIVE, "Мама")
    assert list(desk.mine().allowed_actions) == [Action.VIEW, Action.PAY]
    with pytest.raises(ActionNotAllowed):
        desk.mine().authorize(Action.MANAGE)
    assert desk.billing.calls == []
    assert desk.state() == (GrantState.ACTIVE, None)
    assert desk.home.announced == ["BillingAccountLinked"]


def test_a_link_on_a_grant_that_was_not_weighed_allows_nothing(desk: Desk) -> None:
    desk.accept(desk.offer())

    kept = desk.home.relatives

    assert kept is not None and list(kept.allowed_actions) == []


def test_a_code_is_read_as_people_type_it(desk: Desk) -> None:
    offered = desk.offer()
    assert offered.code is not None
    typed = f" {offered.code.shown().lower().replace('0', 'o').replace('1', 'l').replace('-', ' ')} "

    assert desk.link(an_acceptance(typed)).is_linked


def test_a_code_is_kept_as_a_hash_only_and_shown_nowhere(desk: Desk) -> None:
    offered = desk.offer()
    assert offered.code is not None

    kept = repr(desk.home.offers.shelf.kept) + repr(offered)

    assert offered.code.symbols not in kept
    assert offered.code.shown() not in kept


def test_codes_have_fifty_random_bits_without_look_alikes() -> None:
    codes = {GrantCode.new().symbols for _ in range(200)}

    assert len(codes) == 200
    assert all(len(code) == 10 and not set("ILOU") & set(code) for code in codes)


def test_a_repeated_request_is_the_same_grant_without_its_code(desk: Desk) -> None:
    first = desk.offer()

    again = desk.offer()

    assert again.given.offer.grant_id == first.given.offer.grant_id
    assert (first.code is None, again.code) == (False, None)
    assert desk.accept(first).is_linked


@pytest.mark.parametrize("change", [{"terms": terms(Action.VIEW)}, {"label": "дочь"}])
def test_refuses_another_content_under_the_same_request(desk: Desk, change: dict[str, Any]) -> None:
    desk.offer()

    with pytest.raises(RequestIdReused):
        desk.offer(**change)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"request_id": ""}, RequestIdMissing),
        ({"subscriber_id": RELATIVE}, BillingAccountNotFound),
        ({"billing_account_id": "acc_" + "0" * 32}, BillingAccountNotFound),
        ({"label": "x" * 61}, LabelInvalid),
        ({"terms": terms(ends_on=_TODAY - timedelta(days=1))}, FieldInvalid),
        ({"terms": terms(ends_on=date(9999, 12, 31))}, FieldInvalid),
    ],
)
def test_offers_nothing_that_is_wrong(desk: Desk, change: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        desk.offer(**change)

    assert desk.home.offers.shelf.kept == {}


@pytest.mark.parametrize(
    ("actions", "limit", "field"),
    [
        ([], None, "actions"),
        ([Action.VIEW], Money(100), "monthly_pay_limit"),
        ([Action.PAY], Money(0), "monthly_pay_limit"),
        ([Action.PAY], Money(-1), "monthly_pay_limit"),
        ([Action.PAY], Money(1, "USD"), "monthly_pay_limit"),
    ],
)
def test_terms_make_sense_or_are_refused(actions: list[Action], limit: Money | None, field: str) -> None:
    with pytest.raises(FieldInvalid) as refused:
        GrantTerms.of(actions, monthly_pay_limit=limit, ends_on=None)

    assert refused.value.metadata["field"] == field


@pytest.mark.parametrize(
    ("relation", "rung", "error"),
    [
        (Relation.RELATIVE, Rung.MANAGE, OnlyOwnerGrants),
        (Relation.OWN, Rung.PAY, ActionNotAllowed),
    ],
)
def test_only_an_owner_who_may_manage_grants(relation: Relation, rung: Rung, error: type[Exception]) -> None:
    home = Home()
    weaker = make_account(subscriber_id=RELATIVE, relation=relation, rung=rung)
    home.links.save(weaker)

    with pytest.raises(error):
        home.process().offer(subscriber_id=RELATIVE, billing_account_id=weaker.billing_account_id)


def test_grants_do_not_cascade(desk: Desk) -> None:
    link = desk.accept(desk.offer(terms=terms(*Action)))

    with pytest.raises(OnlyOwnerGrants):
        desk.offer(subscriber_id=RELATIVE, billing_account_id=link.billing_account_id)


def test_ten_offers_are_open_at_once_and_an_ended_one_makes_room(desk: Desk) -> None:
    first, *_ = [desk.offer(request_id=f"req-{number}") for number in range(10)]
    with pytest.raises(GrantOffersTooMany):
        desk.offer(request_id="req-10")

    desk.end_as_owner(first.given.offer.grant_id)

    assert desk.offer(request_id="req-10").code is not None


@pytest.mark.parametrize("wrong", [{"number": "5400299999"}, {"proof": Proof(kind="grant_code", value="00000-00000")}])
def test_a_wrong_number_and_a_wrong_code_answer_alike_and_count(desk: Desk, wrong: dict[str, Any]) -> None:
    offered = desk.offer()
    for _ in range(3):
        with pytest.raises(OwnershipNotProved) as refused:
            desk.accept(offered, **wrong)
        assert refused.value.metadata == {}

    with pytest.raises(TooManyAttempts):
        desk.accept(offered, **wrong)


def test_a_grant_is_accepted_as_a_relatives_account_only(desk: Desk) -> None:
    with pytest.raises(FieldInvalid):
        desk.accept(desk.offer(), relation=Relation.OWN)


def test_a_code_is_good_once(desk: Desk) -> None:
    offered = desk.offer()
    desk.accept(offered)

    with pytest.raises(GrantCodeSpent):
        desk.accept(offered, subscriber_id="sub_" + "3" * 32)


def test_the_same_code_again_by_whoever_accepted_it_returns_the_link(desk: Desk) -> None:
    offered = desk.offer()

    first, again = desk.accept(offered), desk.accept(offered)

    assert first.billing_account_id == again.billing_account_id


def test_a_code_of_an_ended_grant_opens_nothing_again(desk: Desk) -> None:
    offered = desk.offer()
    link = desk.accept(offered)
    desk.unlink(subscriber_id=RELATIVE, billing_account_id=link.billing_account_id)

    with pytest.raises(GrantCodeSpent):
        desk.accept(offered)


def test_a_code_runs_out_and_is_said_to_have(desk: Desk) -> None:
    offered = desk.offer()
    desk.home.clock.advance(seconds=OFFER_OPEN_FOR.total_seconds())

    with pytest.raises(GrantCodeSpent):
        desk.accept(offered)

    assert desk.state() == (GrantState.ENDED, GrantEnd.NOT_ACCEPTED)


def test_a_withdrawn_offer_opens_nothing_and_is_withdrawn_once(desk: Desk) -> None:
    offered = desk.offer()

    first = desk.end_as_owner(offered.given.offer.grant_id)
    again = desk.end_as_owner(offered.given.offer.grant_id)

    assert first == again
    assert desk.state() == (GrantState.ENDED, GrantEnd.OWNER)
    with pytest.raises(GrantCodeSpent):
        desk.accept(offered)


@pytest.mark.parametrize("relation", [Relation.OWN, Relation.RELATIVE])
def test_one_link_stands_on_one_basis(desk: Desk, relation: Relation) -> None:
    desk.home.links.save(make_account(subscriber_id=RELATIVE, relation=relation, rung=Rung.PAY))
    offered = desk.offer()

    with pytest.raises(LinkedOtherwise):
        desk.accept(offered)

    assert desk.state()[0] is GrantState.OFFERED


def test_a_proof_does_not_lift_a_link_that_stands_on_a_grant(desk: Desk) -> None:
    desk.accept(desk.offer())

    with pytest.raises(LinkedOtherwise):
        desk.link(replace(an_acceptance(""), proof=_BY_PROOF))

    assert desk.billing.calls == []


def test_a_grant_that_is_accepted_while_a_region_looks_at_a_proof_stays_the_basis(desk: Desk) -> None:
    offered = desk.offer()
    desk.billing.proofs[KEY.number] = _BY_PROOF.value

    def accept(method: str) -> None:
        if method == "verify_ownership":
            desk.home.process().accept(offered)

    desk.billing.trouble = accept

    with pytest.raises(LinkedOtherwise):
        desk.link(replace(an_acceptance(""), proof=_BY_PROOF))

    assert (desk.mine().rung, list(desk.mine().allowed_actions)) == (Rung.PAY, [Action.VIEW, Action.PAY])


def test_a_repeated_acceptance_returns_the_link_and_one_of_another_account_is_refused(desk: Desk) -> None:
    offered = desk.offer()
    first = desk.accept(offered, request_id="req-7")
    elsewhere = make_account(subscriber_id=OWNER, key=AccountKey("54", "5400200002"))
    desk.home.links.save(elsewhere)
    other = desk.offer(billing_account_id=elsewhere.billing_account_id, request_id="req-2")
    spent = Proof(kind="grant_code", value="00000-00000")

    again = desk.accept(offered, request_id="req-7", proof=spent)
    with pytest.raises(RequestIdReused):
        desk.accept(other, request_id="req-7", number=elsewhere.key.number)

    assert again.billing_account_id == first.billing_account_id
    assert len(desk.accounts.linked_by(RELATIVE)) == 1
    assert desk.accept(other, request_id="req-8", number=elsewhere.key.number).key == elsewhere.key


def test_while_the_owner_is_in_doubt_the_grant_is_frozen_and_thaws_by_itself(desk: Desk) -> None:
    desk.accept(desk.offer())
    desk.home.doubted = {desk.home.owners.billing_account_id}

    frozen = desk.mine()

    assert list(frozen.allowed_actions) == []
    with pytest.raises(GrantFrozen):
        frozen.authorize(Action.VIEW)
    assert desk.state() == (GrantState.FROZEN, None)
    desk.home.doubted = set()
    assert desk.mine().allows(Action.VIEW)


def test_a_frozen_grant_cannot_be_accepted_but_either_side_can_end_it(desk: Desk) -> None:
    offered = desk.offer()
    other = desk.offer(request_id="req-2")
    link = desk.accept(offered)
    desk.home.doubted = {desk.home.owners.billing_account_id}

    with pytest.raises(GrantFrozen):
        desk.accept(other, subscriber_id="sub_" + "3" * 32)
    desk.unlink(subscriber_id=RELATIVE, billing_account_id=link.billing_account_id)

    assert desk.home.relatives is None
    assert desk.end_as_owner(other.given.offer.grant_id).grant_end is GrantEnd.OWNER


def test_the_owners_list_shows_what_ended_for_a_year(desk: Desk) -> None:
    never_accepted, accepted = desk.offer(), desk.offer(request_id="req-2")
    desk.accept(accepted)
    for offered in (never_accepted, accepted):
        desk.end_as_owner(offered.given.offer.grant_id)
    desk.home.clock.advance(days=364)
    assert len(desk.given()) == 2

    desk.home.clock.advance(days=2)

    assert desk.given() == []


def test_anothers_grants_look_absent(desk: Desk) -> None:
    offered = desk.offer()
    theirs = make_account(subscriber_id=RELATIVE)
    desk.home.links.save(theirs)

    with pytest.raises(BillingAccountNotFound):
        desk.list_given(subscriber_id=RELATIVE, billing_account_id=desk.home.owners.billing_account_id)
    with pytest.raises(GrantNotFound):
        desk.end(
            subscriber_id=RELATIVE,
            billing_account_id=theirs.billing_account_id,
            grant_id=offered.given.offer.grant_id,
        )
    assert desk.list_given(subscriber_id=RELATIVE, billing_account_id=theirs.billing_account_id) == []


def test_reading_links_asks_for_all_grantors_at_once_and_for_none_without_grants(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[str]] = []
    many = desk.home.links.many

    def counted(ids: Iterable[str], /) -> Mapping[str, BillingAccount]:
        asked.append(set(ids))
        return many(asked[-1])

    monkeypatch.setattr(desk.home.links, "many", counted)
    desk.accounts.linked_by(OWNER)
    assert asked == []
    desk.accept(desk.offer())
    asked.clear()
    desk.accounts.linked_by(RELATIVE)

    assert asked == [{desk.home.owners.billing_account_id}]
