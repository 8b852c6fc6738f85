"""What a subscriber changes on an account, through the whole suite and into the region's books."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.outside import Mailbox, RegionOffice
from tests.e2e.subscriber import Subscriber
from tests.support import eventually
from tests.support.running_suite import RunningSuite

# An account for each test, so that none of them stands in another's way: an open promise forbids a tariff change.
_CREDIT = ("25", "2500300002", "7712-VVO")
_ADVANCE = ("25", "2500300001", "6601-VVO")
_PROMISING = ("77", "7700100001", "4471-MSK")
_FAR_EAST = "region-vladivostok"


@pytest.fixture
def anna(suite: RunningSuite) -> Iterator[Subscriber]:
    login = f"orders.{secrets.token_hex(5)}"
    anna = Subscriber(suite.url)
    mailbox = Mailbox(suite.http("mailbox"))
    password = f"Orders {secrets.token_hex(6)}"
    anna.register(login=login, password=password, email=f"{login}@example.test", mailbox=mailbox)
    yield anna
    anna.close()


def _attached(anna: Subscriber, account: tuple[str, str, str]) -> str:
    region, number, proof = account
    return f"/billing-accounts/{anna.link(region=region, number=number, proof=proof)['id']}"


def _find(anna: Subscriber, path: str, wanted_id: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = anna.get(path)["items"]
    return next(item for item in items if item["id"] == wanted_id)


def test_a_tariff_change_waits_for_its_region_and_can_be_taken_back(suite: RunningSuite, anna: Subscriber) -> None:
    account = _attached(anna, _CREDIT)
    plan = anna.get(f"{account}/tariffs")["items"][0]
    quote = anna.post(f"{account}/tariff-quotes", {"tariff_plan_id": plan["id"]})
    suite.stop(_FAR_EAST)

    taps = [anna.post(f"{account}/tariff-changes", {"tariff_quote_id": quote["id"]}) for _ in range(2)]
    changes = f"{account}/tariff-changes"
    while_away = _find(anna, changes, taps[0]["id"])["state"]
    suite.start(_FAR_EAST)
    scheduled = eventually(lambda: _in_state(anna, changes, taps[0]["id"], "scheduled"), timeout_s=40, every_s=0.3)
    anna.delete(f"{changes}/{taps[0]['id']}")

    assert taps[0]["id"] == taps[1]["id"]
    assert while_away == "requested"
    assert (scheduled["tariff_plan"]["id"], scheduled["effective_date"]) == (plan["id"], quote["effective_date"])
    assert scheduled["undo_until"]
    assert eventually(lambda: _in_state(anna, changes, taps[0]["id"], "canceled"), timeout_s=40, every_s=0.3)


def test_an_ordered_service_is_connected_and_billed_once(suite: RunningSuite, anna: Subscriber) -> None:
    office = RegionOffice(suite.http(f"{_FAR_EAST}-control"))
    account = _attached(anna, _ADVANCE)
    before = len(office.ledger(_ADVANCE[1]))
    offer = anna.get(f"{account}/service-offers")["items"][0]
    key = secrets.token_hex(16)

    taps = [anna.post(f"{account}/service-orders", {"offer_code": offer["offer_code"]}, key=key) for _ in range(2)]

    orders = f"{account}/service-orders"
    assert taps[0]["id"] == taps[1]["id"]
    assert eventually(lambda: _in_state(anna, orders, taps[0]["id"], "done"), timeout_s=60, every_s=0.5)
    assert eventually(lambda: _services(anna, account).count(offer["name"]) == 1)
    billed = [row["amount_minor"] for row in office.ledger(_ADVANCE[1])[before:]]
    assert billed == [offer["connection_price"]["amount_minor"]]


def test_a_promised_payment_says_why_not_before_and_is_one_for_a_double_tap(anna: Subscriber) -> None:
    account = _attached(anna, _PROMISING)
    eligibility = anna.get(f"{account}/promised-payments/eligibility")
    assert eligibility["eligible"], eligibility
    amount = {"amount_minor": 10_000, "currency": "RUB"}

    taps = [anna.post(f"{account}/promised-payments", {"amount": amount}, key=secrets.token_hex(16)) for _ in range(2)]

    promises = f"{account}/promised-payments"
    assert taps[0]["id"] == taps[1]["id"]
    assert eventually(lambda: _in_state(anna, promises, taps[0]["id"], "open"), timeout_s=40, every_s=0.3)
    afterwards = anna.get(f"{account}/promised-payments/eligibility")
    assert not afterwards["eligible"]
    assert "PROMISE_OPEN" in [reason["code"] for reason in afterwards["reasons"]]
    assert all(reason["detail"] for reason in afterwards["reasons"])


def _services(anna: Subscriber, path: str) -> list[str]:
    return [service["name"] for service in anna.get(path)["services"]["value"]]


def _in_state(anna: Subscriber, path: str, wanted_id: str, state: str) -> dict[str, Any] | None:
    item = _find(anna, path, wanted_id)
    return item if item["state"] == state else None
