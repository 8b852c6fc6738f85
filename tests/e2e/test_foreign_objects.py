"""Every operation of the public API on another subscriber's objects: they look exactly like objects that do not exist.

The list of operations is the OpenAPI document itself; one that is added without an entry here fails the test.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.e2e.outside import Mailbox, Payer, RegionOffice, client_of
from tests.e2e.subscriber import Subscriber
from tests.support import eventually
from tests.support.running_suite import RunningSuite

_REGION, _NUMBER, _PROOF, _PROCESS = "54", "5400200003", "3329-NSK", "region-novosibirsk"
_RUBLES = {"amount_minor": 10_000, "currency": "RUB"}
_NOBODYS = {"offering_id", "slug", "token", "registration_id", "social_login_id"}  # of the catalogue, or of a secret
_PARAMETER = re.compile(r"\{(\w+)\}")
Ids = dict[str, str]
Operation = tuple[str, str]

# What the operations take in that change something, or that name an object in their body.
_BODIES: dict[Operation, Callable[[Ids], dict[str, Any]]] = {
    ("patch", "/billing-accounts/{billing_account_id}"): lambda ids: {"label": "Дача"},
    ("put", "/billing-accounts/{billing_account_id}/bill-delivery"): lambda ids: {
        "email": "boris@example.test",
        "consent": {"version": ids["consent_version"]},
    },
    ("post", "/billing-accounts/{billing_account_id}/grants"): lambda ids: {"actions": ["view"]},
    ("post", "/billing-accounts/{billing_account_id}/tariff-quotes"): lambda ids: {"tariff_plan_id": ids["plan_id"]},
    ("post", "/billing-accounts/{billing_account_id}/tariff-changes"): lambda ids: {
        "tariff_quote_id": ids["tariff_quote_id"]
    },
    ("post", "/billing-accounts/{billing_account_id}/service-orders"): lambda ids: {"offer_code": ids["offer_code"]},
    ("post", "/billing-accounts/{billing_account_id}/promised-payments"): lambda ids: {"amount": _RUBLES},
    ("post", "/payments"): lambda ids: {
        "billing_account_id": ids["billing_account_id"],
        "amount": _RUBLES,
        "method": {"kind": "new_card"},
        "return_url": ids["return_url"],
    },
    ("post", "/autopay-rules"): lambda ids: {"billing_account_id": ids["billing_account_id"], **_terms(ids)},
    ("put", "/autopay-rules/{autopay_rule_id}"): lambda ids: _terms(ids),
    ("put", "/autopay-rules/{autopay_rule_id}/pause"): lambda ids: {
        "until": (datetime.now(UTC) + timedelta(days=30)).isoformat(timespec="seconds")
    },
    ("put", "/autopay-decisions/{decision_id}/answer"): lambda ids: {"charge": True},
    ("post", "/content-quotes"): lambda ids: {
        "offering_id": "off_irony-of-fate",
        "billing_account_id": ids["billing_account_id"],
    },
    ("post", "/content-orders"): lambda ids: {"content_quote_id": ids["content_quote_id"]},
}
_BY_BODY_ALONE = {operation for operation in _BODIES if not _PARAMETER.search(operation[1])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Anna with something of every kind, and Boris, who knows all of her ids."""

    anna: Subscriber
    boris: Subscriber
    ids: Ids


@pytest.fixture(scope="module")
def neighbours(suite: RunningSuite) -> Iterator[Neighbours]:
    anna, boris = _registered(suite, "anna"), _registered(suite, "boris")
    yield Neighbours(anna=anna, boris=boris, ids=_everything_of(anna, suite))
    anna.close()
    boris.close()


def _registered(suite: RunningSuite, name: str) -> Subscriber:
    login = f"{name}.{secrets.token_hex(5)}"
    subscriber = Subscriber(suite.url)
    subscriber.register(
        login=login,
        password=f"Neighbour {secrets.token_hex(6)}",
        email=f"{login}@example.test",
        mailbox=Mailbox(suite.http("mailbox")),
    )
    return subscriber


