"""Who holds the meaning of a request for a while."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.payments.domain.ports import (
    IntentRegister,
)
from services.payments.domain.similar_payment import Claim
from tests.payments.builders import (
    A_MORNING,
    make_request,
    rub,
)

_SAME: dict[str, Any] = {"subscriber_id": "sub_1", "billing_account_id": "acc_1"}
_A_WHILE = timedelta(minutes=3)
_LATER = A_MORNING + timedelta(minutes=1)


class TestIntentRegister:
    @pytest.fixture
    def intents(self, build: Callable[[str], Any]) -> IntentRegister:
        register: IntentRegister = build("intents")
        return register

    def claim(self, intents: IntentRegister, request_id: str, *, now: datetime = _LATER) -> Claim | None:
        return intents.claim(make_request(**_SAME, request_id=request_id).intent, now=now, older_than=now - _A_WHILE)

    def test_a_meaning_is_held_by_one_request_until_it_is_old(self, intents: IntentRegister) -> None:
        first = self.claim(intents, "one")
        own = self.claim(intents, "one")
        second = self.claim(intents, "two", now=_LATER + _A_WHILE - timedelta(seconds=1))
        late = self.claim(intents, "two", now=_LATER + _A_WHILE)

        assert (first, own, late) == (None, None, None)
        assert second == Claim(request_id="one", at=_LATER)

    def test_it_is_taken_over_from_exactly_the_claim_that_was_seen(self, intents: IntentRegister) -> None:
        self.claim(intents, "one")
        held = self.claim(intents, "two")
        assert held is not None
        two, three = (make_request(**_SAME, request_id=request_id).intent for request_id in ("two", "three"))

        taken = [intents.take_over(intent, held, now=_LATER + timedelta(seconds=1)) for intent in (two, three)]

        assert taken == [True, False]
        assert self.claim(intents, "four") == Claim(request_id="two", at=_LATER + timedelta(seconds=1))

    def test_it_can_be_taken_whoever_holds_it(self, intents: IntentRegister) -> None:
        self.claim(intents, "one")

        intents.take(make_request(**_SAME, request_id="two").intent, now=_LATER)

        assert self.claim(intents, "three") == Claim(request_id="two", at=_LATER)

    def test_only_its_holder_gives_it_up(self, intents: IntentRegister) -> None:
        one, two = (make_request(**_SAME, request_id=request_id).intent for request_id in ("one", "two"))
        self.claim(intents, "one")

        intents.release(two)
        still_held = self.claim(intents, "two")
        intents.release(one)

        assert still_held == Claim(request_id="one", at=_LATER)
        assert self.claim(intents, "two") is None

    @pytest.mark.parametrize("change", [{"amount": rub(451)}, {"billing_account_id": "acc_2"}, {"subscriber_id": "s"}])
    def test_another_sum_account_or_payer_is_another_meaning(
        self, intents: IntentRegister, change: dict[str, Any]
    ) -> None:
        self.claim(intents, "one")

        other = make_request(**_SAME | change, request_id="two").intent

        assert intents.claim(other, now=_LATER, older_than=_LATER - _A_WHILE) is None
