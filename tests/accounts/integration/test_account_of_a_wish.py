"""A wish is reached under the account that it is on, and under no other: the account of a path counts."""

from collections.abc import Callable

import pytest
from kabinet.accounts.v1 import accounts_pb2
from kabinet.accounts.v1 import ordering_pb2 as pb

from services.chassis.grpc_errors import RemoteError
from tests.accounts.integration.cabinet import ANNA, BORIS, Cabinet


def _refusal(call: Callable[[], object]) -> str:
    with pytest.raises(RemoteError) as refused:
        call()
    return refused.value.reason


def test_a_quote_changes_the_plan_of_its_own_account_only(cabinet: Cabinet) -> None:
    mine = cabinet.linked().billing_account_id
    anothers = cabinet.linked(BORIS, relation=accounts_pb2.RELATION_RELATIVE).billing_account_id
    anna = cabinet.by(ANNA)
    quote = anna.ordering(
        "CreateTariffQuote", pb.CreateTariffQuoteRequest(billing_account_id=mine, tariff_plan_id="nsk-max")
    ).tariff_quote

    def change(account_id: str) -> pb.TariffChange:
        request = pb.CreateTariffChangeRequest(tariff_quote_id=quote.tariff_quote_id, billing_account_id=account_id)
        made: pb.TariffChange = anna.ordering("CreateTariffChange", request).tariff_change
        return made

    assert _refusal(lambda: change(anothers)) == _refusal(lambda: change("acc_none")) == "TARIFF_QUOTE_NOT_FOUND"
    assert cabinet.ordering.count("ScheduleTariffChange") == 0
    assert change(mine).billing_account_id == mine


def test_a_change_is_taken_back_under_its_own_account_only(cabinet: Cabinet) -> None:
    mine = cabinet.linked().billing_account_id
    anna = cabinet.by(ANNA)
    quote = anna.ordering(
        "CreateTariffQuote", pb.CreateTariffQuoteRequest(billing_account_id=mine, tariff_plan_id="nsk-max")
    ).tariff_quote
    change = anna.ordering(
        "CreateTariffChange", pb.CreateTariffChangeRequest(tariff_quote_id=quote.tariff_quote_id)
    ).tariff_change

    def cancel(account_id: str) -> pb.TariffChange:
        request = pb.CancelTariffChangeRequest(tariff_change_id=change.tariff_change_id, billing_account_id=account_id)
        canceled: pb.TariffChange = anna.ordering("CancelTariffChange", request).tariff_change
        return canceled

    assert _refusal(lambda: cancel("acc_other")) == "TARIFF_CHANGE_NOT_FOUND"
    assert cabinet.ordering.count("CancelTariffChange") == 0
    assert cancel(mine).state == pb.TARIFF_CHANGE_STATE_CANCELED


def test_an_order_is_cancelled_under_its_own_account_only(cabinet: Cabinet) -> None:
    mine = cabinet.linked().billing_account_id
    anna = cabinet.by(ANNA)
    order = anna.ordering(
        "CreateServiceOrder", pb.CreateServiceOrderRequest(request_id="r", billing_account_id=mine, offer_code="tv-1")
    ).service_order

    def cancel(account_id: str) -> pb.ServiceOrder:
        request = pb.CancelServiceOrderRequest(service_order_id=order.service_order_id, billing_account_id=account_id)
        canceled: pb.ServiceOrder = anna.ordering("CancelServiceOrder", request).service_order
        return canceled

    assert _refusal(lambda: cancel("acc_other")) == "SERVICE_ORDER_NOT_FOUND"
    assert cabinet.ordering.count("CancelServiceOrder") == 0
    assert cancel(mine).state == pb.SERVICE_ORDER_STATE_CANCELED
