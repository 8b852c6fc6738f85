"""How links stand among the claims to their account."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.application.account_standing import AccountStanding
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.claim import Claim
from services.accounts.domain.proof_ladder import Action, ActionNotAllowed, Relation, Rung
from services.accounts.domain.standing import AccountDisputed, Standing, is_frozen, standing_of
from services.chassis.errors import FieldInvalid
from tests.accounts.builders import A_MORNING, KEY, make_account
from tests.accounts.fakes import FakeBillingAccounts, FakeSnapshots

_CLEAR, _DISPUTED = Standing.CLEAR, Standing.DISPUTED


def _at(minute: int) -> datetime:
    return A_MORNING + timedelta(minutes=minute)


def _claimed(name: str, minute: int = 0, *, confirmed: int | None = None, rung: Rung = Rung.MANAGE) -> BillingAccount:
    account = make_account(subscriber_id=f"sub_{name}", linked_at=_at(minute), rung=rung)
    if confirmed is not None:
        account.prove("contact_code", request_id=None, now=_at(confirmed))
    return account


def _standings(*accounts: BillingAccount, owner_since: datetime | None = None) -> list[Standing]:
    claims = [account.claim for account in accounts if account.claim]
    return [standing_of(account, owner_since=owner_since, claims=claims) for account in accounts]


def test_one_claim_stands_clear_and_two_freeze_each_other() -> None:
    assert _standings(_claimed("anna")) == [_CLEAR]
    assert _standings(_claimed("anna"), _claimed("boris", 1)) == [_DISPUTED, _DISPUTED]


@pytest.mark.parametrize("rung", [Rung.VIEW, Rung.MANAGE])
def test_a_code_of_the_contact_is_enough_for_a_claim(rung: Rung) -> None:
    assert _standings(_claimed("anna"), _claimed("boris", 1, rung=rung)) == [_DISPUTED, _DISPUTED]


def test_whoever_knows_only_what_was_paid_claims_nothing_and_is_frozen_by_nobody() -> None:
    payer = _claimed("payer", rung=Rung.PAY)

    assert _standings(_claimed("anna"), payer) == [_CLEAR, _CLEAR]
    assert _standings(_claimed("anna"), _claimed("boris", 1), payer)[2] == _CLEAR


def test_a_relative_claims_nothing_and_waits_for_the_owners_to_settle_it() -> None:
    relative = make_account(subscriber_id="sub_son", relation=Relation.RELATIVE)

    assert _standings(_claimed("anna"), relative) == [_CLEAR, _CLEAR]
    assert _standings(_claimed("anna"), _claimed("boris", 1), relative)[2] == _DISPUTED
    assert _standings(_claimed("anna", confirmed=2), _claimed("boris", 1), relative)[2] == _CLEAR


def test_the_one_who_reads_the_owner_s_mail_after_the_dispute_began_prevails() -> None:
    assert _standings(_claimed("anna", confirmed=2), _claimed("boris", 1)) == [_CLEAR, _DISPUTED]


def test_a_confirmation_from_before_the_other_claim_does_not_count() -> None:
    assert _standings(_claimed("anna", confirmed=1), _claimed("boris", 2)) == [_DISPUTED, _DISPUTED]


def test_of_two_who_both_read_the_mail_the_later_one_prevails() -> None:
    anna, boris = _claimed("anna", confirmed=3), _claimed("boris", 1, confirmed=4)

    assert _standings(anna, boris) == [_DISPUTED, _CLEAR]


def test_two_confirmations_at_the_same_moment_settle_nothing() -> None:
    assert _standings(_claimed("anna", confirmed=3), _claimed("boris", 1, confirmed=3)) == [_DISPUTED, _DISPUTED]


def test_a_third_claim_freezes_again_what_was_settled() -> None:
    settled = [_claimed("anna", confirmed=2), _claimed("boris", 1)]

    assert _standings(*settled, _claimed("clara", 5)) == [_DISPUTED] * 3


def test_a_claim_that_has_said_nothing_since_the_owner_changed_does_not_count() -> None:
    former, new = _claimed("anna", confirmed=1), _claimed("boris", 10)

    assert _standings(former, new, owner_since=_at(5))[1] == _CLEAR


def test_turning_a_claim_into_a_relative_s_account_ends_the_dispute() -> None:
    anna, boris = _claimed("anna"), _claimed("boris", 1, confirmed=3)

    boris.relate(Relation.RELATIVE, now=A_MORNING)

    assert _standings(anna, boris) == [_CLEAR, _CLEAR]
    assert not boris.allows(Action.ORDER_CONTENT)
    assert (boris.claimed_at, boris.confirmed_at) == (None, None)


def test_a_relative_s_account_becomes_no_claim_by_a_word() -> None:
    account = make_account(relation=Relation.RELATIVE)

    with pytest.raises(FieldInvalid):
        account.relate(Relation.OWN, now=A_MORNING)

    assert account.claim is None


def test_climbing_from_a_sum_to_a_code_claims_from_then_on() -> None:
    anna, payer = _claimed("anna", confirmed=3), _claimed("boris", 1, rung=Rung.PAY)
    assert _standings(anna, payer) == [_CLEAR, _CLEAR]

    payer.prove("contact_code", request_id=None, now=_at(5))

    assert (payer.rung, payer.claimed_at, payer.confirmed_at) == (Rung.VIEW, _at(5), None)
    assert _standings(anna, payer) == [_DISPUTED, _DISPUTED]


@pytest.mark.parametrize("rung", list(Rung))
@pytest.mark.parametrize("action", list(Action))
def test_a_dispute_freezes_money_and_obligations_and_leaves_to_look(action: Action, rung: Rung) -> None:
    accounts = FakeBillingAccounts()
    anna, boris = _claimed("anna", rung=rung), _claimed("boris", 1)
    accounts.save(anna)
    accounts.save(boris)
    standing = AccountStanding(accounts=accounts, snapshots=FakeSnapshots())

    if not anna.allows(action):
        with pytest.raises(ActionNotAllowed):
            standing.authorize(anna, action)
    elif rung is not Rung.PAY and action in {Action.PAY, Action.MANAGE, Action.ORDER_CONTENT}:
        with pytest.raises(AccountDisputed):
            standing.authorize(anna, action)
        assert standing.allowing([anna], action) == []
    else:
        standing.authorize(anna, action)
        assert standing.allowing([anna], action) == [anna]


def test_a_dispute_is_about_one_account_only() -> None:
    accounts = FakeBillingAccounts()
    disputed, other = _claimed("anna"), make_account(subscriber_id="sub_anna", key=AccountKey("54", "5400200002"))
    for account in (disputed, other, _claimed("boris", 1)):
        accounts.save(account)

    standings = AccountStanding(accounts=accounts, snapshots=FakeSnapshots()).of([disputed, other])

    assert [standings[account.billing_account_id] for account in (disputed, other)] == [_DISPUTED, _CLEAR]


_claims = st.lists(
    st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)).map(
        lambda minutes: Claim(
            billing_account_id="",
            claimed_at=_at(minutes[0]),
            confirmed_at=None if minutes[1] is None else _at(minutes[0] + minutes[1]),
        )
    ),
    max_size=6,
)


def _standings_of(claims: Sequence[Claim]) -> list[Standing]:
    accounts = []
    for number, claim in enumerate(claims):
        account = make_account(subscriber_id=f"sub_{number}", key=KEY, linked_at=claim.claimed_at)
        account.confirmed_at = claim.confirmed_at
        accounts.append(account)
    return _standings(*accounts)


@given(_claims)
def test_at_most_one_of_several_claims_is_clear_in_any_order(claims: list[Claim]) -> None:
    standings = _standings_of(claims)

    assert standings.count(_CLEAR) <= 1
    assert list(reversed(_standings_of(claims[::-1]))) == standings


@given(_claims.filter(lambda claims: len(claims) > 1))
def test_a_confirmation_after_everything_else_always_ends_a_dispute(claims: list[Claim]) -> None:
    settled = Claim(billing_account_id="", claimed_at=claims[0].claimed_at, confirmed_at=_at(60))

    assert _standings_of([settled, *claims[1:]]) == [_CLEAR] + [_DISPUTED] * (len(claims) - 1)


@given(_claims)
def test_a_new_claim_always_freezes_every_other(claims: list[Claim]) -> None:
    new = Claim(billing_account_id="", claimed_at=_at(60), confirmed_at=None)

    standings = _standings_of([*claims, new])

    assert standings == ([_DISPUTED] * len(standings) if claims else [_CLEAR])


def test_looking_is_never_frozen_by_a_dispute() -> None:
    assert not any(is_frozen(action, _DISPUTED) for action in (Action.VIEW, Action.DOCUMENTS))
