"""Refresh tokens rotate; the grace is for the immediately preceding one, and short."""

from datetime import timedelta

from services.identity.domain.session import GRACE, IDLE, LONGEST
from tests.identity.builders import NOON, make_session, make_subscriber


def test_a_rotation_puts_the_next_token_in_force() -> None:
    session = make_session()

    session.rotate("second", now=NOON)

    assert session.is_current("second")
    assert not session.is_current("first")


def test_the_preceding_token_has_ten_seconds_of_grace() -> None:
    session = make_session()
    session.rotate("second", now=NOON)

    assert session.is_in_grace("first", now=NOON + GRACE)
    assert not session.is_in_grace("first", now=NOON + GRACE + timedelta(milliseconds=1))


def test_the_one_before_the_preceding_has_none() -> None:
    session = make_session()
    session.rotate("second", now=NOON)
    session.rotate("third", now=NOON)

    assert session.is_in_grace("second", now=NOON)
    assert not session.is_in_grace("first", now=NOON)


def test_a_session_ends_by_idleness_and_by_age() -> None:
    session = make_session()

    assert session.is_open(now=NOON + IDLE - timedelta(seconds=1))
    assert not session.is_open(now=NOON + IDLE)
    for days in range(1, LONGEST.days + 1):
        session.rotate(str(days), now=NOON + timedelta(days=days))
    assert not session.is_open(now=NOON + LONGEST)


def test_ending_twice_keeps_the_first_time() -> None:
    session = make_session()

    session.end(now=NOON)
    session.end(now=NOON + timedelta(hours=1))

    assert session.ended_at == NOON


def test_a_new_password_ends_every_session_but_the_one_that_asked() -> None:
    subscriber = make_subscriber()
    asking, other = make_session(), make_session()

    subscriber.change_password("v1:другой", session_id=asking.session_id)

    assert subscriber.admits(asking)
    assert not subscriber.admits(other)
