"""Putting figures beside links: who is asked, and who is waited for."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest

from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.show_billing_accounts import FiguresOf
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_snapshot import AccountSnapshot
from services.accounts.domain.proof_ladder import Rung
from services.accounts.domain.region import Cutover, Region, Regions
from services.chassis.money import Money
from tests.accounts.builders import SettableClock, make_account, make_report
from tests.accounts.fakes import FakeBillingAccounts, FakeSnapshots

_ANSWERS, _SILENT = AccountKey("54", "1"), AccountKey("77", "1")


class Refresher:
    """Brings nothing, and remembers for which accounts somebody waited how long."""

    def __init__(self) -> None:
        self.waited: dict[AccountKey, float] = {}

    def refresh(self, keys: Sequence[AccountKey], /, *, within_s: float) -> Mapping[AccountKey, AccountSnapshot]:
        self.waited |= dict.fromkeys(keys, within_s)
        return {}


class Health:
    """Knows that region 77 does not answer."""

    def answers(self, region: str, /) -> bool:
        return region != "77"


@pytest.fixture
def refresher() -> Refresher:
    return Refresher()


@pytest.fixture
def figures_of(refresher: Refresher) -> FiguresOf:
    clock, snapshots = SettableClock(), FakeSnapshots()
    for key in (_ANSWERS, _SILENT):
        snapshot = snapshots.get(key)
        snapshot.observe_report(make_report(kopecks=777_00, as_of=clock.now()), now=clock.now())
        snapshots.save(snapshot)
    clock.advance(minutes=1)
    return FiguresOf(
        snapshots=snapshots,
        standing=AccountStanding(accounts=FakeBillingAccounts(), snapshots=snapshots),
        refresher=refresher,
        health=Health(),
        regions=Regions([_region("54"), _region("77")]),
        clock=clock,
        young_for=timedelta(seconds=5),
    )


def _region(code: str) -> Region:
    return Region(
        code=code,
        name=code,
        name_en=code,
        time_zone="Europe/Moscow",
        cutover=Cutover.CLOSED,
        cutover_date=date(2014, 7, 1),
        proof_kinds=(),
        number_pattern="[0-9]+",
        fresh_for=timedelta(minutes=15),
        connected=True,
    )


def test_waits_for_regions_that_answer_and_has_the_others_asked_meanwhile(
    figures_of: FiguresOf, refresher: Refresher
) -> None:
    shown = figures_of([make_account(key=key) for key in (_ANSWERS, _SILENT)], refresh_within_s=1.5)

    assert refresher.waited == {_ANSWERS: 1.5, _SILENT: 0}
    assert [account.balance.value for account in shown] == [Money(777_00)] * 2
    assert not shown[1].region_available


def test_asks_nobody_when_it_may_not_wait(figures_of: FiguresOf, refresher: Refresher) -> None:
    shown = figures_of([make_account(key=key) for key in (_ANSWERS, _SILENT)], refresh_within_s=0)

    assert refresher.waited == {}
    assert [account.region_available for account in shown] == [True, False]


def test_asks_for_no_account_whose_figures_may_not_be_seen(figures_of: FiguresOf, refresher: Refresher) -> None:
    figures_of([make_account(key=_ANSWERS, rung=Rung.PAY)], refresh_within_s=1.5)

    assert refresher.waited == {}
