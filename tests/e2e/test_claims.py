"""The ladder of proofs and disputed accounts, through the whole suite: API, region, its letters, autopay."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.e2e.outside import Mailbox, Payer, RegionOffice
from tests.e2e.subscriber import Refused, Subscriber
from tests.support import eventually
from tests.support.running_suite import RunningSuite

_REGION = "54"
_OPENING_MINOR = 50_000  # what a plain account was opened with is its last payment
_RUBLES = {"amount_minor": 10_000, "currency": "RUB"}


@dataclass(kw_only=True)
class Town:
    """A region with an account of its own for each test, and people who want it."""

    suite: RunningSuite
    mailbox: Mailbox
    office: RegionOffice
    payer: Payer
    number: str = field(default_factory=lambda: f"54{secrets.randbelow(10**8):08d}")
    people: list[Subscriber] = field(default_factory=list)

    @property
    def contact(self) -> str:
        """The owner's mail address, which the region knows."""
        return f"owner-{self.number}@example.test"

    def somebody(self) -> Subscriber:
        login, password = f"claims.{secrets.token_hex(5)}", f"Claims {secrets.token_hex(6)}"
        subscriber = Subscriber(self.suite.url)
        self.people.append(subscriber)
        subscriber.register(login=login, password=password, email=f"{login}@example.test", mailbox=self.mailbox)
        return subscriber

    def link(self, who: Subscriber, *, kind: str = "contract_code", proof: str = "") -> Any:
        return who.link(region=_REGION, number=self.number, proof=proof or self.number, kind=kind)

    def confirm(self, who: Subscriber) -> Any:
        return who.link_by_contact(region=_REGION, number=self.number, mailbox=self.mailbox, contact=self.contact)

    def code(self, who: Subscriber) -> str:
        before = len(self.mailbox.ownership_codes(self.contact))
        who.post("/ownership-codes", {"region": _REGION, "number": self.number})
        return self.mailbox.next_ownership_code(self.contact, after=before)

    def pay(self, who: Subscriber, account_id: str, *, save: bool = False) -> Any:
        payment = who.pay(account_id, 10_000, method={"kind": "new_card", "save": save})
        self.payer.confirm(payment["confirmation_url"])
        return who.final_payment(payment["id"])


@pytest.fixture
def town(suite: RunningSuite) -> Iterator[Town]:
    town = Town(
        suite=suite,
        mailbox=Mailbox(suite.http("mailbox")),
        office=RegionOffice(suite.http("region-novosibirsk-control")),
        payer=Payer(suite.http("acquirer")),
    )
    town.office.open_accounts(first_number=int(town.number), count=1, balance_minor=_OPENING_MINOR)
    yield town
    for subscriber in town.people:
        subscriber.close()
    town.mailbox.close()
    town.office.close()
    town.payer.close()


