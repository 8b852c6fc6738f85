"""What became of offered payments is counted as their payers would count it."""

import pytest

from tests.bench.payments import Offered, Posted


def posted(*, due_at: float, waited: float, credited: float) -> Posted:
    """Return a payment that was captured and posted so many seconds after the moment before."""
    return Posted(due_at=due_at, captured_at=due_at + waited, posted_at=due_at + waited + credited)


def test_times_run_from_when_the_request_was_due_or_from_the_capture_as_one_asks() -> None:
    offered = Offered(
        asked=2, posted=[posted(due_at=0, waited=3, credited=0.25), posted(due_at=1, waited=1, credited=2)]
    )

    assert offered.from_request().sorted_ms == (3000, 3250)
    assert offered.from_capture().sorted_ms == (250, 2000)


def test_a_payment_that_was_refused_or_is_not_posted_has_failed() -> None:
    offered = Offered(asked=3, posted=[posted(due_at=0, waited=1, credited=1), posted(due_at=1, waited=1, credited=1)])

    assert (offered.from_request().failures, offered.from_capture().failures) == (1, 1)


def test_the_rate_is_that_of_postings_however_long_each_payment_was_under_way() -> None:
    slow_but_steady = Offered(asked=60, posted=[posted(due_at=n / 10, waited=1, credited=0.5) for n in range(60)])
    falling_behind = Offered(asked=60, posted=[posted(due_at=n / 10, waited=n / 20, credited=0.5) for n in range(60)])

    assert slow_but_steady.from_request().rate == pytest.approx(10)
    assert falling_behind.from_request().rate == pytest.approx(1 / 0.15)
