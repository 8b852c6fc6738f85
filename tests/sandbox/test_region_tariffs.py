"""Changing the tariff plan in the reference region: quote, date in the region's zone, effect, undo, repeats."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import grpc
import pytest
from kabinet.regional.v1 import billing_pb2, ordering_pb2

from tests.sandbox.regions import ADVANCE, Cabinet, NearRegion, reason_of
from tests.support import eventually

_ZONE = ZoneInfo("Asia/Novosibirsk")


@pytest.fixture
def region(tmp_path: Path) -> Iterator[NearRegion]:
    near = NearRegion(folder=tmp_path)
    yield near
    near.close()


def _quote(cabinet: Cabinet, plan: str = "nsk-online-30") -> Any:
    request = ordering_pb2.QuoteTariffChangeRequest(number=ADVANCE, tariff_plan_id=plan)
    return cabinet.call(cabinet.ordering.QuoteTariffChange, request).quote


def _schedule(cabinet: Cabinet, quote: Any, change_id: str = "chg_1") -> Any:
    request = ordering_pb2.ScheduleTariffChangeRequest(change_id=change_id, number=ADVANCE, quote=quote)
    return cabinet.call(cabinet.ordering.ScheduleTariffChange, request).change


def _cancel(cabinet: Cabinet, change_id: str = "chg_1") -> Any:
    request = ordering_pb2.CancelTariffChangeRequest(change_id=change_id)
    return cabinet.call(cabinet.ordering.CancelTariffChange, request).change


def _account(cabinet: Cabinet) -> Any:
    return cabinet.call(cabinet.billing.GetAccount, billing_pb2.GetAccountRequest(number=ADVANCE))


def test_lists_the_other_plans_the_cheapest_first(cabinet: Cabinet) -> None:
    request = ordering_pb2.ListTariffPlansRequest(number=ADVANCE)

    plans = cabinet.call(cabinet.ordering.ListTariffPlans, request).tariff_plans

    fees = [plan.monthly_fee.amount_minor for plan in plans]
    assert fees == sorted(fees)
    assert "nsk-trio" not in {plan.tariff_plan_id for plan in plans}
    assert len(plans) >= 3


def test_quotes_what_is_lost_and_the_first_of_the_next_month_in_its_own_zone(
    region: NearRegion, cabinet: Cabinet
) -> None:
    today = datetime.now(_ZONE).date()
    last_evening = (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    just_after_midnight = datetime(last_evening.year, last_evening.month, last_evening.day, 17, 30, tzinfo=UTC)
    region.move_clock(seconds=(just_after_midnight - datetime.now(UTC)).total_seconds())

    quote = _quote(cabinet)

    month_after_next = (last_evening + timedelta(days=33)).replace(day=1)
    assert quote.effective_date == month_after_next.isoformat()  # 17:30 UTC is the 1st, 00:30, in Novosibirsk
    assert quote.price_now.amount_minor == 10_000
    assert quote.next_bill.amount_minor == 45_000
    assert list(quote.lost) == [
        "Домашний телефон",
        "Интерактивное ТВ «Стартовый»",
        "Скорость 60 Мбит/с (станет 30 Мбит/с)",
        "Безлимитные местные звонки",
    ]


def test_changes_the_plan_on_its_date_and_not_before(region: NearRegion, cabinet: Cabinet) -> None:
    _schedule(cabinet, _quote(cabinet))
    before = _account(cabinet)

    region.move_clock(days=40)

    after = eventually(lambda: (found := _account(cabinet)).tariff_plan.tariff_plan_id == "nsk-online-30" and found)
    request = ordering_pb2.GetTariffChangeRequest(change_id="chg_1")
    change = cabinet.call(cabinet.ordering.GetTariffChange, request).change
    assert before.tariff_plan.tariff_plan_id == "nsk-trio"
    assert [service.name for service in after.services] == ["Интернет 30 Мбит/с"]
    assert after.balance.amount_minor == before.balance.amount_minor - 10_000
    assert change.state == ordering_pb2.TARIFF_CHANGE_STATE_DONE


def test_does_not_take_back_what_holds_already(region: NearRegion, cabinet: Cabinet) -> None:
    _schedule(cabinet, _quote(cabinet))
    region.move_clock(days=40)

    with pytest.raises(grpc.RpcError) as error:
        _cancel(cabinet)

    assert reason_of(error) == "TARIFF_CHANGE_DONE"


def test_schedules_once_and_takes_back_once_however_often_it_is_asked(cabinet: Cabinet) -> None:
    quote = _quote(cabinet)

    scheduled = [_schedule(cabinet, quote) for _ in range(2)]
    canceled = [_cancel(cabinet) for _ in range(2)]

    assert scheduled[0] == scheduled[1]
    assert canceled[0] == canceled[1]
    assert canceled[0].state == ordering_pb2.TARIFF_CHANGE_STATE_CANCELED
    assert _schedule(cabinet, quote) == canceled[0]  # the same id stays what it became
    assert _schedule(cabinet, quote, "chg_2").state == ordering_pb2.TARIFF_CHANGE_STATE_SCHEDULED


def test_refuses_the_id_of_another_change(cabinet: Cabinet) -> None:
    other = _quote(cabinet, "nsk-online-100")
    _schedule(cabinet, _quote(cabinet))

    with pytest.raises(grpc.RpcError) as error:
        _schedule(cabinet, other)

    assert reason_of(error) == "REQUEST_ID_REUSED"


@pytest.mark.parametrize(("plan", "reason"), [("nsk-trio", "TARIFF_PLAN_IN_FORCE"), ("no", "TARIFF_PLAN_NOT_FOUND")])
def test_quotes_no_plan_that_cannot_be_changed_to(cabinet: Cabinet, plan: str, reason: str) -> None:
    with pytest.raises(grpc.RpcError) as error:
        _quote(cabinet, plan)

    assert reason_of(error) == reason


def test_refuses_a_price_that_nobody_quoted(cabinet: Cabinet) -> None:
    quote = _quote(cabinet)
    quote.price_now.amount_minor = 0

    with pytest.raises(grpc.RpcError) as error:
        _schedule(cabinet, quote)

    assert reason_of(error) == "TARIFF_QUOTE_OUTDATED"


def test_quotes_nothing_while_another_change_waits(cabinet: Cabinet) -> None:
    _schedule(cabinet, _quote(cabinet))

    with pytest.raises(grpc.RpcError) as error:
        _quote(cabinet, "nsk-online-100")

    assert reason_of(error) == "TARIFF_CHANGE_PENDING"
