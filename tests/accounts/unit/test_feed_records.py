"""What a region tells of changes, as values: which cannot be, and when they hold."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.feed import FeedRecordInvalid, NumberChange, OwnerChange
from tests.accounts.builders import A_MORNING, KEY

_AN_HOUR = timedelta(hours=1)
_OTHER = AccountKey("54", "5400200002")


def test_a_change_told_by_a_clock_that_is_ahead_holds_from_now_on() -> None:
    change = OwnerChange(key=KEY, changed_at=A_MORNING + _AN_HOUR)

    assert change.heard(A_MORNING) == OwnerChange(key=KEY, changed_at=A_MORNING)
    assert change.heard(A_MORNING + 2 * _AN_HOUR) == change


def test_refuses_a_change_that_is_none() -> None:
    change = NumberChange(old=KEY, new=KEY, changed_at=A_MORNING)

    with pytest.raises(FeedRecordInvalid):
        change.check(position=1)


def test_a_change_to_come_has_happened_when_it_is_heard_of() -> None:
    change = NumberChange(old=KEY, new=_OTHER, changed_at=A_MORNING + _AN_HOUR)

    assert change.heard(A_MORNING) == replace(change, changed_at=A_MORNING)
    assert change.heard(A_MORNING + 2 * _AN_HOUR) == change
