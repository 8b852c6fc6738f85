"""Linking an account."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from services.accounts.adapters.json_regions import load_regions
from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.link_billing_account import LinkBillingAccount, LinkRequest
from services.accounts.application.standings import Standings
from services.accounts.domain.billing_account import AlreadyLinked, BillingAccount, LabelInvalid
from services.accounts.domain.errors import RegionUnavailable
from services.accounts.domain.events import BillingAccountLinked
from services.accounts.domain.ownership_attempts import AttemptLimit, OwnershipNotProved
from services.accounts.domain.proof_ladder import Action, Proof, ProofKindUnknown, Relation, Rung
from services.accounts.domain.region import RegionNotFound
from services.chassis.errors import TooManyAttempts
from tests.accounts.builders import KEY, SettableClock
from tests.accounts.fakes import FakeAttempts, FakeBillingAccounts, FakeRegions, FakeSnapshots
from tests.accounts.feed_fakes import FakeAliases

_REQUEST = LinkRequest(
    subscriber_id="sub_" + "1" * 32,
    request_id="req-1",
    region="54",
    number=KEY.number,
    relation=Relation.OWN,
    label="Дом",
    proof=Proof(kind="contract_code", value="1207-NSK"),
)


class Desk:
    def __init__(self, accounts: FakeBillingAccounts | None = None) -> None:
        self.clock = SettableClock()
        self.accounts = accounts or FakeBillingAccounts()
        self.snapshots, self.aliases = FakeSnapshots(), FakeAliases()
        self.regions = FakeRegions(self.clock)
        self.regions.proofs = {KEY.number: "1207-NSK"}
        limit = AttemptLimit(most=3, window=timedelta(hours=1))
        self.link = LinkBillingAccount(
            accounts=self.accounts,
            standings=Standings(snapshots=self.snapshots),
            current=CurrentNumbers(aliases=self.aliases),
            billing=self.regions,
            guard=AttemptGuard(attempts=FakeAttempts(), per_account=limit, per_subscriber=limit, clock=self.clock),
            regions=load_regions(connected=["54"]),
            clock=self.clock,
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_links_and_announces_once_when_the_region_says_yes(desk: Desk) -> None:
    account = desk.link(_REQUEST)
    again = desk.link(_REQUEST)

    assert again == account
    assert (account.key, account.label, account.rung) == (KEY, "Дом", Rung.FULL)
    (event,) = desk.accounts.shelf.announced
    assert isinstance(event, BillingAccountLinked)
    assert desk.regions.calls == ["verify_ownership"]


def test_linking_again_by_another_request_returns_the_link_and_asks_nobody(desk: Desk) -> None:
    account = desk.link(_REQUEST)

    again = desk.link(replace(_REQUEST, request_id="req-2", label="Дача"))

    assert again.billing_account_id == account.billing_account_id
    assert desk.regions.calls == ["verify_ownership"]


@pytest.mark.parametrize("wrong", [{"number": "5400299999"}, {"proof": Proof(kind="contract_code", value="0000-NSK")}])
def test_a_wrong_number_and_a_wrong_proof_answer_alike(desk: Desk, wrong: Mapping[str, object]) -> None:
    with pytest.raises(OwnershipNotProved) as refused:
        desk.link(replace(_REQUEST, **wrong))  # type: ignore[arg-type]

    assert (str(refused.value), refused.value.metadata) == ("The account number and the proof do not match.", {})
    assert desk.accounts.shelf.kept == {}


def test_wrong_proofs_lock_the_account_even_for_the_right_one(desk: Desk) -> None:
    for _ in range(3):
        with pytest.raises(OwnershipNotProved):
            desk.link(replace(_REQUEST, proof=Proof(kind="contract_code", value="guess")))

    with pytest.raises(TooManyAttempts):
        desk.link(_REQUEST)

    assert desk.regions.calls == ["verify_ownership"] * 3


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
