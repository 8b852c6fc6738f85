"""Bills whose event got lost are found, recorded and mailed; what is known stays as it is."""

from datetime import datetime, timedelta

import pytest

from services.documents.application.advance_customer_bill import RecordRegionalBill
from services.documents.application.catch_up_regional_bills import CatchUpRegionalBills
from services.documents.domain.receipts import OVERLAP, Receipt
from tests.documents.builders import A_MORNING, make_content
from tests.documents.fakes import FakeReceiptCursor
from tests.documents.office import REGIONAL_BILL_ID, Office

MINUTE = timedelta(minutes=1)


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def cursor() -> FakeReceiptCursor:
    return FakeReceiptCursor()


def _catch_up(office: Office, cursor: FakeReceiptCursor, *, page_size: int = 2) -> CatchUpRegionalBills:
    return CatchUpRegionalBills(
        regional_bills=office.accounts,
        bills=office.bills,
        record=RecordRegionalBill(bills=office.bills, clock=office.clock),
        cursor=cursor,
        clock=office.clock,
        page_size=page_size,
    )


def _receive(office: Office, name: str, at: datetime) -> None:
    """Let accounts receive a bill whose event gets lost."""
    office.accounts.receipts.append(Receipt(regional_bill_id=name, region="54", received_at=at))


def _recorded(office: Office) -> list[str]:
    return [bill.regional_bill_id for bill in office.bills.table.rows.values()]


def test_a_bill_that_was_never_announced_is_rendered_and_mailed(office: Office, cursor: FakeReceiptCursor) -> None:
    office.subscribe()
    office.accounts.regional_bills[REGIONAL_BILL_ID] = make_content()
    _receive(office, REGIONAL_BILL_ID, A_MORNING)

    _catch_up(office, cursor)()
    office.work()

    assert [to for to, _ in office.post.bills] == ["maria@example.com"]
    assert cursor.seen_until == A_MORNING


def test_a_bill_that_was_announced_is_left_alone(office: Office, cursor: FakeReceiptCursor) -> None:
    office.subscribe()
    office.issue_bill()
    _receive(office, REGIONAL_BILL_ID, A_MORNING)
    office.work()
    before = office.bill

    _catch_up(office, cursor)()
    office.work()

    assert office.bill == before
    assert len(office.post.bills) == 1


def test_goes_through_all_pages_and_saves_its_place_after_each(office: Office, cursor: FakeReceiptCursor) -> None:
    moments = [A_MORNING - 5 * MINUTE + number * MINUTE for number in (0, 1, 1, 1, 2)]
    for number, moment in enumerate(moments):
        _receive(office, f"rbl_{number}", moment)
    catch_up = _catch_up(office, cursor)

    turns = []
    for _ in range(3):
        turns.append((catch_up(), cursor.seen_until))

    assert turns == [(True, moments[1]), (True, moments[3]), (False, moments[4])]
    assert _recorded(office) == [f"rbl_{number}" for number in range(5)]


def test_finds_a_bill_that_became_visible_after_later_ones(office: Office, cursor: FakeReceiptCursor) -> None:
    _receive(office, "rbl_later", A_MORNING)
    catch_up = _catch_up(office, cursor)
    catch_up()

    _receive(office, "rbl_earlier", A_MORNING - OVERLAP)
    catch_up()

    assert _recorded(office) == ["rbl_later", "rbl_earlier"]
    assert cursor.seen_until == A_MORNING


def test_does_not_go_further_back_than_the_overlap(office: Office, cursor: FakeReceiptCursor) -> None:
    cursor.advance(A_MORNING - MINUTE)

    _catch_up(office, cursor)()

    (position,) = office.accounts.asked_after
    assert position is not None
    assert position.received_at == A_MORNING - MINUTE - OVERLAP


def test_a_bill_from_a_clock_that_runs_ahead_hides_no_other(office: Office, cursor: FakeReceiptCursor) -> None:
    _receive(office, "rbl_ahead", A_MORNING + timedelta(days=1))
    catch_up = _catch_up(office, cursor)
    catch_up()

    office.clock.advance(minutes=1)
    _receive(office, "rbl_next", office.clock.now())
    catch_up()

    assert sorted(_recorded(office)) == ["rbl_ahead", "rbl_next"]


def test_waits_while_accounts_is_down_and_goes_on_where_it_was(office: Office, cursor: FakeReceiptCursor) -> None:
    for number in range(3):
        _receive(office, f"rbl_{number}", A_MORNING)
    catch_up = _catch_up(office, cursor)
    assert catch_up()

    office.accounts.down = True
    assert not catch_up()
    office.accounts.down = False
    catch_up()

    assert _recorded(office) == ["rbl_0", "rbl_1", "rbl_2"]
    assert [place.regional_bill_id if place else None for place in office.accounts.asked_after] == [None, "rbl_1"]
