"""What the routes take in by which a subscriber changes an account: tariff plan, services, promised payment."""

from typing import Annotated

from pydantic import StringConstraints

from gateway.bodies.fields import Amount, Body, Id

# Ids and codes of a region's own: what they look like is the region's choice, but each is one short line.
RegionalId = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]


class NewTariffQuote(Body):
    """Asks what a change to a tariff plan would come to."""

    tariff_plan_id: RegionalId


class NewTariffChange(Body):
    """Changes the tariff plan as quoted."""

    tariff_quote_id: Id


class NewServiceOrder(Body):
    """Orders a service."""

    offer_code: RegionalId


class NewPromisedPayment(Body):
    """Asks for a promised payment."""

    amount: Amount


class TariffChangePath(Body):
    """Which tariff change."""

    billing_account_id: Id
    tariff_change_id: Id


class ServiceOrderPath(Body):
    """Which service order."""

    billing_account_id: Id
    service_order_id: Id
