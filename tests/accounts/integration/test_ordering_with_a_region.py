"""Ordering against the reference region as a program of its own: both keep to one contract, through to the end."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from kabinet.accounts.v1 import ordering_pb2 as pb
from pymongo.database import Database

from services.chassis.clock import SystemClock
from services.chassis.grpc_errors import RemoteError
from services.chassis.ids import new_id
from tests.accounts.integration.cabinet import ANNA, Cabinet, posting_request, rub
from tests.sandbox.programs import Program
from tests.support import eventually
from tests.support.neighbourhood import Neighbourhood
from tests.support.ports import free_port


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    file = tmp_path / "clock"
    file.write_text("0")
    return file


@pytest.fixture
def program(neighbourhood: Neighbourhood, tmp_path: Path, clock_file: Path) -> Iterator[Program]:
    """Region 54 with fresh books."""
    neighbourhood.identity()
    control = f"127.0.0.1:{free_port()}"
    region = Program(
        module="sandbox.region",
        arguments=("--region", "54"),
        base_url=f"http://{control}",
        log_file=tmp_path / "region.log",
        environment={
            "REGION_LISTEN": f"127.0.0.1:{free_port()}",
            "REGION_CONTROL_LISTEN": control,
            "REGION_DATABASE": str(tmp_path / "region.sqlite3"),
            "REGION_KEY_FILE": str(neighbourhood.key_file("region:54")),
            "TRUST_FILE": str(neighbourhood.trust_file),
            "ACCOUNTS_ADDRESS": "127.0.0.1:1",
            "CLOCK_FILE": str(clock_file),
        },
    )
    region.start()
    yield region
    region.stop()


@pytest.fixture
def cabinet(
    neighbourhood: Neighbourhood, mongo_url: str, database: Database[Any], program: Program, clock_file: Path
) -> Iterator[Cabinet]:
    """The server and a dispatcher, with that region and its clock."""
    subject = Cabinet(
        neighbourhood,
        mongo_url,
        database.name,
        overrides={"clock_file": clock_file},
        region_address=program.environment["REGION_LISTEN"],
    )
    subject.start()
    subject.start_dispatcher()
    yield subject
    subject.stop()


def _ask(cabinet: Cabinet, method: str, request: Any) -> Any:
    return cabinet.by(ANNA).ordering(method, request)


def _change(cabinet: Cabinet, account_id: str) -> tuple[pb.TariffQuote, pb.TariffChange]:
    plans = _ask(cabinet, "ListTariffPlans", pb.ListTariffPlansRequest(billing_account_id=account_id)).tariff_plans
    wanted = pb.CreateTariffQuoteRequest(billing_account_id=account_id, tariff_plan_id=plans[0].tariff_plan_id)
    quote = _ask(cabinet, "CreateTariffQuote", wanted).tariff_quote
    request = pb.CreateTariffChangeRequest(tariff_quote_id=quote.tariff_quote_id)
    return quote, _ask(cabinet, "CreateTariffChange", request).tariff_change


def _state(database: Database[Any], collection: str, wish_id: str) -> str:
    return str(database[collection].find_one({"_id": wish_id})["state"])  # type: ignore[index]


def test_a_tariff_change_is_taken_back_asked_for_again_and_holds_on_its_day(
    cabinet: Cabinet, database: Database[Any], clock_file: Path
) -> None:
    account_id = cabinet.linked().billing_account_id
    _, first = _change(cabinet, account_id)
    assert first.state == pb.TARIFF_CHANGE_STATE_SCHEDULED
    back = pb.CancelTariffChangeRequest(tariff_change_id=first.tariff_change_id)
    assert _ask(cabinet, "CancelTariffChange", back).tariff_change.state == pb.TARIFF_CHANGE_STATE_CANCELED

    quote, second = _change(cabinet, account_id)
    ahead = date.fromisoformat(quote.effective_date) - SystemClock().now().date() + timedelta(days=1)
    clock_file.write_text(str(int(ahead.total_seconds())))

    eventually(lambda: _state(database, "tariff_changes", second.tariff_change_id) == "done")
    plan_id = {"tariff_plan.value.tariff_plan_id": quote.tariff_plan.tariff_plan_id}
    eventually(lambda: database["snapshots"].count_documents(plan_id) == 1)
    assert _state(database, "tariff_changes", first.tariff_change_id) == "canceled"


def test_a_service_is_ordered_and_connected(cabinet: Cabinet, database: Database[Any], program: Program) -> None:
    account_id = cabinet.linked().billing_account_id
    offers = _ask(cabinet, "ListServiceOffers", pb.ListServiceOffersRequest(billing_account_id=account_id)).offers
    wanted = next(offer for offer in offers if offer.offer_code == "nsk-static-ip")
    request = pb.CreateServiceOrderRequest(
        request_id="tap", billing_account_id=account_id, offer_code=wanted.offer_code
    )
    order = _ask(cabinet, "CreateServiceOrder", request).service_order
    assert (order.state, order.offer) == (pb.SERVICE_ORDER_STATE_ACCEPTED, wanted)

    for states in ({"in_progress", "done"}, {"done"}):  # the region may move it by itself meanwhile
        httpx.post(f"{program.base_url}/control/service-orders/{order.service_order_id}", json={}, timeout=30)
        eventually(lambda states=states: _state(database, "service_orders", order.service_order_id) in states)  # type: ignore[misc]

    eventually(lambda: database["snapshots"].count_documents({"services.value.name": wanted.name}) == 1)


def test_a_promise_is_taken_and_repaid_by_the_next_payment(cabinet: Cabinet, database: Database[Any]) -> None:
    account_id = cabinet.linked().billing_account_id
    question = pb.GetPromisedPaymentEligibilityRequest(billing_account_id=account_id)
    terms = _ask(cabinet, "GetPromisedPaymentEligibility", question)
    request = pb.TakePromisedPaymentRequest(
        request_id="tap", billing_account_id=account_id, amount=rub(terms.largest_amount.amount_minor)
    )

    promise = _ask(cabinet, "TakePromisedPayment", request).promised_payment
    assert (promise.state, promise.fee) == (pb.PROMISED_PAYMENT_STATE_OPEN, terms.fee)
    with pytest.raises(RemoteError) as refused:
        _change(cabinet, account_id)
    assert refused.value.reason == "PROMISED_PAYMENT_OPEN"
    paid = posting_request(new_id("pay"), account_id, kopecks=2 * terms.largest_amount.amount_minor)
    cabinet.by_service("payments").accounts("RequestPosting", paid)

    eventually(lambda: _state(database, "promised_payments", promise.promised_payment_id) == "repaid")
    reasons = _ask(cabinet, "GetPromisedPaymentEligibility", question).reasons
    assert "TAKEN_LATELY" in reasons
    assert "PROMISE_OPEN" not in reasons
