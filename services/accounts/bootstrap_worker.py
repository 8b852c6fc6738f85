"""Composition of the worker: settings -> what to do with which event. Reaches neither gRPC nor pika."""

from datetime import UTC, datetime

from services.accounts.application.request_posting import RequestPosting
from services.accounts.bootstrap_stores import open_stores
from services.accounts.config import Settings
from services.accounts.domain.errors import PaymentIdReused
from services.chassis.clock import to_milliseconds
from services.chassis.consumer import build_worker
from services.chassis.errors import FieldInvalid
from services.chassis.events import Envelope, EventSchemas, PermanentError
from services.chassis.money import Money


def build(settings: Settings, /) -> type:
    """Return the nameko service class."""
    stores = open_stores(settings, role="worker")
    request_posting = RequestPosting(postings=stores.postings, accounts=stores.accounts, clock=stores.clock)

    def on_payment_captured(event: Envelope) -> None:
        """Take the crediting over. A posting exists once per payment: that is the guard against a second delivery.

        A contradiction is given up at once and kept among the dead letters. An account that is not known may only be
        one that a failover has not shown yet, so that is tried again first.
        """
        data = event.data
        try:
            request_posting(
                payment_id=data["payment_id"],
                billing_account_id=data["billing_account_id"],
                amount=Money.from_mapping(data["amount"]),
                captured_at=_moment(data["captured_at"]),
            )
        except (PaymentIdReused, FieldInvalid) as error:
            raise PermanentError(error.reason) from error

    return build_worker(
        "accounts",
        amqp_url=settings.amqp_url,
        bindings={"payments.payment_captured.v1": on_payment_captured},
        schemas=EventSchemas(settings.event_schemas),
    )


def _moment(text: str) -> datetime:
    """Return an RFC 3339 time. Without a zone it says nothing, however often it is tried."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise PermanentError("not a time") from error
    if moment.tzinfo is None:
        raise PermanentError("a time without a zone")
    return to_milliseconds(moment.astimezone(UTC))
