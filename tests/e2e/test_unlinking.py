"""An account is unlinked while autopay is due: through the whole suite, nothing is charged any more."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.outside import Mailbox, Payer, RegionOffice
from tests.e2e.subscriber import Subscriber
from tests.support import eventually
from tests.support.running_suite import RunningSuite

_REGION, _PROCESS = "25", "region-vladivostok"


@pytest.fixture
def anna(suite: RunningSuite) -> Iterator[Subscriber]:
    login = f"unlinks.{secrets.token_hex(5)}"
    anna = Subscriber(suite.url)
    mailbox = Mailbox(suite.http("mailbox"))
    password = f"Unlinks {secrets.token_hex(6)}"
    anna.register(login=login, password=password, email=f"{login}@example.test", mailbox=mailbox)
    yield anna
    anna.close()


def test_autopay_that_is_due_when_the_account_is_unlinked_charges_nothing(
    suite: RunningSuite, anna: Subscriber
) -> None:
    office, payer = RegionOffice(suite.http(f"{_PROCESS}-control")), Payer(suite.http("acquirer"))
    number = f"25009{secrets.randbelow(10**5):05}"
    office.open_accounts(first_number=int(number), count=1, balance_minor=500_00)
    account_id = anna.link(region=_REGION, number=number, proof=number)["id"]
    payment = anna.pay(account_id, 100_00, method={"kind": "new_card", "save": True})
    payer.confirm(payment["confirmation_url"])
    anna.final_payment(payment["id"])
    rule = anna.post("/autopay-rules", _rule(anna, account_id))
    before = len(payer.ledger())

    office.arm(method="GetAccount", key=number, fault="error_before", times=1_000)
    office.charge(number, charge_id=f"fee-{secrets.token_hex(8)}", amount_minor=550_00)
    eventually(lambda: anna.balance_minor(account_id) == 50_00, timeout_s=40, every_s=0.3)
    anna.delete(f"/billing-accounts/{account_id}")
    stopped = eventually(lambda: _stopped(anna, rule["id"]), timeout_s=40, every_s=0.3)
    office.disarm()
    linked_again = anna.link(region=_REGION, number=number, proof=number)["id"]
    eventually(lambda: anna.balance_minor(linked_again) == 50_00, timeout_s=40, every_s=0.3)

    assert stopped["stop_reason"] == "ACCOUNT_UNLINKED"
    decisions = anna.get(f"/autopay-rules/{rule['id']}/decisions")["items"]
    assert all(decision["outcome"] == "skip" for decision in decisions)
    assert all("ACCOUNT_UNLINKED" in decision["reasons"] for decision in decisions)
    assert len(payer.ledger()) == before
    assert anna.refusal("GET", f"/billing-accounts/{account_id}")["code"] == "BILLING_ACCOUNT_NOT_FOUND"


def _rule(anna: Subscriber, account_id: str) -> dict[str, Any]:
    return {
        "billing_account_id": account_id,
        "payment_method_id": anna.get("/payment-methods")["items"][0]["id"],
        "trigger": {"kind": "threshold", "minimum_balance": {"amount_minor": 100_00, "currency": "RUB"}},
        "amount": {"amount_minor": 300_00, "currency": "RUB"},
    }


def _stopped(anna: Subscriber, rule_id: str) -> Any:
    rule = anna.get(f"/autopay-rules/{rule_id}")
    return rule if rule["state"] == "stopped" else None
