"""A region's list of a period is read to its end, or not at all."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.accounts.application.regional_list import regional_list
from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.reconciliation import BookedPage, BookedPayment, Period, Totals
from tests.accounts.builders import A_MORNING, SettableClock
from tests.accounts.reconciliation_fakes import ListingRegion, make_booked

_PERIOD = Period(begins_at=A_MORNING, ends_at=A_MORNING + timedelta(days=1))
_ROWS = [make_booked(f"pay_{number}") for number in range(3)]
_TOTALS = Totals().plus(_ROWS)


class ScriptedList(ListingRegion):
    """A region that gives one page after another, whatever it is asked for, and no more than there are."""

    def __init__(self, *pages: BookedPage) -> None:
        super().__init__(SettableClock())
        self._pages: Iterator[BookedPage] = iter(pages)

    def booked_payments(self, region: str, period: Period, /, *, page_size: int, page_token: str) -> BookedPage:
        self.calls.append(page_token)
        return next(self._pages)


def _page(*rows: BookedPayment, token: str = "") -> BookedPage:
    return BookedPage(payments=rows, totals=_TOTALS, next_page_token=token)


def test_pages_are_put_together_to_the_last_one() -> None:
    region = ScriptedList(_page(_ROWS[0], token="a"), _page(*_ROWS[1:], token="b"), _page())

    assert regional_list(region, "54", _PERIOD) == _ROWS
    assert region.calls == ["", "a", "b"]


@pytest.mark.parametrize(
    "pages",
    [
        [_page(token="a")],
        [_page(_ROWS[0], token="a"), _page(token="b")],
        [_page(_ROWS[0], token="a"), _page(_ROWS[1], token="a")],
        [_page(_ROWS[0], token="a"), _page(_ROWS[1], token="b"), _page(_ROWS[2], token="a")],
    ],
)
def test_a_list_that_leads_nowhere_is_no_answer_and_is_not_asked_for_on_and_on(pages: list[BookedPage]) -> None:
    region = ScriptedList(*pages)

    with pytest.raises(RegionAnswerInvalid):
        regional_list(region, "54", _PERIOD)

    assert len(region.calls) == len(pages)
