"""Histories of accounts whose numbers change: each account is shown its own, under whatever number it was read."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.accounts.adapters.json_regions import load_regions
from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.list_rows import ListRows, RowsWanted, ShownRows
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.refresh_figures import RefreshFigures
from services.accounts.application.remember_history import RememberHistory
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import CreditedPayment, Page
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.history import MOMENT, Span
from tests.accounts.builders import A_MORNING, make_credited, make_page
from tests.accounts.fakes import FakeHistory, FakeRegions
from tests.accounts.unit.test_change_number import A, B, C, Office, with_kill

_HOUR = timedelta(hours=1)
_ALICE, _BOB, _CAROL = "1", "2", "3"


class Region(FakeRegions):
    """A region whose payments are scripted."""

    def __init__(self, office: Office) -> None:
        super().__init__(office.clock)
        self.page: Page[CreditedPayment] = make_page()

    def payments(self, key: AccountKey, /, *, page_size: int, page_token: str, period: Span) -> Page[CreditedPayment]:
        page = self.page
        self._answering("payments")
        return page


class Reading:
    """Subscribers who read payments, with the region or without it."""

    def __init__(self) -> None:
        self.office = Office()
        self.history = FakeHistory()
        self.region = Region(self.office)
        self.links: dict[str, str] = {}
        self._remember = RememberHistory(history=self.history)
        self._observe = ObserveAccount(
            snapshots=self.office.snapshots, accounts=self.office.accounts, clock=self.office.clock
        )
        self._list = ListRows(
            kind=FigureKind.PAYMENTS,
            read=self.region.payments,
            observe_rows=lambda snapshot, page, now: snapshot.observe_payments(page, now=now),
            accounts=self.office.accounts,
            standing=AccountStanding(accounts=self.office.accounts, snapshots=self.office.snapshots),
            snapshots=self.office.snapshots,
            history=self.history,
            remember=self._remember,
            observe=self._observe,
            regions=load_regions(connected=["54"]),
            clock=self.office.clock,
        )

    def links_of(self, subscriber: str, key: AccountKey, *, hours: int = 0) -> None:
        self.links[subscriber] = self.office.linked(key, subscriber=subscriber, hours=hours)

    def reads(self, subscriber: str, rows: Mapping[str, int], *, hours: int = 0, more: bool = False) -> None:
        """Read a page of payments, each of its hour, as the region's books show it at theirs."""
        self.region.page = make_page(
            *(replace(make_credited(payment_id=name), credited_at=_at(hour)) for name, hour in rows.items()),
            as_of=_at(hours),
            next_page_token="more" if more else "",
        )
        self.shown(subscriber)

    def remembered(self, subscriber: str) -> list[str]:
        """Return what is shown while the region is away."""
        return [row.payment_id for row in self._shown_without(subscriber).rows.value or ()]

    def not_known(self, subscriber: str) -> list[Span]:
        """Return what nothing is known of while the region is away."""
        return [gap.span for gap in self._shown_without(subscriber).gaps]

    def _shown_without(self, subscriber: str) -> ShownRows[CreditedPayment]:
        self.region.down()
        shown = self.shown(subscriber)
        self.region.up()
        return shown

    def shown(self, subscriber: str) -> ShownRows[CreditedPayment]:
        return self._list(
            RowsWanted(
                subscriber_id=f"sub_{subscriber * 32}",
                billing_account_id=self.links[subscriber],
                page_size=20,
                page_token="",
            )
        )

    def refreshes(self, key: AccountKey, name: str, *, hours: int) -> None:
        self.region.page = make_page(make_credited(payment_id=name), as_of=_at(hours))
        refresh = RefreshFigures(
            regions=self.region,
            snapshots=self.office.snapshots,
            observe=self._observe,
            remember=self._remember,
            clock=self.office.clock,
            rows_after=timedelta(0),
        )
        refresh(key)


def _at(hours: int) -> datetime:
    return A_MORNING + hours * _HOUR


@pytest.fixture
def reading() -> Reading:
    return Reading()


def _closes(office: Office) -> None:
    """Nothing is told of it."""


def _goes_on_as_c(office: Office) -> None:
    office.change(B, C, hours=1)


@pytest.mark.parametrize("leaves", [_closes, _goes_on_as_c])
def test_whoever_takes_a_number_over_is_not_shown_the_history_of_whom_it_named_before(
    reading: Reading, leaves: Callable[[Office], None]
) -> None:
    reading.links_of(_BOB, B)
    reading.reads(_BOB, {"bobs": 0})
    leaves(reading.office)
    reading.links_of(_ALICE, A)

    reading.office.change(A, B, hours=2)

    assert reading.remembered(_ALICE) == []


def test_a_history_goes_on_with_its_account_through_several_numbers(reading: Reading) -> None:
    reading.links_of(_ALICE, A)
    reading.reads(_ALICE, {"first": 0})

    reading.office.change(A, B, hours=1)
    assert reading.remembered(_ALICE) == ["first"]
    reading.reads(_ALICE, {"second": 2, "first": 0}, hours=2, more=True)
    reading.office.change(B, A, hours=3)

    assert reading.remembered(_ALICE) == ["second", "first"]


