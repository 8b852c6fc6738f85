"""Composition of the worker: settings -> what to do with which event. Reaches neither gRPC nor pika."""

from services.chassis.consumer import build_worker
from services.chassis.events import Envelope, EventSchemas
from services.documents.application.advance_customer_bill import RecordRegionalBill
from services.documents.application.bill_deliveries import EndDeliveryOfLink
from services.documents.bootstrap_stores import open_stores
from services.documents.config import Settings
from services.documents.domain.account import Recipient


def build(settings: Settings, /) -> type:
    """Return the nameko service class."""
    stores = open_stores(settings, role="worker")
    record = RecordRegionalBill(bills=stores.bills, clock=stores.clock)
    end = EndDeliveryOfLink(deliveries=stores.deliveries, clock=stores.clock)

    def on_regional_bill_received(event: Envelope) -> None:
        record(regional_bill_id=event.data["regional_bill_id"], region=event.data["region"])

    def on_billing_account_unlinked(event: Envelope) -> None:
        end(
            recipient=Recipient(
                subscriber_id=event.data["subscriber_id"], billing_account_id=event.data["billing_account_id"]
            )
        )

    return build_worker(
        "documents",
        amqp_url=settings.amqp_url,
        bindings={
            "accounts.regional_bill_received.v1": on_regional_bill_received,
            "accounts.billing_account_unlinked.v1": on_billing_account_unlinked,
        },
        schemas=EventSchemas(settings.event_schemas),
    )
