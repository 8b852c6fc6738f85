"""What an operator does from a shell of the service (`python -m services.payments queue`, ...). Prints JSON lines.

Who may: whoever may run a command with the service's own settings. There is no operator's login in the suite.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.chassis.command_lines import print_lines
from services.chassis.errors import DomainError
from services.chassis.events import to_rfc3339
from services.payments.adapters.chargeback_registry import RegistryUnreadable, read_registry
from services.payments.bootstrap import Operations, build_operations
from services.payments.bootstrap_parts import Parts
from services.payments.config import load
from services.payments.domain.evidence import Outcome, RefundOutcome
from services.payments.domain.payment import Payment, PaymentNotFound
from services.payments.domain.problem import IN_WORDS
from services.payments.domain.receipt import RECEIPT_PROBLEMS_IN_WORDS, Receipt
from services.payments.entrypoints.book_operations import add_commands

Lines = Iterable[dict[str, Any]]


def run(arguments: Sequence[str], /) -> int:
    """Carry out one operation; ends the process with 1 and the reason when it is refused."""
    options = _parser().parse_args(arguments)
    parts = Parts(load())
    try:
        status: int = options.run(parts, options)
    except (DomainError, RegistryUnreadable) as error:
        sys.exit(f"{getattr(error, 'reason', 'REGISTRY_UNREADABLE')}: {error}")
    finally:
        parts.close()
    return status


def _settle(parts: Parts, options: argparse.Namespace) -> int:
    print_lines(options.operation(build_operations(parts), options))
    return 0


def _queue(use: Operations, _options: argparse.Namespace) -> Lines:
    payments = [_in_short(payment) for payment in use.by_hand.queue()]
    return payments + [_receipt(receipt) for receipt in use.receipts_by_hand.queue()]


def _show(use: Operations, options: argparse.Namespace) -> Lines:
    return [_whole(use.by_hand.payment(options.payment))]


def _refund(use: Operations, options: argparse.Namespace) -> Lines:
    payment = use.refund_payment(
        payment_id=options.payment,
        amount_minor=options.amount_minor,
        reference=options.reference,
        reason=options.reason,
    )
    return [_whole(payment)]


def _record_refund(use: Operations, options: argparse.Namespace) -> Lines:
    payment = use.by_hand.record_refund(
        options.payment,
        options.refund,
        RefundOutcome(options.outcome),
        acquirer_refund_id=options.acquirer_refund,
        note=options.evidence,
        recorded_by=options.by,
    )
    return [_whole(payment)]


def _record_reversal(use: Operations, options: argparse.Namespace) -> Lines:
    payment = use.by_hand.record_reversal(
        options.payment, options.refund, note=options.evidence, recorded_by=options.by
    )
    return [_whole(payment)]


def _ask_again(use: Operations, options: argparse.Namespace) -> Lines:
    return [_in_short(use.by_hand.ask_again(options.payment))]


def _record_outcome(use: Operations, options: argparse.Namespace) -> Lines:
    payment = use.by_hand.record_outcome(
        options.payment,
        Outcome(options.outcome),
        acquirer_payment_id=options.acquirer_payment,
        note=options.evidence,
        recorded_by=options.by,
    )
    return [_whole(payment)]


def _close(use: Operations, options: argparse.Namespace) -> Lines:
    return [_whole(use.by_hand.close(options.payment, note=options.evidence, recorded_by=options.by))]


def _retry_receipt(use: Operations, options: argparse.Namespace) -> Lines:
    return [_receipt(use.receipts_by_hand.retry(options.receipt))]


def _import_chargebacks(use: Operations, options: argparse.Namespace) -> Lines:
    """Read the whole file before anything is recorded; a line about nobody's payment is told, the others are kept."""
    lines: list[dict[str, Any]] = []
    for line in read_registry(options.registry, now=use.clock.now()):
        try:
            payment = use.by_hand.record_chargeback(line.acquirer_payment_id, line.chargeback)
            lines.append({"chargeback_id": line.chargeback.chargeback_id, "payment_id": payment.payment_id})
        except PaymentNotFound:
            lines.append({"chargeback_id": line.chargeback.chargeback_id, "payment_id": None})
    return lines


def _unfreeze(use: Operations, options: argparse.Namespace) -> Lines:
    trusted_for = timedelta(hours=options.trusted_for_hours)
    was_frozen = use.unfreeze_region(region=options.region, trusted_for=trusted_for)
    return [{"region": options.region, "was_frozen": was_frozen}]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.payments", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="operation")
    for name, (operation, text, *options) in _OPERATIONS.items():
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=_settle, operation=operation)
        for option in options:
            command.add_argument(f"--{option.partition(':')[0]}", **{"required": True} | _OPTIONS[option])
    add_commands(commands)
    return parser


