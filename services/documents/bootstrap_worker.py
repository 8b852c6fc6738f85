"""Composition of the worker: settings -> what to do with which event. Reaches neither gRPC nor pika."""

from collections.abc import Mapping
from datetime import UTC, datetime

from services.chassis.clock import Clock, to_milliseconds
from services.chassis.consumer import Handler, build_worker
from services.chassis.events import Envelope, EventSchemas
from services.documents.application.advance_customer_bill import RecordRegionalBill
from services.documents.application.autopay_notices import RecordAutopayNotice
from services.documents.application.bill_deliveries import EndDeliveryOfLink
from services.documents.bootstrap_stores import Stores, open_stores
from services.documents.config import Settings
from services.documents.domain.account import Recipient
from services.documents.domain.autopay_notice import AutopayNotice, NoticeKind


def build(settings: Settings, /) -> type:
    """Return the nameko service class."""
    stores = open_stores(settings, role="worker")
    return build_worker(
        "documents",
        amqp_url=settings.amqp_url,
        bindings=_of_accounts(stores) | _of_payments(stores),
        schemas=EventSchemas(settings.event_schemas),
    )


def _of_accounts(stores: Stores) -> dict[str, Handler]:
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

    return {
        "accounts.regional_bill_received.v1": on_regional_bill_received,
        "accounts.billing_account_unlinked.v1": on_billing_account_unlinked,
    }


def _of_payments(stores: Stores) -> dict[str, Handler]:
    record = RecordAutopayNotice(notices=stores.autopay_notices)
    kinds = {
        "payments.autopay_charge_announced.v1": NoticeKind.ANNOUNCED,
        "payments.autopay_charge_declined.v1": NoticeKind.DECLINED,
        "payments.autopay_charge_held.v1": NoticeKind.HELD,
    }

    def handler(kind: NoticeKind) -> Handler:
        return lambda event: record(_notice(event, kind, clock=stores.clock))

    return {name: handler(kind) for name, kind in kinds.items()}


def _notice(event: Envelope, kind: NoticeKind, *, clock: Clock) -> AutopayNotice:
    now, data = clock.now(), event.data
    tried = f":{data['try_number']}" if kind is NoticeKind.DECLINED else ""
    return AutopayNotice(
        notice_id=f"{data['decision_id']}:{kind.value}{tried}",
        kind=kind,
        decision_id=data["decision_id"],
        subscriber_id=data["subscriber_id"],
        billing_account_id=data["billing_account_id"],
        created_at=now,
        decline_class=data.get("decline_class", ""),
        next_try_at=_moment(data, "next_try_at"),
        lapses_at=_moment(data, "lapses_at"),
        time_zone=data.get("time_zone", ""),
        due_at=now,
    )


def _moment(data: Mapping[str, str], field: str) -> datetime | None:
    text = data.get(field)
    return to_milliseconds(datetime.fromisoformat(text).astimezone(UTC)) if text else None
