"""The brake on guessing."""

from datetime import timedelta

import pytest

from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.ownership_attempts import AttemptLimit, OwnershipAttempts
from services.chassis.errors import TooManyAttempts
from tests.accounts.builders import A_MORNING, KEY, SettableClock
from tests.accounts.fakes import FakeAttempts

_HOUR = timedelta(hours=1)
_LIMIT = AttemptLimit(most=5, window=_HOUR)


def _guard(clock: SettableClock, attempts: FakeAttempts | None = None) -> AttemptGuard:
    return AttemptGuard(
        attempts=attempts or FakeAttempts(),
        per_account=_LIMIT,
        per_subscriber=AttemptLimit(most=7, window=_HOUR),
        clock=clock,
    )


def test_takes_five_and_says_when_the_next_one_may_come() -> None:
    attempts = OwnershipAttempts(attempts_key="account:54:1", limit=_LIMIT)
    for minute in range(5):
        attempts.begin(now=A_MORNING + timedelta(minutes=minute))

    with pytest.raises(TooManyAttempts) as refused:
        attempts.begin(now=A_MORNING + timedelta(minutes=5))

    assert refused.value.metadata == {"retry_after_s": str(55 * 60)}


def test_takes_another_one_when_the_window_has_moved_on() -> None:
    attempts = OwnershipAttempts(attempts_key="account:54:1", limit=_LIMIT, made_at=[A_MORNING] * 5)

    attempts.begin(now=A_MORNING + _HOUR)

    assert attempts.made_at == [A_MORNING + _HOUR]


def test_a_clock_set_back_locks_nobody_out_for_longer_than_the_window() -> None:
    attempts = OwnershipAttempts(attempts_key="a", limit=_LIMIT, made_at=[A_MORNING + timedelta(days=1)] * 5)

    with pytest.raises(TooManyAttempts) as refused:
        attempts.begin(now=A_MORNING)

    assert int(refused.value.metadata["retry_after_s"]) <= _HOUR.total_seconds()


def test_the_limit_of_an_account_holds_for_all_subscribers_together() -> None:
    guard = _guard(SettableClock())
    for number in range(5):
        guard.begin(subscriber_id=f"sub_{number}", key=KEY)

    with pytest.raises(TooManyAttempts):
        guard.begin(subscriber_id="sub_other", key=KEY)


def test_the_limit_of_a_subscriber_holds_for_all_accounts_together() -> None:
    guard = _guard(SettableClock())
    for number in range(7):
        guard.begin(subscriber_id="sub_1", key=AccountKey("54", f"54002{number}"))

    with pytest.raises(TooManyAttempts):
        guard.begin(subscriber_id="sub_1", key=AccountKey("77", "770001"))


def test_an_attempt_refused_for_the_account_does_not_count_for_the_subscriber() -> None:
    attempts = FakeAttempts()
    guard = _guard(SettableClock(), attempts)
    for number in range(5):
        guard.begin(subscriber_id=f"sub_{number}", key=KEY)

    with pytest.raises(TooManyAttempts):
        guard.begin(subscriber_id="sub_other", key=KEY)

    assert attempts.get("subscriber:sub_other", limit=_LIMIT).made_at == []


def test_a_forgiven_attempt_counts_for_nobody() -> None:
    guard = _guard(SettableClock())

    for _ in range(30):
        guard.forgive(guard.begin(subscriber_id="sub_1", key=KEY))

    guard.begin(subscriber_id="sub_1", key=KEY)
