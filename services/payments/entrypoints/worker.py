"""Events of accounts and the autopay timer in; each is recorded by one use case. Runs under eventlet, alone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.chassis import logs
from services.chassis.clock import to_milliseconds
from services.chassis.consumer import Handler, build_worker, run_worker
from services.chassis.events import Envelope, EventSchemas, PermanentError
from services.chassis.money import Money
from services.payments.bootstrap_worker import WorkerUseCases, build_worker_use_cases
from services.payments.config import load
from services.payments.domain.payment import PaymentNotFound
from services.payments.domain.ports import Posting, PostingState


def run() -> None:
    """Consume until told to stop."""
    settings = load()
    logs.configure(service="payments-worker", level=settings.log_level)
    use_cases = build_worker_use_cases(settings)
    worker = build_worker(
        "payments",
        amqp_url=settings.amqp_url,
        bindings=bindings_of(use_cases),
        timers={"due_occasions": (settings.autopay_tick_s, lambda: _tick(use_cases))},
        schemas=EventSchemas(settings.event_schemas),
    )
    run_worker(worker, amqp_url=settings.amqp_url, grace_s=settings.grace_s)


def bindings_of(use_cases: WorkerUseCases, /) -> Mapping[str, Handler]:
    """Return which event leads to what."""
    return {
        "accounts.payment_posted.v1": lambda envelope: _posted(use_cases, envelope),
        "accounts.posting_refused.v1": lambda envelope: _refused(use_cases, envelope),
        "accounts.balance_observed.v1": lambda envelope: _balance_observed(use_cases, envelope),
        "accounts.billing_account_unlinked.v1": lambda envelope: _unlinked(use_cases, envelope),
    }


def _posted(use_cases: WorkerUseCases, envelope: Envelope) -> None:
    restored_at = envelope.data.get("service_restored_at")
    posting = Posting(
        state=PostingState.POSTED,
        posted_at=_moment(envelope.data["posted_at"]),
        service_restored_at=_moment(restored_at) if restored_at else None,
    )
    _record(use_cases, envelope, posting)


def _refused(use_cases: WorkerUseCases, envelope: Envelope) -> None:
    _record(
        use_cases,
        envelope,
        Posting(state=PostingState.REFUSED, refusal_reason=envelope.data["refusal_reason"]),
    )


def _record(use_cases: WorkerUseCases, envelope: Envelope, posting: Posting) -> None:
    try:
        use_cases.record_crediting(
            payment_id=envelope.data["payment_id"], amount=_money(envelope.data["amount"]), posting=posting
        )
    except PaymentNotFound as error:
        raise PermanentError("no such payment") from error


def _balance_observed(use_cases: WorkerUseCases, envelope: Envelope) -> None:
    use_cases.observe_balance(
        billing_account_id=envelope.data["billing_account_id"],
        balance=_money(envelope.data["balance"]),
        as_of=_moment(envelope.data["as_of"]),
    )


def _unlinked(use_cases: WorkerUseCases, envelope: Envelope) -> None:
    use_cases.end_autopay_of_account(billing_account_id=envelope.data["billing_account_id"])


def _tick(use_cases: WorkerUseCases) -> None:
    use_cases.open_due_occasions()
    use_cases.announce_charges()


def _money(document: Mapping[str, Any]) -> Money:
    return Money.from_mapping(document)


def _moment(text: str) -> datetime:
    return to_milliseconds(datetime.fromisoformat(text).astimezone(UTC))
