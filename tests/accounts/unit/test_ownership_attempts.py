"""The brake on guessing."""

from datetime import timedelta

import pytest

from services.accounts.application.attempt_guard import AttemptGuard
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.ownership_attempts import AttemptLimit, OwnershipAttempts
from services.chassis.errors import TooManyAttempts, VersionConflict
from tests.accounts.builders import A_MORNING, KEY, PSEUDONYMS, SettableClock, make_limits
from tests.accounts.fakes import FakeAttempts

_HOUR = timedelta(hours=1)
_LIMIT = AttemptLimit(most=5, window=_HOUR)


class Gate:
    """The guard with small limits, and tries that never were right."""

    def __init__(self, attempts: FakeAttempts | None = None) -> None:
        self.attempts = attempts or FakeAttempts()
        self.guard = AttemptGuard(
            purpose="proof",
            attempts=self.attempts,
            limits=make_limits(pair=5, under_attack=2, account=20, subscriber=7, address=30),
            pseudonyms=PSEUDONYMS,
            clock=SettableClock(),
        )

    def tries(self, times: int, *, subscriber: str = "anna", key: AccountKey = KEY, address: str = "192.0.2.7") -> int:
        """Try that often; return how many tries were let through."""
        for number in range(times):
            try:
                self.guard.begin(subscriber_id=f"sub_{subscriber}", key=key, client_address=address)
            except TooManyAttempts:
                return number
        return times

    def counted(self, name: str) -> int:
        return len(self.attempts.get(f"proof:{name}", limit=_LIMIT).made_at)


@pytest.fixture
def gate() -> Gate:
    return Gate()


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


def test_one_subscriber_gets_five_tries_of_one_account_and_others_theirs(gate: Gate) -> None:
    assert gate.tries(10) == 5
    assert gate.tries(10, subscriber="boris") == 5


def test_the_limit_of_a_subscriber_holds_for_all_accounts_together(gate: Gate) -> None:
    tried = [gate.tries(1, key=AccountKey("54", f"54002{number}")) for number in range(10)]

    assert sum(tried) == 7


def test_the_limit_of_an_address_holds_for_all_subscribers_behind_it(gate: Gate) -> None:
    for number in range(6):
        key = AccountKey("54", f"54002{number}")
        assert gate.tries(5, subscriber=f"{number}", key=key, address=f"2001:db8::{number}") == 5
    late = AccountKey("54", "540099")

    assert gate.tries(1, subscriber="late", key=late, address="2001:db8::77") == 0
    assert gate.tries(1, subscriber="late", key=late, address="2001:db8:0:1::77") == 1


def test_an_account_under_attack_leaves_everybody_fewer_tries_and_nobody_none(gate: Gate) -> None:
    for number in range(4):
        gate.tries(5, subscriber=f"attacker{number}", address=f"203.0.113.{number}")

    assert gate.tries(5, subscriber="another", address="203.0.113.99") == 2
    assert gate.tries(5, subscriber="owner") == 2
    assert gate.tries(5, subscriber="owner", key=AccountKey("54", "5400200002")) == 5


def test_an_attempt_that_is_refused_counts_for_nobody(gate: Gate) -> None:
    gate.tries(5)

    assert gate.tries(1) == 0

    assert gate.counted("subscriber:sub_anna") == gate.counted(f"account:{KEY}") == 5


def test_a_forgiven_attempt_counts_for_nobody(gate: Gate) -> None:
    for _ in range(100):
        gate.guard.forgive(gate.guard.begin(subscriber_id="sub_anna", key=KEY, client_address="192.0.2.7"))

    assert gate.tries(10) == 5


def test_no_address_stands_in_a_counter(gate: Gate) -> None:
    gate.tries(1, address="192.0.2.7")

    assert len(gate.attempts.shelf.kept) == 4
    assert "192.0.2" not in str(gate.attempts.shelf.kept)


class _Contended(FakeAttempts):
    """Somebody else counts between reading and saving, three times."""

    def __init__(self) -> None:
        super().__init__()
        self.races = 3

    def save(self, attempts: OwnershipAttempts, /) -> None:
        if self.races:
            self.races -= 1
            rival = self.get(attempts.attempts_key, limit=attempts.limit)
            rival.begin(now=A_MORNING)
            super().save(rival)
            raise VersionConflict("Somebody else counted.")
        super().save(attempts)


def test_guesses_at_the_same_moment_all_count() -> None:
    gate = Gate(_Contended())

    assert gate.tries(1) == 1

    assert gate.counted("subscriber:sub_anna") == 4