def _code_of(action: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        action()
    return str(refused.value.problem["code"])


def _money_actions(who: Subscriber, account_id: str) -> dict[str, Callable[[], object]]:
    account = f"/billing-accounts/{account_id}"
    rule = {"trigger": {"kind": "first_of_month"}, "amount": _RUBLES, "payment_method_id": "pm_" + "0" * 32}
    return {
        "payment": lambda: who.pay(account_id, 10_000, method={"kind": "new_card"}),
        "autopay": lambda: who.post("/autopay-rules", {"billing_account_id": account_id, **rule}),
        "tariffs": lambda: who.get(f"{account}/tariffs"),
        "promise": lambda: who.post(f"{account}/promised-payments", {"amount": _RUBLES}, key=secrets.token_hex(16)),
        "content": lambda: who.post(
            "/content-quotes", {"offering_id": "off_irony-of-fate", "billing_account_id": account_id}
        ),
    }


def test_each_rung_gives_only_what_it_deserves(town: Town) -> None:
    payer, viewer, manager = town.somebody(), town.somebody(), town.somebody()

    paying = town.link(payer, kind="last_payment_minor", proof=str(_OPENING_MINOR))
    assert paying["allowed_actions"] == ["pay"]
    assert payer.get(f"/billing-accounts/{paying['id']}")["balance"]["value"] is None
    assert _code_of(_money_actions(payer, paying["id"])["tariffs"]) == "ACTION_NOT_ALLOWED"
    assert town.pay(payer, paying["id"])["state"] == "posted"

    viewing = town.confirm(viewer)
    assert viewing["allowed_actions"] == ["view", "documents", "pay"]
    assert viewer.balance_minor(viewing["id"]) == _OPENING_MINOR + 10_000
    actions = _money_actions(viewer, viewing["id"])
    for name in ("autopay", "tariffs", "promise", "content"):
        assert _code_of(actions[name]) == "ACTION_NOT_ALLOWED", name
    viewer.delete(f"/billing-accounts/{viewing['id']}")

    managing = town.link(manager, kind="bill_code")
    assert managing["allowed_actions"] == ["view", "documents", "pay", "manage", "order_content"]
    assert managing["standing"] == "clear", "whoever knows only a sum claims nothing"
    assert manager.get(f"/billing-accounts/{managing['id']}/tariffs")["items"]


def test_two_claims_freeze_money_for_both_until_one_reads_the_owner_s_mail(town: Town) -> None:
    anna, boris = town.somebody(), town.somebody()
    annas = town.link(anna)
    assert annas["standing"] == "clear"
    borises = town.link(boris, kind="bill_code")

    for who, account_id in ((anna, annas["id"]), (boris, borises["id"])):
        for name, action in _money_actions(who, account_id).items():
            assert _code_of(action) == "ACCOUNT_DISPUTED", name
        assert [notice["code"] for notice in who.overview()["notices"]] == ["ACCOUNT_DISPUTED"]
        assert who.balance_minor(account_id) == _OPENING_MINOR

    assert town.confirm(anna)["standing"] == "clear"
    assert town.pay(anna, annas["id"])["state"] == "posted"
    assert _code_of(_money_actions(boris, borises["id"])["payment"]) == "ACCOUNT_DISPUTED"
    assert anna.overview()["notices"] == []


@pytest.mark.parametrize("way", ["relative", "unlink"])
def test_a_dispute_ends_when_one_of_them_gives_way(town: Town, way: str) -> None:
    anna, boris = town.somebody(), town.somebody()
    annas, borises = town.link(anna), town.link(boris)

    if way == "relative":
        left = boris.patch(f"/billing-accounts/{borises['id']}", {"relation": "relative"})
        assert (left["relation"], left["standing"]) == ("relative", "clear")
        assert "order_content" not in left["allowed_actions"]
    else:
        boris.delete(f"/billing-accounts/{borises['id']}")

    assert anna.get(f"/billing-accounts/{annas['id']}")["standing"] == "clear"
    assert town.pay(anna, annas["id"])["state"] == "posted"


def test_autopay_waits_while_the_account_is_disputed_and_says_why(town: Town) -> None:
    anna, boris = town.somebody(), town.somebody()
    account_id = town.link(anna)["id"]
    town.pay(anna, account_id, save=True)
    card = anna.get("/payment-methods")["items"][0]["id"]
    minimum = {"amount_minor": 55_000, "currency": "RUB"}
    rule = anna.post(
        "/autopay-rules",
        {
            "billing_account_id": account_id,
            "payment_method_id": card,
            "trigger": {"kind": "threshold", "minimum_balance": minimum},
            "amount": _RUBLES,
        },
    )
    borises = town.link(boris)

    def decided() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = anna.get(f"/autopay-rules/{rule['id']}/decisions")["items"]
        return items

    town.office.charge(town.number, charge_id=f"fee-{secrets.token_hex(8)}", amount_minor=10_000)
    (skipped,) = eventually(decided, timeout_s=40, every_s=0.3)
    assert (skipped["outcome"], skipped["reasons"]) == ("skip", ["ACCOUNT_DISPUTED"])
    assert len(town.office.ledger(town.number)) == 3, "opened, paid by hand, billed: no automatic payment"

    boris.delete(f"/billing-accounts/{borises['id']}")
    town.pay(anna, account_id)  # above the minimum, and then down to it again
    eventually(lambda: anna.balance_minor(account_id) == _OPENING_MINOR + 10_000, timeout_s=20, every_s=0.3)
    town.office.charge(town.number, charge_id=f"fee-{secrets.token_hex(8)}", amount_minor=10_000)
    charged = eventually(
        lambda: next((decision for decision in decided() if decision["payment_id"]), None), timeout_s=60, every_s=0.3
    )
    assert anna.final_payment(charged["payment_id"])["state"] == "posted"


def test_a_code_is_good_once_and_dies_of_being_guessed(town: Town) -> None:
    anna, guesser = town.somebody(), town.somebody()
    code = town.code(anna)
    assert _code_of(lambda: town.link(guesser, kind="contact_code", proof=code)) == "OWNERSHIP_NOT_PROVED"
    assert town.link(anna, kind="contact_code", proof=code)["standing"] == "clear"
    assert _code_of(lambda: town.link(anna, kind="contact_code", proof=code)) == "OWNERSHIP_NOT_PROVED"

    code = town.code(guesser)
    wrong = f"{(int(code) + 1) % 10**7:07d}"
    codes = [_code_of(lambda: town.link(guesser, kind="contact_code", proof=wrong)) for _ in range(4)]

    assert codes == ["OWNERSHIP_NOT_PROVED"] * 4
    assert _code_of(lambda: town.link(guesser, kind="contact_code", proof=code)) == "TOO_MANY_ATTEMPTS"


def test_nobody_learns_which_numbers_there_are(town: Town) -> None:
    somebody = town.somebody()
    unknown = f"54{secrets.randbelow(10**8):08d}"

    def problem(number: str, kind: str) -> dict[str, Any]:
        body = {"region": _REGION, "number": number, "proof": {"kind": kind, "value": "guess"}}
        found = somebody.refusal("POST", "/billing-accounts", body)
        return {name: value for name, value in found.items() if name != "instance"}

    assert problem(town.number, "contract_code") == problem(unknown, "contract_code")
    assert problem(town.number, "contact_code") == problem(unknown, "contact_code")
    answers = [
        somebody.post("/ownership-codes", {"region": _REGION, "number": number}) for number in (unknown, town.number)
    ]
    assert [set(answer) for answer in answers] == [{"expires_at"}] * 2


def test_a_code_that_came_too_late_is_worth_nothing(town: Town) -> None:
    """The clock stays ahead: set back, whatever is due would have others wait."""
    anna = town.somebody()
    code = town.code(anna)

    town.suite.move_clock(timedelta(minutes=10, seconds=5))
    anna.renew()

    assert _code_of(lambda: town.link(anna, kind="contact_code", proof=code)) == "OWNERSHIP_NOT_PROVED"
    assert town.confirm(anna)["standing"] == "clear"
