"""Payments that are brought to one point together: some that people make, some that their rules make."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import Any

from tests.faults.people import Member, Order
from tests.faults.stage import SETTLED_WITHIN_S, Stage
from tests.faults.standing import Standing, Wish
from tests.support import eventually

MANUAL, AUTOMATIC = "manual", "automatic"
SIZE = 2  # of each kind: as many occasions as a process works on at once, and no region gets more than it takes at once
_MINIMUM_MINOR = 900_000  # far more than accounts are opened with, so that each rule finds its account below it at once


class Batch:
    """Two payments by hand and, where `automatic`, two by rules, over all three regions."""

    def __init__(self, stage: Stage, *, random: Random, automatic: bool, saved_card: bool) -> None:
        """Open accounts for the rules, for no account may have three automatic payments in a day; nothing is sent."""
        self.stage = stage
        self._random = random
        self._orders = [self._order(member, saved_card=saved_card) for member in stage.members[:SIZE]]
        payers = stage.members[-SIZE:] if automatic else []
        self._accounts = [(member, stage.open_account(member)[0]) for member in payers]
        self._rules: list[tuple[Member, str]] = []
        self._answers: list[Future[str]] = []

    def __len__(self) -> int:
        return len(self._orders) + len(self._accounts)

    @property
    def kinds(self) -> Sequence[str]:
        """Return which kinds of payments are in it."""
        return (MANUAL, AUTOMATIC) if self._accounts else (MANUAL,)

    @property
    def answers(self) -> int:
        """Return how many orders were answered so far."""
        return sum(answer.done() for answer in self._answers)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Send all orders and set all rules; who sends does not give up, whoever is going to die."""
        with ThreadPoolExecutor(SIZE) as crowd:
            self._rules = [(member, self._set_rule(member, account_id)) for member, account_id in self._accounts]
            self._answers = [crowd.submit(self.stage.insist, order) for order in self._orders]
            yield

    def wishes(self, kind: str) -> list[Wish]:
        """Return what tells the payments of one kind, before they are there."""
        if kind == MANUAL:
            return [{"request_id": order.key} for order in self._orders]
        return [{"autopay_rule_id": rule_id} for _, rule_id in self._rules]

    def all_wishes(self) -> list[Wish]:
        """Return what tells all payments of the batch."""
        return [wish for kind in self.kinds for wish in self.wishes(kind)]

    def strays(self, shows: Mapping[str, Any]) -> list[str]:
        """Return which payments do not stand as they should, and how instead."""
        found = {str(wish): Standing(wish, stage=self.stage).differs_from(**shows) for wish in self.all_wishes()}
        return [f"{wish}: {differs}, expected {shows}" for wish, differs in found.items() if differs]

    def wait_until(self, **shows: Any) -> None:
        """Wait until every payment stands so."""

        def there() -> bool:
            strays = self.strays(shows)
            assert not strays, "\n".join(strays)
            return True

        eventually(there, timeout_s=SETTLED_WITHIN_S, every_s=0.05)

    def insist(self) -> dict[str, list[str]]:
        """Return the payments of each kind, once every order is acknowledged and every rule has made its payment."""
        payment_ids = {MANUAL: self.stage.insist_on_all(self._orders)}
        if self._rules:
            payment_ids[AUTOMATIC] = eventually(self._automatic, timeout_s=SETTLED_WITHIN_S)
        return payment_ids

    def stop_rules(self) -> None:
        """End the rules: what they would do next is no part of the point."""
        for member, rule_id in self._rules:
            eventually(partial(_has_deleted, member, f"/autopay-rules/{rule_id}"))

    def _automatic(self) -> list[str] | None:
        rule_ids = [rule_id for _, rule_id in self._rules]
        rows = self.stage.books.payments.find({"autopay_rule_id": {"$in": rule_ids}}, {"autopay_rule_id": 1})
        made = {row["_id"]: row["autopay_rule_id"] for row in rows}
        return [*made] if set(made.values()) == set(rule_ids) else None

    def _order(self, member: Member, *, saved_card: bool) -> Order:
        kopecks = self._random.randint(10_000, 90_000)
        return Order(member=member, kopecks=kopecks, saved_card=saved_card, account_id=member.account_id)

    def _set_rule(self, member: Member, account_id: str) -> str:
        body: dict[str, Any] = {
            "billing_account_id": account_id,
            "trigger": {"kind": "threshold", "minimum_balance": _roubles(_MINIMUM_MINOR)},
            "payment_method_id": member.card_id,
            "amount": _roubles(self._random.randint(10_000, 90_000)),
        }
        key = secrets.token_hex(16)
        rule: dict[str, Any] = eventually(lambda: member.subscriber.post("/autopay-rules", body, key=key))
        return str(rule["id"])


def _has_deleted(member: Member, path: str) -> bool:
    member.subscriber.delete(path)
    return True


def _roubles(kopecks: int) -> dict[str, Any]:
    return {"amount_minor": kopecks, "currency": "RUB"}
