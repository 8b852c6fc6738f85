"""What the repository of histories does, the one on a dictionary as the one on MongoDB."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.accounts.adapters.mongo_history import MongoHistoryRepository
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import Charge, CreditedPayment
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.history import EVER, Span
from services.accounts.domain.history_month import HistoryMonth, Reading, span_of
from services.accounts.domain.ports import HistoryRepository
from services.chassis.errors import VersionConflict
from tests.accounts.builders import A_MORNING, KEY, make_charge, make_credited, make_page
from tests.accounts.fakes import FakeHistory

_CHARGES, _PAYMENTS = FigureKind.CHARGES, FigureKind.PAYMENTS
_OTHER = AccountKey("54", "54002000010")  # the one number begins with the other


@pytest.fixture(params=["fake", "mongo"])
def history(request: pytest.FixtureRequest) -> HistoryRepository:
    if request.param == "fake":
        return FakeHistory()
    return MongoHistoryRepository(request.getfixturevalue("database"))


def _month(
    month: str, *, key: AccountKey = KEY, kind: FigureKind = _CHARGES, held_since: datetime | None = None
) -> HistoryMonth[Any]:
    return HistoryMonth(key=key, kind=kind, month=month, held_since=held_since)


def _names(months: Any) -> list[str]:
    return [month.month for month in months]


def test_returns_what_was_saved(history: HistoryRepository) -> None:
    charges = HistoryMonth[Charge](key=KEY, kind=_CHARGES, month="2026-11")
    as_of = A_MORNING + timedelta(minutes=1)
    first = make_page(make_charge(), as_of=as_of, next_page_token="more")  # ends amid a moment, for all it tells
    charges.take(Reading.of(first, period=EVER, after=None))
    charges.kept_from = A_MORNING - timedelta(days=900)
    payments = HistoryMonth[CreditedPayment](key=KEY, kind=_PAYMENTS, month="2026-11")
    payments.take(Reading.of(make_page(make_credited()), period=EVER, after=None))

    history.save(charges)
    history.save(payments)

    assert list(history.named(KEY, _CHARGES, ["2026-12", "2026-11"], held_since=None)) == [_month("2026-12"), charges]
    assert list(history.months(KEY, _PAYMENTS, EVER, held_since=None)) == [payments]
    assert (charges.version, len(charges.rows), len(charges.pieces), len(charges.shares)) == (1, 1, 1, 1)


def test_returns_the_months_of_a_period_newest_first_and_at_last_the_oldest_of_all(history: HistoryRepository) -> None:
    for month in ("2026-09", "2026-11", "2025-12", "2026-10"):
        history.save(_month(month))
    history.save(_month("2024-01", key=_OTHER))
    history.save(_month("2024-01", kind=_PAYMENTS))
    autumn = Span(span_of("2026-10").begins_at, span_of("2026-11").ends_at)

    assert _names(history.months(KEY, _CHARGES, EVER, held_since=None)) == ["2026-11", "2026-10", "2026-09", "2025-12"]
    assert _names(history.months(KEY, _CHARGES, autumn, held_since=None)) == ["2026-11", "2026-10", "2025-12"]
    assert _names(history.months(KEY, _CHARGES, span_of("2025-12"), held_since=None)) == ["2025-12"]
    assert _names(history.months(AccountKey("77", "1"), _CHARGES, EVER, held_since=None)) == []


def test_refuses_a_save_on_an_old_version(history: HistoryRepository) -> None:
    history.save(_month("2026-11"))

    with pytest.raises(VersionConflict):
        history.save(_month("2026-11"))


def test_keeps_apart_what_was_read_of_each_account_that_had_the_number(history: HistoryRepository) -> None:
    since, later = A_MORNING, A_MORNING + timedelta(milliseconds=1)
    for month, held_since in (("2026-08", None), ("2026-09", since), ("2026-10", later)):
        history.save(_month(month, held_since=held_since))

    assert _names(history.months(KEY, _CHARGES, EVER, held_since=None)) == ["2026-08"]
    assert _names(history.months(KEY, _CHARGES, EVER, held_since=since)) == ["2026-09"]
    assert _names(history.months(KEY, _CHARGES, span_of("2026-12"), held_since=later)) == ["2026-10"]
    (known,) = history.named(KEY, _CHARGES, ["2026-09"], held_since=since)
    assert (known.held_since, known.version) == (since, 1)
    assert list(history.named(KEY, _CHARGES, ["2026-09"], held_since=later)) == [_month("2026-09", held_since=later)]
