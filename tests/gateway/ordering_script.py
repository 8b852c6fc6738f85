"""What the tests of the ordering pages script alike: addresses, refusals, and the one thing that was asked for."""

from typing import Any

from kabinet.accounts.v1 import ordering_pb2

from services.chassis.errors import Kind
from tests.gateway.services_script import Refused, Services

TARIFF = "/accounts/acc_1/tariff"
SERVICES = "/accounts/acc_1/services"
PROMISE = "/accounts/acc_1/promised-payment"


def refuse(services: Services, method: str, reason: str, kind: Kind, **metadata: str) -> None:
    """Make a method refuse."""

    def script(_request: object) -> None:
        raise Refused(reason, kind, **metadata)

    services.scripted["ordering"].scripts[method] = script


def have(services: Services, item: Any) -> None:
    """Make the list of a change, an order or a promise hold just this one."""
    lists = {
        ordering_pb2.TariffChange: ("ListTariffChanges", "tariff_changes"),
        ordering_pb2.ServiceOrder: ("ListServiceOrders", "service_orders"),
        ordering_pb2.PromisedPayment: ("ListPromisedPayments", "promised_payments"),
    }
    method, field = lists[type(item)]
    answer = getattr(ordering_pb2, f"{method}Response")(**{field: [item]})
    services.scripted["ordering"].scripts[method] = lambda _: answer


def page_of(item: Any) -> str:
    """Return the page that shows such a thing."""
    return {
        ordering_pb2.TariffChange: TARIFF,
        ordering_pb2.ServiceOrder: SERVICES,
        ordering_pb2.PromisedPayment: PROMISE,
    }[type(item)]
