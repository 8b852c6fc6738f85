"""Another owner, another number: told by a region's books, and what subscribers see and do afterwards."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.outside import Mailbox, Payer, RegionOffice
from tests.e2e.subscriber import Subscriber
from tests.support import eventually
from tests.support.running_suite import RunningSuite

_REGION = "54"
_NUMBERS = iter(range(870_000_000, 880_000_000, 10))
_RICH = 100_000
_FEE = 40_000


class Scene:
    """One account of a region, the people around it, and the outside world."""

    def __init__(self, suite: RunningSuite) -> None:
        self._suite = suite
        self.mailbox = Mailbox(suite.http("mailbox"))
        self.payer = Payer(suite.http("acquirer"))
        self.office = RegionOffice(suite.http("region-novosibirsk-control"))
        self.number = str(next(_NUMBERS))
        self.office.open_accounts(first_number=int(self.number), count=1, balance_minor=_RICH)

    def subscriber(self) -> tuple[Subscriber, str]:
        """Return somebody new, with their address."""
        login = f"passing.{secrets.token_hex(5)}"
        somebody, email = Subscriber(self._suite.url), f"{login}@example.test"
        somebody.register(login=login, password=f"Passing {secrets.token_hex(6)}", email=email, mailbox=self.mailbox)
        return somebody, email

    def pay(self, who: Subscriber, account_id: str) -> dict[str, Any]:
        """Pay by a card that is saved."""
        payment = who.pay(account_id, 10_000, method={"kind": "new_card", "save": True})
        self.payer.confirm(payment["confirmation_url"])
        final: dict[str, Any] = who.final_payment(payment["id"])
        return final

    def autopay(self, who: Subscriber, account_id: str) -> str:
        """Have the account topped up when a fee has been billed; return the rule's id."""
        self.pay(who, account_id)
        rule = who.post(
            "/autopay-rules",
            {
                "billing_account_id": account_id,
                "trigger": {"kind": "threshold", "minimum_balance": _rubles(_RICH)},
                "payment_method_id": who.get("/payment-methods")["items"][0]["id"],
                "amount": _rubles(30_000),
            },
        )
        rule_id: str = rule["id"]
        return rule_id


@pytest.fixture
def scene(suite: RunningSuite) -> Iterator[Scene]:
    scene = Scene(suite)
    yield scene
    scene.mailbox.close()
    scene.payer.close()
    scene.office.close()


def test_whoever_had_an_account_before_sees_nothing_of_it_and_their_autopay_rests(scene: Scene) -> None:
    (anna, _), (boris, _) = scene.subscriber(), scene.subscriber()
    hers = anna.link(region=_REGION, number=scene.number, proof=scene.number, label="Дом")["id"]
    her_rule = scene.autopay(anna, hers)
    scene.office.change_owner(scene.number, payer_name="Новосёлов Борис", code="NEW-CODE")
    account = eventually(lambda: _standing(anna, hers, "owner_changed"), timeout_s=30, every_s=0.2)

    his = boris.link(region=_REGION, number=scene.number, proof="NEW-CODE")["id"]
    his_rule = scene.autopay(boris, his)
    scene.office.charge(scene.number, charge_id=f"fee-{secrets.token_hex(6)}", amount_minor=_FEE)
    fired = eventually(lambda: _fired(boris, his_rule), timeout_s=60, every_s=0.3)

    assert account["allowed_actions"] == ["pay"]
    assert account["balance"]["value"] is None
    assert anna.refusal("GET", f"/billing-accounts/{hers}/charges")["code"] == "PROOF_OUTDATED"
    notices = [notice["code"] for notice in anna.overview()["notices"]]
    assert notices == ["OWNER_CHANGED"]
    assert scene.payer.charged_minor(fired["payment_id"]) == 30_000
    assert _fired(anna, her_rule) is None
    assert len(anna.get("/payments")["items"]) == 1
    boris.delete(f"/billing-accounts/{his}")  # two who prove one account as their own would dispute it
    healed = anna.link(region=_REGION, number=scene.number, proof="NEW-CODE")
    assert (healed["id"], healed["standing"]) == (hers, "clear")


def test_an_account_goes_on_under_another_number_with_its_payments_and_bills(scene: Scene) -> None:
    anna, email = scene.subscriber()
    account_id = anna.link(region=_REGION, number=scene.number, proof=scene.number)["id"]
    _consent(scene, anna, account_id, email)
    new_number = str(int(scene.number) + 1)
    scene.office.change_number(scene.number, new_number=new_number)
    account = eventually(lambda: _numbered(anna, account_id, new_number), timeout_s=30, every_s=0.2)

    paid = scene.pay(anna, account_id)
    issued = scene.office.issue_bill(scene.number)
    bill = eventually(lambda: _mailed_bill(anna, issued["bill_number"]), timeout_s=60, every_s=0.3)

    assert account["former_numbers"] == [scene.number]
    assert paid["state"] == "posted"
    assert paid["id"] in {row["external_id"] for row in scene.office.ledger(scene.number)}
    assert bill["billing_account_id"] == account_id
    again = anna.link(region=_REGION, number=scene.number, proof=scene.number)
    assert again["id"] == account_id


def _account(who: Subscriber, account_id: str) -> dict[str, Any]:
    account: dict[str, Any] = who.get(f"/billing-accounts/{account_id}")
    return account


def _standing(who: Subscriber, account_id: str, standing: str) -> dict[str, Any] | None:
    account = _account(who, account_id)
    return account if account["standing"] == standing else None


def _numbered(who: Subscriber, account_id: str, number: str) -> dict[str, Any] | None:
    account = _account(who, account_id)
    return account if account["number"] == number else None


def _fired(who: Subscriber, rule_id: str) -> dict[str, Any] | None:
    decisions = who.get(f"/autopay-rules/{rule_id}/decisions")["items"]
    return next((decision for decision in decisions if decision["payment_id"]), None)


def _consent(scene: Scene, who: Subscriber, account_id: str, email: str) -> None:
    path = f"/billing-accounts/{account_id}/bill-delivery"
    who.put(path, {"email": email, "consent": {"version": who.get(path)["consent_version"]}})
    link = scene.mailbox.link(email, containing="/bill-delivery-confirmations/")
    who.post(f"/bill-delivery-confirmations/{link.rsplit('/', 1)[-1]}", None)


def _mailed_bill(who: Subscriber, bill_number: str) -> dict[str, Any] | None:
    bills = who.get("/customer-bills")["items"]
    return next((bill for bill in bills if bill["bill_number"] == bill_number and bill["mailed_at"]), None)


def _rubles(kopecks: int) -> dict[str, Any]:
    return {"amount_minor": kopecks, "currency": "RUB"}