def _in_short(payment: Payment) -> dict[str, Any]:
    problem = payment.needs_person
    return {
        "payment_id": payment.payment_id,
        "state": payment.state.value,
        "amount": payment.amount.as_mapping(),
        "created_at": to_rfc3339(payment.created_at),
        "problem": problem.value if problem else None,
        "what_to_do": IN_WORDS[problem] if problem else None,
        "further_problems": [
            {"problem": further.value, "what_to_do": IN_WORDS[further]} for further in payment.further_problems
        ],
    }


def _receipt(receipt: Receipt) -> dict[str, Any]:
    problem = receipt.problem
    return {
        "receipt_id": receipt.receipt_id,
        "payment_id": receipt.payment_id,
        "state": receipt.state.value,
        "amount": receipt.amount.as_mapping(),
        "commission": receipt.commission.as_mapping(),
        "problem": problem.value if problem else None,
        "what_to_do": RECEIPT_PROBLEMS_IN_WORDS[problem] if problem else None,
    }


def _whole(payment: Payment) -> dict[str, Any]:
    return _in_short(payment) | {
        "billing_account_id": payment.billing_account_id,
        "acquirer_payment_id": payment.acquirer_payment_id,
        "history": [{"state": step.state.value, "at": to_rfc3339(step.at)} for step in payment.history],
        "refunds": [
            {
                "refund_id": refund.refund_id,
                "amount": refund.amount.as_mapping(),
                "reference": refund.reference,
                "reason": refund.reason,
                "state": refund.state.value,
                "reversed": refund.reversed_at is not None,
            }
            for refund in payment.refunds
        ],
        "chargebacks": [
            {
                "chargeback_id": chargeback.chargeback_id,
                "amount": chargeback.amount.as_mapping(),
                "reason": chargeback.reason,
                "received_at": to_rfc3339(chargeback.received_at),
            }
            for chargeback in payment.chargebacks
        ],
        "evidence": [
            {
                "about": item.about,
                "note": item.note,
                "recorded_by": item.recorded_by,
                "recorded_at": to_rfc3339(item.recorded_at),
            }
            for item in payment.evidence
        ],
    }


_OPTIONS: dict[str, dict[str, Any]] = {
    "payment": {"help": "pay_..."},
    "refund": {"help": "pay_...:refund:1, from show"},
    "amount-minor": {"type": int, "help": "kopecks to give back"},
    "reference": {"help": "ticket or order that asks for it; one refund per reference"},
    "reason": {"help": "why, in a few words"},
    "receipt": {"help": "pay_...:receipt, from queue"},
    "outcome": {"choices": [outcome.value for outcome in Outcome], "help": "what was found out"},
    "outcome:refund": {"choices": [outcome.value for outcome in RefundOutcome], "help": "what was found out"},
    "acquirer-refund": {"required": False, "default": "", "help": "its id at the acquirer, if it was made"},
    "acquirer-payment": {
        "required": False,
        "default": "",
        "help": "the acquirer's id of what was taken, unless show tells it; looked up there before it is kept",
    },
    "evidence": {"help": "where it can be looked up: registry and line, letter, ticket"},
    "by": {"help": "who says so"},
    "region": {"help": "code of the region"},
    "trusted-for-hours": {"type": int, "help": "how long nothing there is counted; 0 for a region that may err again"},
    "registry": {"type": Path, "help": "CSV: chargeback_id,payment_id,amount,currency,reason,received_at"},
}
_OPERATIONS: dict[str, tuple[Any, ...]] = {
    "queue": (_queue, "List what waits for a person, the oldest first, and what to do about it."),
    "show": (_show, "Show a payment with its history, refunds, chargebacks and evidence.", "payment"),
    "refund": (
        _refund,
        "Give a credited payment back, in part or all of it.",
        "payment",
        "amount-minor",
        "reference",
        "reason",
    ),
    "record-refund": (
        _record_refund,
        "Settle by evidence a refund that is unknown for a day; one that was not made is sent anew.",
        "payment",
        "refund",
        "outcome:refund",
        "acquirer-refund",
        "evidence",
        "by",
    ),
    "record-reversal": (
        _record_reversal,
        "Note that the region's books no longer show a refund.",
        "payment",
        "refund",
        "evidence",
        "by",
    ),
    "ask-again": (_ask_again, "Have acquirer or region asked now.", "payment"),
    "record-outcome": (
        _record_outcome,
        "Settle by evidence what was unknown for a day.",
        "payment",
        "outcome",
        "acquirer-payment",
        "evidence",
        "by",
    ),
    "close": (_close, "Note that the problem of a payment was dealt with.", "payment", "evidence", "by"),
    "retry-receipt": (_retry_receipt, "Send a failed receipt anew, under another key.", "receipt"),
    "unfreeze": (_unfreeze, "End the freeze of a region's threshold charges.", "region", "trusted-for-hours"),
    "import-chargebacks": (_import_chargebacks, "Record the disputes of the acquirer's registry.", "registry"),
}
