"""Pages of fees and payments: what a region may answer, and what a page token may say."""

from datetime import UTC, datetime, timedelta

import pytest
from kabinet.regional.v1 import billing_pb2

from services.accounts.adapters.grpc_region_values import payments_of, read
from services.accounts.adapters.json_regions import load_regions
from services.accounts.application.account_standing import AccountStanding
from services.accounts.application.list_rows import Continuation, ListRows, RowsWanted, ShownRows
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.remember_history import RememberHistory
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import CreditedPayment, Page
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.history import BEGINNING, END, GapReason, HistoryGap, Position, Span
from services.chassis.grpc_values import money_to_proto, time_to_proto
from services.chassis.paging import PageTokenInvalid, to_page_token
from tests.accounts.builders import A_MORNING, SettableClock, make_account, make_credited
from tests.accounts.fakes import FakeBillingAccounts, FakeHistory, FakeSnapshots

_MILLISECOND = timedelta(milliseconds=1)


class Reader:
    """A subscriber who reads the payments of an account; `told` is what the region answers to each page token."""

    def __init__(self) -> None:
        accounts, snapshots, history = FakeBillingAccounts(), FakeSnapshots(), FakeHistory()
        self.clock = clock = SettableClock()
        self.account = make_account()
        accounts.save(self.account)
        self.told: dict[str, billing_pb2.ListPaymentsResponse] = {}
        self._list = ListRows(
            kind=FigureKind.PAYMENTS,
            read=self._told,
            observe_rows=lambda snapshot, page, now: snapshot.observe_payments(page, now=now),
            accounts=accounts,
            standing=AccountStanding(accounts=accounts, snapshots=snapshots),
            snapshots=snapshots,
            history=history,
            remember=RememberHistory(history=history),
            observe=ObserveAccount(snapshots=snapshots, accounts=accounts, clock=clock),
            regions=load_regions(connected=["54"]),
            clock=clock,
        )

    def page(self, token: str = "") -> ShownRows[CreditedPayment]:
        return self._list(
            RowsWanted(
                subscriber_id=self.account.subscriber_id,
                billing_account_id=self.account.billing_account_id,
                page_size=20,
                page_token=token,
            )
        )

    def _told(self, key: AccountKey, /, *, page_size: int, page_token: str, period: Span) -> Page[CreditedPayment]:
        return read(key.region, self.told[page_token], payments_of)


def _answer(*payments: CreditedPayment, next_page_token: str = "") -> billing_pb2.ListPaymentsResponse:
    rows = [
        billing_pb2.CreditedPayment(
            payment_id=payment.payment_id,
            channel=payment.channel,
            amount=money_to_proto(payment.amount),
            credited_at=time_to_proto(payment.credited_at),
        )
        for payment in payments
    ]
    return billing_pb2.ListPaymentsResponse(
        payments=rows, next_page_token=next_page_token, as_of=time_to_proto(A_MORNING)
    )


@pytest.fixture
def reader() -> Reader:
    return Reader()


def _unread(shown: ShownRows[CreditedPayment]) -> list[HistoryGap]:
    return [gap for gap in shown.gaps if gap.reason is GapReason.REGION_UNAVAILABLE]


def test_an_empty_page_that_others_follow_is_no_answer_and_shows_what_is_not_known_as_a_gap(reader: Reader) -> None:
    reader.told = {"": _answer(next_page_token="more"), "more": _answer(make_credited())}

    shown = reader.page()

    assert shown.rows.value is None
    assert _unread(shown) == [HistoryGap(Span(BEGINNING, A_MORNING), GapReason.REGION_UNAVAILABLE)]


def test_an_empty_page_that_others_follow_takes_nothing_away_of_what_was_read_before(reader: Reader) -> None:
    payment = make_credited()
    reader.told = {"": _answer(payment)}
    reader.page()
    reader.clock.advance(minutes=1)

    reader.told = {"": _answer(next_page_token="more")}
    shown = reader.page()

    assert shown.rows.value == [payment]
    assert [gap.span.begins_at for gap in _unread(shown)] == [A_MORNING + _MILLISECOND]


def test_an_empty_page_in_the_middle_of_a_listing_leaves_a_gap_behind_the_page_before(reader: Reader) -> None:
    payment = make_credited()
    reader.told = {"": _answer(payment, next_page_token="a"), "a": _answer(next_page_token="b")}
    first = reader.page()

    rest = reader.page(first.next_page_token)

    assert (first.rows.value, first.gaps) == ((payment,), ())
    assert [gap.span.begins_at for gap in _unread(rest)] == [BEGINNING]


def test_an_empty_page_that_nothing_follows_is_the_end_of_the_list(reader: Reader) -> None:
    reader.told = {"": _answer()}

    shown = reader.page()

    assert (shown.rows.value, list(shown.gaps), shown.next_page_token) == ((), [], "")


@pytest.mark.parametrize("at", [BEGINNING, A_MORNING, END - _MILLISECOND])
def test_a_token_brings_back_the_row_that_a_page_ended_with(reader: Reader, at: datetime) -> None:
    token = Continuation(after=Position(at, "office-1")).to_token()

    assert Continuation.of(token).after == Position(at, "office-1")
    assert reader.page(token).next_page_token == ""


@pytest.mark.parametrize("at", [END, datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)])
def test_refuses_a_token_of_a_moment_that_no_row_has(reader: Reader, at: datetime) -> None:
    with pytest.raises(PageTokenInvalid):
        reader.page(to_page_token("", (at - BEGINNING) // _MILLISECOND, "office-1"))


@pytest.mark.parametrize("at_ms", [-1, 10**30])
def test_refuses_a_token_of_what_is_no_moment(reader: Reader, at_ms: int) -> None:
    with pytest.raises(PageTokenInvalid):
        reader.page(to_page_token("", at_ms, "office-1"))