def _everything_of(anna: Subscriber, suite: RunningSuite) -> Ids:
    office = RegionOffice(suite.http(f"{_PROCESS}-control"))
    account_id = anna.link(region=_REGION, number=_NUMBER, proof=_PROOF)["id"]
    account = f"/billing-accounts/{account_id}"
    ids = {
        "billing_account_id": account_id,
        "return_url": f"{suite.url}/payments",
        "session_id": anna.get("/sessions")["items"][0]["id"],
        "consent_version": anna.get(f"{account}/bill-delivery")["consent_version"],
        "plan_id": anna.get(f"{account}/tariffs")["items"][0]["id"],
        "offer_code": anna.get(f"{account}/service-offers")["items"][0]["offer_code"],
        "grant_id": anna.post(f"{account}/grants", {"actions": ["view"]})["id"],
    }
    payment = anna.pay(account_id, 300_00, method={"kind": "new_card", "save": True})
    Payer(suite.http("acquirer")).confirm(payment["confirmation_url"])
    ids["payment_id"] = anna.final_payment(payment["id"])["id"]
    ids["payment_method_id"] = anna.get("/payment-methods")["items"][0]["id"]
    at_once = {"kind": "threshold", "minimum_balance": {"amount_minor": 100_000_00, "currency": "RUB"}}
    rule = {"billing_account_id": account_id, **_terms(ids), "trigger": at_once}
    ids["autopay_rule_id"] = anna.post("/autopay-rules", rule)["id"]
    decisions = f"/autopay-rules/{ids['autopay_rule_id']}/decisions"
    ids["decision_id"] = eventually(lambda: anna.get(decisions)["items"], timeout_s=40, every_s=0.3)[0]["id"]
    quote = {"offering_id": "off_irony-of-fate", "billing_account_id": account_id}
    ids["content_quote_id"] = anna.post("/content-quotes", quote)["id"]
    ids["content_order_id"] = anna.post("/content-orders", {"content_quote_id": ids["content_quote_id"]})["id"]
    ids["tariff_quote_id"] = anna.post(f"{account}/tariff-quotes", {"tariff_plan_id": ids["plan_id"]})["id"]
    change = anna.post(f"{account}/tariff-changes", {"tariff_quote_id": ids["tariff_quote_id"]})
    order = anna.post(f"{account}/service-orders", {"offer_code": ids["offer_code"]}, key=secrets.token_hex(16))
    office.issue_bill(_NUMBER)
    bill = eventually(lambda: anna.get("/customer-bills")["items"], timeout_s=40, every_s=0.3)[0]
    eventually(lambda: anna.get(f"/customer-bills/{bill['id']}")["state"] == "archived", timeout_s=40, every_s=0.3)
    return ids | {"tariff_change_id": change["id"], "service_order_id": order["id"], "customer_bill_id": bill["id"]}


def _terms(ids: Ids) -> dict[str, Any]:
    trigger = {"kind": "day_of_month", "day": 15}
    return {"payment_method_id": ids["payment_method_id"], "trigger": trigger, "amount": _RUBLES}


def _operations(suite: RunningSuite) -> list[Operation]:
    """Return every operation that names an object of somebody's, in its path or in its body."""
    paths = httpx.get(f"{suite.url}/api/v1/openapi.json", timeout=10).json()["paths"]
    found = [(method, path.removeprefix("/api/v1")) for path, item in paths.items() for method in item]
    owned = [(method, path) for method, path in found if set(_PARAMETER.findall(path)) - _NOBODYS]
    assert set(found) >= _BY_BODY_ALONE, "an operation of the table is gone"
    return [*owned, *sorted(_BY_BODY_ALONE)]


def _invented(ids: Ids) -> Ids:
    """Return ids of the same form that were never given out."""
    return {
        name: re.sub(r"[0-9a-f]{32}", lambda _: secrets.token_hex(16), value)
        if name not in {"plan_id", "offer_code", "consent_version", "return_url"}
        else value
        for name, value in ids.items()
    }


def _answer(who: Subscriber, operation: Operation, ids: Ids) -> httpx.Response:
    method, path = operation
    client = client_of(who, f"{who.url}/api/v1", timeout_s=15)
    headers = {"Authorization": f"Bearer {who.access_token}", "Idempotency-Key": secrets.token_hex(16)}
    body = _BODIES[operation](ids) if operation in _BODIES else None
    filled = _PARAMETER.sub(lambda match: ids[match[1]], path)
    return client.request(method, filled, json=body, headers=headers)


def test_another_s_objects_look_exactly_like_absent_ones(suite: RunningSuite, neighbours: Neighbours) -> None:
    operations = _operations(suite)

    for operation in operations:
        foreign = _answer(neighbours.boris, operation, neighbours.ids)
        absent = _answer(neighbours.boris, operation, _invented(neighbours.ids))
        seen = [
            (answer.status_code, answer.json().get("code"), answer.json().get("detail")) for answer in (foreign, absent)
        ]
        assert seen[0] == seen[1], operation
        assert foreign.status_code == 404, (operation, foreign.text)
    assert len(operations) >= 38


def test_the_objects_are_there_for_whoever_owns_them(suite: RunningSuite, neighbours: Neighbours) -> None:
    reads = [operation for operation in _operations(suite) if operation[0] == "get"]

    for operation in reads:
        answer = _answer(neighbours.anna, operation, neighbours.ids)
        assert answer.is_success, (operation, answer.text)
    assert len(reads) >= 19
