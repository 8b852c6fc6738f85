"""Grants through the whole suite: an owner, a relative, what each may do, and every way a grant ends."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.outside import Mailbox, Payer, RegionOffice
from tests.e2e.subscriber import Refused, Subscriber
from tests.support import eventually
from tests.support.running_suite import RunningSuite

_REGION, _OFFICE = "54", "region-novosibirsk-control"
_NEW_CARD = {"kind": "new_card"}


@dataclass(frozen=True, slots=True)
class Person:
    """A subscriber who can log in anew when the clock has jumped."""

    api: Subscriber
    login: str
    password: str

    def log_in_again(self) -> None:
        self.api.log_in(login=self.login, password=self.password)


def _registered(suite: RunningSuite, name: str) -> Person:
    login, password = f"{name}.{secrets.token_hex(5)}", f"Grants {secrets.token_hex(6)}"
    api = Subscriber(suite.url)
    mailbox = Mailbox(suite.http("mailbox"))
    api.register(login=login, password=password, email=f"{login}@example.test", mailbox=mailbox)
    return Person(api, login, password)


@pytest.fixture
def owner(suite: RunningSuite) -> Iterator[Person]:
    person = _registered(suite, "owner")
    yield person
    person.api.close()


@pytest.fixture
def relative(suite: RunningSuite) -> Iterator[Person]:
    person = _registered(suite, "relative")
    yield person
    person.api.close()


@pytest.fixture
def number(suite: RunningSuite) -> str:
    """An account that nobody else claims."""
    number = f"54009{secrets.randbelow(10**5):05}"
    RegionOffice(suite.http(_OFFICE)).open_accounts(first_number=int(number), count=1)
    return number


@pytest.fixture
def account(owner: Person, number: str) -> str:
    """The path of the owner's account."""
    return f"/billing-accounts/{owner.api.link(region=_REGION, number=number, proof=number)['id']}"


def _offer(owner: Person, account: str, *actions: str, **terms: Any) -> dict[str, Any]:
    body = {"actions": list(actions), "label": "сын"} | terms
    offered: dict[str, Any] = owner.api.post(f"{account}/grants", body, key=secrets.token_hex(16))
    return offered


def _accept(relative: Person, code: str, *, number: str) -> dict[str, Any]:
    proof = {"kind": "grant_code", "value": code}
    body = {"region": _REGION, "number": number, "relation": "relative", "label": "Мама", "proof": proof}
    linked: dict[str, Any] = relative.api.post("/billing-accounts", body)
    return linked


def _granted(owner: Person, relative: Person, account: str, *actions: str, **terms: Any) -> str:
    """Offer and accept; return the path of the relative's account."""
    code, number = _offer(owner, account, *actions, **terms)["code"], owner.api.get(account)["number"]
    return f"/billing-accounts/{_accept(relative, code, number=number)['id']}"


def _only_grant(owner: Person, account: str) -> dict[str, Any]:
    (grant,) = owner.api.get(f"{account}/grants")["items"]
    found: dict[str, Any] = grant
    return found


def _may(relative: Person, mine: str) -> dict[str, bool]:
    """Try one thing of each action."""
    account_id = mine.rpartition("/")[2]
    quote = {"offering_id": "off_irony-of-fate", "billing_account_id": account_id}
    tries: dict[str, Callable[[], object]] = {
        "view": lambda: relative.api.get(f"{mine}/charges"),
        "documents": lambda: relative.api.get(f"{mine}/bill-delivery"),
        "pay": lambda: relative.api.pay(account_id, 10_00, method=_NEW_CARD),
        "manage": lambda: relative.api.get(f"{mine}/tariffs"),
        "order_content": lambda: relative.api.post("/content-quotes", quote),
    }
    outcomes = {}
    for action, attempt in tries.items():
        try:
            attempt()
            outcomes[action] = True
        except Refused as refused:
            assert refused.problem["code"] == "ACTION_NOT_ALLOWED", (action, refused.problem)
            outcomes[action] = False
    return outcomes


@pytest.mark.parametrize("granted", ["view", "documents", "pay", "manage", "order_content"])
def test_a_relative_may_do_what_was_granted_and_nothing_else(
    owner: Person, relative: Person, account: str, granted: str
) -> None:
    mine = _granted(owner, relative, account, granted)

    allowed = _may(relative, mine)

    assert [action for action, may in allowed.items() if may] == [granted]
    assert len(allowed) == 5
    shown = relative.api.get(mine)
    assert (shown["allowed_actions"], shown["grant"]["actions"]) == ([granted], [granted])
    assert _only_grant(owner, account)["state"] == "active"


