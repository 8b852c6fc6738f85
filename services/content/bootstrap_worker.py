"""Composition of the worker: settings -> what to do with which event. Reaches neither gRPC nor pika."""

from services.chassis.consumer import build_worker
from services.chassis.events import Envelope, EventSchemas
from services.content.application.orders import EndQuotesOfAccount
from services.content.bootstrap_stores import open_stores
from services.content.config import Settings


def build(settings: Settings, /) -> type:
    """Return the nameko service class."""
    stores = open_stores(settings, role="worker")
    end_quotes = EndQuotesOfAccount(quotes=stores.quotes, clock=stores.clock)

    def on_billing_account_unlinked(event: Envelope) -> None:
        end_quotes(billing_account_id=event.data["billing_account_id"])

    return build_worker(
        "content",
        amqp_url=settings.amqp_url,
        bindings={"accounts.billing_account_unlinked.v1": on_billing_account_unlinked},
        schemas=EventSchemas(settings.event_schemas),
    )