@pytest.mark.parametrize("name", ["aliases", "snapshots", "accounts"])
@pytest.mark.parametrize("save", range(6))
@pytest.mark.parametrize("after", [False, True])
def test_a_kill_at_any_save_shows_nobody_what_is_anothers_and_loses_nothing(name: str, save: int, after: bool) -> None:
    reading = Reading()
    reading.links_of(_BOB, B)
    reading.links_of(_ALICE, A)
    reading.reads(_BOB, {"bobs": 0})
    reading.reads(_ALICE, {"alices": 0})

    def tell() -> None:
        reading.office.change(B, C, hours=1)
        reading.office.change(A, B, hours=2)

    with_kill(getattr(reading.office, name), save, after=after, act=tell)
    assert reading.remembered(_ALICE) == ["alices"]
    assert reading.remembered(_BOB) == ["bobs"]
    tell()
    tell()

    assert reading.remembered(_ALICE) == ["alices"]
    assert reading.remembered(_BOB) == ["bobs"]


@pytest.mark.parametrize("save", range(6))
@pytest.mark.parametrize("taken_over", [False, True])
def test_a_number_given_away_shows_its_new_holder_nothing_wherever_that_is_interrupted(
    save: int, taken_over: bool
) -> None:
    for name in ("aliases", "snapshots", "accounts"):
        reading = Reading()
        reading.links_of(_ALICE, A)
        reading.reads(_ALICE, {"alices": 0})
        reading.office.change(A, B, hours=1)
        holder = C if taken_over else None

        def give(reading: Reading = reading, holder: AccountKey | None = holder) -> None:
            reading.office.change(holder, A, hours=2)

        with_kill(getattr(reading.office, name), save, after=True, act=give)
        if reading.office.current.of(A) == A:
            reading.links_of(_CAROL, A, hours=3)
            assert reading.remembered(_CAROL) == []
        give()

        assert reading.remembered(_ALICE) == ["alices"]


def test_a_slow_reading_begun_before_the_change_puts_nothing_back(reading: Reading) -> None:
    reading.links_of(_BOB, B)
    reading.links_of(_ALICE, A)

    def change(method: str) -> None:
        reading.region.up()
        reading.office.change(B, C, hours=1)
        reading.office.change(A, B, hours=2)

    reading.region.trouble = change
    reading.reads(_BOB, {"bobs": 0})

    assert reading.remembered(_ALICE) == []
    assert reading.remembered(_BOB) == ["bobs"]


def test_a_slow_refresh_begun_before_the_change_puts_nothing_back(reading: Reading) -> None:
    reading.links_of(_ALICE, A)

    def change(method: str) -> None:
        if method == "payments":
            reading.region.up()
            reading.office.change(A, B, hours=2)

    reading.region.trouble = change
    reading.refreshes(B, "bobs", hours=1)

    assert reading.remembered(_ALICE) == []
    snapshot = reading.office.snapshots.get(B)
    assert snapshot.payments is None


def test_what_is_refreshed_under_the_new_number_is_remembered_with_the_rest(reading: Reading) -> None:
    reading.links_of(_ALICE, A)
    reading.office.change(A, B, hours=1)

    reading.refreshes(B, "alices", hours=2)

    assert reading.remembered(_ALICE) == ["alices"]


def test_an_answer_of_before_the_number_was_the_accounts_is_not_remembered(reading: Reading) -> None:
    reading.links_of(_ALICE, A)
    reading.office.change(A, B, hours=2)

    reading.reads(_ALICE, {"bobs": 0}, hours=1)

    assert reading.remembered(_ALICE) == []


def test_what_was_read_under_a_former_number_when_it_was_anothers_is_not_shown(reading: Reading) -> None:
    reading.links_of(_BOB, B)
    reading.links_of(_ALICE, A)
    reading.reads(_BOB, {"alices": 0}, hours=3)  # the region tells of the change only now

    reading.office.change(B, C, hours=1)
    reading.office.change(A, B, hours=2)

    assert reading.remembered(_BOB) == []
    assert reading.remembered(_ALICE) == []


def test_what_is_read_under_the_new_number_replaces_what_it_covers_and_nothing_else(reading: Reading) -> None:
    reading.links_of(_ALICE, A)
    reading.reads(_ALICE, {"new": 0, "taken back": -1, "old": -2, "oldest": -3, "of last year": -24 * 365})
    reading.office.change(A, B, hours=1)

    reading.reads(_ALICE, {"newest": 2, "new": 0, "old": -2}, hours=2, more=True)

    assert reading.remembered(_ALICE) == ["newest", "new", "old", "oldest", "of last year"]
    assert reading.not_known(_ALICE) == [Span(A_MORNING + 2 * _HOUR + MOMENT, reading.office.clock.now())]


def test_what_the_region_keeps_no_more_goes_though_it_was_read_under_the_former_number(reading: Reading) -> None:
    reading.links_of(_ALICE, A)
    reading.reads(_ALICE, {"new": 0, "of last year": -24 * 365})
    reading.office.change(A, B, hours=1)

    reading.reads(_ALICE, {"newest": 2, "new": 0}, hours=2)

    assert reading.remembered(_ALICE) == ["newest", "new"]