def test_a_relative_pays_up_to_the_limit_and_is_told_what_is_left(
    owner: Person, relative: Person, account: str, suite: RunningSuite
) -> None:
    limit = {"amount_minor": 500_00, "currency": "RUB"}
    mine = _granted(owner, relative, account, "pay", monthly_pay_limit=limit).rpartition("/")[2]
    payment = relative.api.pay(mine, 300_00, method=_NEW_CARD)

    with pytest.raises(Refused) as refused:
        relative.api.pay(mine, 200_01, method=_NEW_CARD)

    assert (refused.value.status, refused.value.problem["code"]) == (409, "MONTHLY_PAY_LIMIT_EXCEEDED")
    assert "осталось 200" in refused.value.problem["detail"]
    Payer(suite.http("acquirer")).confirm(payment["confirmation_url"])
    assert relative.api.final_payment(payment["id"])["state"] == "posted"
    assert relative.api.pay(mine, 200_00, method=_NEW_CARD)["state"] == "awaiting_confirmation"


def test_a_code_is_good_once_and_no_other_answer_tells_anything(
    owner: Person, relative: Person, account: str, number: str, suite: RunningSuite
) -> None:
    code = _offer(owner, account, "view")["code"]
    other = _registered(suite, "other")

    wrong_code = _refused_linking(relative, number=number, code="00000-00000")
    wrong_number = _refused_linking(relative, number="5400299999", code=code)
    _accept(relative, code, number=number)
    spent = _refused_linking(other, number=number, code=code)

    other.api.close()
    assert wrong_code["code"] == wrong_number["code"] == "OWNERSHIP_NOT_PROVED"
    assert wrong_code["detail"] == wrong_number["detail"]
    assert spent["code"] == "GRANT_CODE_SPENT"


def _refused_linking(who: Person, *, number: str, code: str) -> dict[str, Any]:
    proof = {"kind": "grant_code", "value": code}
    body = {"region": _REGION, "number": number, "relation": "relative", "proof": proof}
    return who.api.refusal("POST", "/billing-accounts", body)


def test_when_the_owner_ends_it_autopay_of_the_relative_ends_too(
    owner: Person, relative: Person, account: str, suite: RunningSuite
) -> None:
    mine = _granted(owner, relative, account, "pay", "manage")
    account_id = mine.rpartition("/")[2]
    payment = relative.api.pay(account_id, 100_00, method=_NEW_CARD | {"save": True})
    Payer(suite.http("acquirer")).confirm(payment["confirmation_url"])
    relative.api.final_payment(payment["id"])
    rule = relative.api.post(
        "/autopay-rules",
        {
            "billing_account_id": account_id,
            "payment_method_id": relative.api.get("/payment-methods")["items"][0]["id"],
            "trigger": {"kind": "day_of_month", "day": 15},
            "amount": {"amount_minor": 100_00, "currency": "RUB"},
        },
    )
    grant = _only_grant(owner, account)

    ended = owner.api.delete(f"{account}/grants/{grant['id']}")

    assert (ended["state"], ended["ended_by"]) == ("ended", "owner")
    assert relative.api.get("/billing-accounts")["items"] == []
    assert relative.api.refusal("GET", mine)["code"] == "BILLING_ACCOUNT_NOT_FOUND"
    with pytest.raises(Refused) as refused:
        relative.api.pay(account_id, 10_00, method=_NEW_CARD)
    assert refused.value.problem["code"] == "BILLING_ACCOUNT_NOT_FOUND"
    rule_path = f"/autopay-rules/{rule['id']}"
    eventually(lambda: relative.api.get(rule_path)["stop_reason"] == "ACCOUNT_UNLINKED", timeout_s=30, every_s=0.2)


def test_when_the_relative_gives_it_up_the_owner_sees_that(owner: Person, relative: Person, account: str) -> None:
    mine = _granted(owner, relative, account, "view")

    relative.api.delete(mine)

    grant = _only_grant(owner, account)
    assert (grant["state"], grant["ended_by"]) == ("ended", "relative")
    assert relative.api.get("/billing-accounts")["items"] == []


def test_when_the_owner_unlinks_the_account_the_grant_is_gone_with_it(
    owner: Person, relative: Person, account: str
) -> None:
    _granted(owner, relative, account, "view")

    owner.api.delete(account)

    assert relative.api.get("/billing-accounts")["items"] == []


def test_a_grant_ends_with_its_last_day_in_the_region(
    owner: Person, relative: Person, account: str, suite: RunningSuite
) -> None:
    today_there = suite.now().astimezone(ZoneInfo("Asia/Novosibirsk")).date()
    mine = _granted(owner, relative, account, "view", ends_on=today_there.isoformat())
    notices = [notice["code"] for notice in relative.api.overview()["notices"]]
    assert relative.api.get(mine)["grant"]["ends_on"] == today_there.isoformat()

    suite.move_clock(timedelta(days=1))
    try:
        owner.log_in_again()
        relative.log_in_again()
        remaining = relative.api.get("/billing-accounts")["items"]
        grant = eventually(lambda: _ended(owner, account), timeout_s=30, every_s=0.3)
    finally:
        suite.move_clock(timedelta(0))

    assert "GRANT_ENDS_SOON" in notices
    assert remaining == []
    assert grant["ended_by"] == "date"


def _ended(owner: Person, account: str) -> dict[str, Any] | None:
    grant = _only_grant(owner, account)
    return grant if grant["state"] == "ended" else None
