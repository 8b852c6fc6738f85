"""Linking an account."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.accounts.adapters.json_regions import load_regions
from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.link_billing_account import LinkBillingAccount, LinkRequest
from services.accounts.application.send_ownership_code import CodeRequest, SendOwnershipCode
from services.accounts.application.settle_number import MoveLinks
from services.accounts.application.weighed_links import WeighGrants
from services.accounts.domain.account_alias import AccountAlias
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import AlreadyLinked, BillingAccount, LabelInvalid
from services.accounts.domain.errors import RegionUnavailable
from services.accounts.domain.events import BillingAccountLinked
from services.accounts.domain.ordering_errors import RequestIdReused
from services.accounts.domain.ownership_attempts import OwnershipNotProved
from services.accounts.domain.proof_ladder import Action, Proof, ProofKindUnknown, Relation, Rung
from services.accounts.domain.region import RegionNotFound
from services.chassis.errors import TooManyAttempts
from tests.accounts.builders import KEY, PSEUDONYMS, SettableClock, make_limits
from tests.accounts.fakes import FakeAttempts, FakeBillingAccounts, FakeRegions, FakeSnapshots
from tests.accounts.feed_fakes import FakeAliases, a_settle_number

_REQUEST = LinkRequest(
    subscriber_id="sub_" + "1" * 32,
    request_id="req-1",
    region="54",
    number=KEY.number,
    relation=Relation.OWN,
    label="Дом",
    proof=Proof(kind="contract_code", value="1207-NSK"),
    client_address="192.0.2.7",
)
_BORIS = "sub_" + "2" * 32


class Desk:
    def __init__(self, accounts: FakeBillingAccounts | None = None) -> None:
        self.clock = SettableClock()
        self.accounts = accounts or FakeBillingAccounts()
        self.snapshots, self.aliases = FakeSnapshots(), FakeAliases()
        self.regions = FakeRegions(self.clock)
        self.regions.proofs = {KEY.number: "1207-NSK"}
        self.regions.contacts = {KEY.number}
        regions = load_regions(connected=["54"])
        standing = AccountStanding(accounts=self.accounts, snapshots=self.snapshots)
        self.link = LinkBillingAccount(
            accounts=self.accounts,
            weigh=WeighGrants(links=self.accounts, regions=regions, doubts=standing.doubted, clock=self.clock),
            standing=standing,
            current=CurrentNumbers(aliases=self.aliases),
            settle_number=a_settle_number(self.accounts, self.aliases, self.snapshots, self.clock),
            billing=self.regions,
            guard=self._guard("proof"),
            regions=regions,
            pseudonyms=PSEUDONYMS,
            clock=self.clock,
        )
        self._send_code = SendOwnershipCode(
            billing=self.regions,
            guard=self._guard("code"),
            current=CurrentNumbers(aliases=self.aliases),
            regions=regions,
            pseudonyms=PSEUDONYMS,
            clock=self.clock,
        )

    def _guard(self, purpose: str) -> AttemptGuard:
        return AttemptGuard(
            purpose=purpose,
            attempts=FakeAttempts(),
            limits=make_limits(pair=3),
            pseudonyms=PSEUDONYMS,
            clock=self.clock,
        )

    def send_code(self, *, subscriber_id: str = _REQUEST.subscriber_id, number: str = KEY.number) -> datetime:
        return self._send_code(
            CodeRequest(subscriber_id=subscriber_id, region="54", number=number, client_address=_REQUEST.client_address)
        )

    def link_by_code(self, *, subscriber_id: str = _REQUEST.subscriber_id, request_id: str = "") -> BillingAccount:
        """Have a code sent, read it at the contact, link by it a moment later."""
        self.send_code(subscriber_id=subscriber_id)
        self.clock.advance(minutes=1)
        code = next(reversed(self.regions.codes.values()))
        proof = Proof(kind="contact_code", value=code)
        return self.link(replace(_REQUEST, subscriber_id=subscriber_id, request_id=request_id, proof=proof))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_links_and_announces_once_when_the_region_says_yes(desk: Desk) -> None:
    account = desk.link(_REQUEST)
    again = desk.link(_REQUEST)

    assert again == account
    assert (account.key, account.label, account.rung) == (KEY, "Дом", Rung.MANAGE)
    (event,) = desk.accounts.shelf.announced
    assert isinstance(event, BillingAccountLinked)
    assert desk.regions.calls == ["verify_ownership"]


def test_linking_again_by_another_request_returns_the_link_and_asks_nobody(desk: Desk) -> None:
    account = desk.link(_REQUEST)

    again = desk.link(replace(_REQUEST, request_id="req-2", label="Дача"))

    assert again.billing_account_id == account.billing_account_id
    assert desk.regions.calls == ["verify_ownership"]


@pytest.mark.parametrize("other", [{"number": "5400200002"}, {"relation": Relation.RELATIVE}])
def test_refuses_another_account_or_relation_under_the_same_request(desk: Desk, other: Mapping[str, object]) -> None:
    account = desk.link(_REQUEST)

    with pytest.raises(RequestIdReused):
        desk.link(replace(_REQUEST, **other))  # type: ignore[arg-type]

    assert desk.accounts.linked_by(_REQUEST.subscriber_id) == [account]
    assert desk.regions.calls == ["verify_ownership"]


@pytest.mark.parametrize("moved", [True, False])
def test_the_same_request_by_the_account_s_old_number_returns_the_link(desk: Desk, moved: bool) -> None:
    """Also while the link is yet to follow its account."""
    account = desk.link(_REQUEST)
    alias = AccountAlias(old=KEY, new=AccountKey("54", "5400200077"), changed_at=desk.clock.now())
    desk.aliases.save(alias)
    if moved:
        MoveLinks(accounts=desk.accounts, clock=desk.clock)(alias)

    again = desk.link(_REQUEST)

    assert again.billing_account_id == account.billing_account_id
    assert desk.regions.calls == ["verify_ownership"]


def test_a_stronger_proof_of_another_relation_is_answered_alike_when_it_is_repeated(desk: Desk) -> None:
    desk.regions.proofs = {KEY.number: "80000"}
    sum_paid = Proof(kind="last_payment_minor", value="80000")
    desk.link(replace(_REQUEST, request_id="req-1", relation=Relation.RELATIVE, proof=sum_paid))
    desk.regions.proofs = {KEY.number: "1207-NSK"}

    first, again = (desk.link(replace(_REQUEST, request_id="req-2")) for _ in range(2))

    assert (first.rung, first.relation) == (Rung.MANAGE, Relation.RELATIVE)
    assert again == first


@pytest.mark.parametrize("wrong", [{"number": "5400299999"}, {"proof": Proof(kind="contract_code", value="0000-NSK")}])
def test_a_wrong_number_and_a_wrong_proof_answer_alike(desk: Desk, wrong: Mapping[str, object]) -> None:
    with pytest.raises(OwnershipNotProved) as refused:
        desk.link(replace(_REQUEST, **wrong))  # type: ignore[arg-type]

    assert (str(refused.value), refused.value.metadata) == ("The account number and the proof do not match.", {})
    assert desk.accounts.shelf.kept == {}


def test_wrong_proofs_lock_the_account_even_for_the_right_one_of_the_same_subscriber(desk: Desk) -> None:
    for _ in range(3):
        with pytest.raises(OwnershipNotProved):
            desk.link(replace(_REQUEST, proof=Proof(kind="contract_code", value="guess")))

    with pytest.raises(TooManyAttempts):
        desk.link(_REQUEST)

    assert desk.regions.calls == ["verify_ownership"] * 3


def test_a_stranger_s_wrong_proofs_lock_nobody_else_out(desk: Desk) -> None:
    for number in range(12):
        guess = replace(_REQUEST, subscriber_id=f"sub_{number:032d}", proof=Proof(kind="contract_code", value="guess"))
        for _ in range(3):
            with pytest.raises((OwnershipNotProved, TooManyAttempts)):
                desk.link(replace(guess, client_address=f"203.0.113.{number}"))

    assert desk.link(_REQUEST).is_linked


def test_a_region_that_does_not_answer_costs_no_attempt(desk: Desk) -> None:
    desk.regions.down()
    for _ in range(10):
        with pytest.raises(RegionUnavailable):
            desk.link(_REQUEST)

    desk.regions.up()

    assert desk.link(_REQUEST).is_linked


def test_a_stronger_proof_adds_what_it_deserves_and_a_weaker_one_takes_nothing(desk: Desk) -> None:
    desk.regions.proofs = {KEY.number: "80000"}
    weak = replace(_REQUEST, request_id="", proof=Proof(kind="last_payment_minor", value="80000"))
    account = desk.link(weak)
    assert list(account.allowed_actions) == [Action.PAY]

    desk.regions.proofs = {KEY.number: "1207-NSK"}
    stronger = desk.link(replace(_REQUEST, request_id=""))
    again = desk.link(weak)

    assert stronger.billing_account_id == account.billing_account_id
    assert again.allows(Action.ORDER_CONTENT)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"region": "25"}, RegionNotFound),
        ({"region": "99"}, RegionNotFound),
        ({"proof": Proof(kind="passport", value="1")}, ProofKindUnknown),
        ({"label": "ж" * 61}, LabelInvalid),
        ({"label": "a\nBcc: b"}, LabelInvalid),
    ],
)
def test_asks_no_region_about_what_is_wrong_in_itself(
    desk: Desk, wrong: Mapping[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        desk.link(replace(_REQUEST, **wrong))  # type: ignore[arg-type]

    assert desk.regions.calls == []


def test_linking_after_unlinking_makes_a_new_link(desk: Desk) -> None:
    first = desk.link(_REQUEST)
    first.unlink(now=desk.clock.now())
    desk.accounts.save(first)

    second = desk.link(_REQUEST)

    assert second.billing_account_id != first.billing_account_id


def test_a_code_of_the_contact_lets_see_and_nothing_more(desk: Desk) -> None:
    expires_at = desk.send_code()

    account = desk.link_by_code()

    assert set(account.allowed_actions) == {Action.VIEW, Action.DOCUMENTS, Action.PAY}
    assert account.confirmed_at is None
    assert timedelta(0) < expires_at - desk.clock.now() <= timedelta(minutes=10)


def test_asking_for_a_code_answers_alike_for_a_number_that_there_is_not(desk: Desk) -> None:
    assert desk.send_code(number="5400299999") == desk.send_code()
    assert list(desk.regions.codes) == [(KEY.number, next(iter(desk.regions.codes))[1])]


def test_no_code_is_asked_for_without_end_and_a_silent_region_costs_none(desk: Desk) -> None:
    desk.regions.down()
    for _ in range(10):
        with pytest.raises(RegionUnavailable):
            desk.send_code()
    desk.regions.up()
    for _ in range(3):
        desk.send_code()

    with pytest.raises(TooManyAttempts):
        desk.send_code()

    assert desk.send_code(subscriber_id=_BORIS)


def test_the_region_is_told_apart_who_claims_and_not_who_they_are(desk: Desk) -> None:
    desk.send_code()
    desk.send_code(subscriber_id=_BORIS)

    (_, anna), (_, boris) = desk.regions.codes

    assert anna != boris
    assert not {_REQUEST.subscriber_id, _BORIS} & {anna, boris}


def test_a_code_for_a_linked_account_confirms_the_claim_and_the_same_request_is_answered_alike(desk: Desk) -> None:
    linked = desk.link(_REQUEST)

    confirmed = desk.link_by_code(request_id="req-2")
    code = Proof(kind="contact_code", value="spent")
    again = desk.link(replace(_REQUEST, request_id="req-2", proof=code))

    assert confirmed.billing_account_id == linked.billing_account_id
    assert confirmed.rung is Rung.MANAGE
    assert confirmed.confirmed_at == desk.clock.now()
    assert again == confirmed


def test_a_code_adds_nothing_to_a_relatives_account_and_is_not_asked_about(desk: Desk) -> None:
    desk.link(replace(_REQUEST, relation=Relation.RELATIVE))

    again = desk.link(replace(_REQUEST, request_id="", proof=Proof(kind="contact_code", value="1234567")))

    assert again.confirmed_at is None
    assert desk.regions.calls == ["verify_ownership"]


class _ChangedMeanwhile(FakeBillingAccounts):
    """Another program of the same subscriber renames the link just before a code is recorded."""

    def save(self, account: BillingAccount, /) -> None:
        if account.confirmed_at is not None and self.shelf.kept[account.billing_account_id].label != "Дача":
            renamed = self.get(account.billing_account_id)
            assert renamed is not None
            renamed.rename("Дача")
            super().save(renamed)
        super().save(account)


def test_a_spent_code_is_not_lost_with_a_race() -> None:
    desk = Desk(_ChangedMeanwhile())
    desk.link(_REQUEST)

    confirmed = desk.link_by_code()

    assert (confirmed.label, confirmed.confirmed_at) == ("Дача", desk.clock.now())


class _Raced(FakeBillingAccounts):
    """A parallel call of the same subscriber links the account just before this one saves."""

    def save(self, account: BillingAccount, /) -> None:
        if not self.shelf.kept:
            rival = replace(account, billing_account_id="acc_" + "2" * 32, pending_events=[])
            super().save(rival)
            raise AlreadyLinked
        super().save(account)


def test_two_calls_at_the_same_moment_make_one_link() -> None:
    desk = Desk(_Raced())

    account = desk.link(_REQUEST)

    assert account.billing_account_id == "acc_" + "2" * 32
    assert len(desk.accounts.shelf.kept) == 1
