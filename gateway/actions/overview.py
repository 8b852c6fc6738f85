"""The overview: five services asked at once within one deadline; one that is down costs its own section only."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from kabinet.accounts.v1 import accounts_pb2
from kabinet.documents.v1 import documents_pb2
from kabinet.identity.v1 import identity_pb2
from kabinet.payments.v1 import payments_pb2

from gateway.actions.notices import NoticeTexts
from gateway.clients import Caller
from gateway.views import accounts, documents, identity, payments
from gateway.views.overview import OverviewView, Renewal, SectionStatus
from services.chassis.deadline import ending_within
from services.chassis.errors import DomainError, Kind

Shown = TypeVar("Shown")

_ABSENT = {Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.RESOURCE_EXHAUSTED, Kind.INTERNAL}
_LAST_PAYMENTS = 5
_LAST_BILLS = 6
_QUICK_S = 1.0
_BEYOND_REFRESH_S = 0.5
_RETRY_AFTER_S = 5
_OK: SectionStatus = {"status": "ok", "retry_after_s": None}


@dataclass(frozen=True, slots=True)
class _Missing:
    """A section whose service did not answer."""

    error: DomainError

    @property
    def status(self) -> SectionStatus:
        told = self.error.metadata.get("retry_after_s", "")
        return {"status": "unavailable", "retry_after_s": int(told) if told.isdigit() else _RETRY_AFTER_S}


def get_overview(
    caller: Caller, /, *, within_s: float, refresh_within_ms: int, notices: NoticeTexts, now: datetime
) -> OverviewView:
    """Return everything at one glance within `within_s`.

    Raises what a service says about the caller (an invalid token); and when not one service answers, what the first
    of them said: an empty page would look like an empty cabinet.
    """
    with ending_within(within_s):
        began = _begin(caller)
        linked = _ask(lambda: _accounts(caller, refresh_within_ms))
        profile = _ask(lambda: identity.profile(began.profile.result().profile))
        paid = _ask(lambda: [payments.payment(item) for item in began.payments.result().payments])
        rules = _ask(lambda: [payments.autopay_rule(item) for item in began.rules.result().autopay_rules])
        billed = _ask(lambda: [documents.customer_bill(item) for item in began.bills.result().customer_bills])
    if all(isinstance(part, _Missing) for part in (linked, profile, paid, rules, billed)):
        raise _first_error(linked)
    return {
        "profile": {**_status(profile), "value": _or(profile, None)},
        "billing_accounts": {**_status(linked), "items": _or(linked, [])},
        "payments": {**_status(paid), "items": _or(paid, [])},
        "bills": {**_status(billed), "items": _or(billed, [])},
        "renewals": {**_status(rules), "items": _renewals(_or(rules, []))},
        "notices": notices.about(
            accounts=_or(linked, []),
            payments=_or(paid, []),
            rules=_or(rules, []),
            language=caller.language,
            now=now,
        ),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Began:
    profile: Future[identity_pb2.GetProfileResponse]
    payments: Future[payments_pb2.ListPaymentsResponse]
    rules: Future[payments_pb2.ListAutopayRulesResponse]
    bills: Future[documents_pb2.ListCustomerBillsResponse]


def _begin(caller: Caller) -> _Began:
    """Begin four of the five; the accounts, which take longest, are asked for on the own thread."""
    owner, payer, archive = caller.clients.identity, caller.clients.payments, caller.clients.documents
    last = payments_pb2.ListPaymentsRequest(page_size=_LAST_PAYMENTS)
    last_bills = documents_pb2.ListCustomerBillsRequest(page_size=_LAST_BILLS)
    return _Began(
        profile=caller.begin(owner, owner.stub.GetProfile, identity_pb2.GetProfileRequest(), cap_s=_QUICK_S),
        payments=caller.begin(payer, payer.stub.ListPayments, last, cap_s=_QUICK_S),
        rules=caller.begin(payer, payer.stub.ListAutopayRules, payments_pb2.ListAutopayRulesRequest(), cap_s=_QUICK_S),
        bills=caller.begin(archive, archive.stub.ListCustomerBills, last_bills, cap_s=_QUICK_S),
    )


def _accounts(caller: Caller, refresh_within_ms: int) -> list[accounts.BillingAccountView]:
    service = caller.clients.accounts
    request = accounts_pb2.ListBillingAccountsRequest(refresh_within_ms=refresh_within_ms)
    cap_s = refresh_within_ms / 1000 + _BEYOND_REFRESH_S
    answer = caller.ask(service, service.stub.ListBillingAccounts, request, cap_s=cap_s)
    return [accounts.billing_account(item) for item in answer.billing_accounts]


def _renewals(rules: Sequence[payments.AutopayRuleView]) -> list[Renewal]:
    renewals: list[Renewal] = [
        {
            "kind": "autopay",
            "autopay_rule_id": rule["id"],
            "billing_account_id": rule["billing_account_id"],
            "amount_kind": rule["amount_kind"],
            "amount": rule["amount"] if rule["amount_kind"] == "fixed" else None,
            "target": rule["amount"] if rule["amount_kind"] == "target" else None,
            "renews_at": rule["next_charge_at"],
        }
        for rule in rules
        if rule["state"] == "active" and rule["next_charge_at"] is not None
    ]
    return sorted(renewals, key=lambda renewal: renewal["renews_at"])


def _ask(answer: Callable[[], Shown]) -> Shown | _Missing:
    """Return the answer, or what stands for it when the service is not there; other refusals go on."""
    try:
        return answer()
    except DomainError as error:
        if error.kind not in _ABSENT:
            raise
        return _Missing(error)


def _status(part: object) -> SectionStatus:
    return part.status if isinstance(part, _Missing) else _OK


def _or(part: Any, otherwise: Any) -> Any:
    return otherwise if isinstance(part, _Missing) else part


def _first_error(part: Any) -> DomainError:
    error: DomainError = part.error
    return error
