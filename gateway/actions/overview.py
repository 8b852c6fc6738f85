"""The overview: five services asked at once within one deadline; one that is down costs its own section only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from kabinet.accounts.v1 import accounts_pb2
from kabinet.documents.v1 import documents_pb2
from kabinet.identity.v1 import identity_pb2
from kabinet.payments.v1 import payments_pb2

from gateway.actions.notices import NoticeTexts
from gateway.clients import Answer, Caller
from gateway.views import accounts, documents, identity, payments
from gateway.views.overview import BillsSection, OverviewView, Renewal, SectionStatus
from services.chassis.deadline import ending_within
from services.chassis.errors import DomainError, Kind

Shown = TypeVar("Shown")

_ABSENT = {Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.RESOURCE_EXHAUSTED, Kind.INTERNAL}
_LAST_PAYMENTS = 5
_LAST_BILLS = 3
_MOST_ACCOUNTS_WITH_BILLS = 20
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


def get_overview(caller: Caller, /, *, within_s: float, refresh_within_ms: int, notices: NoticeTexts) -> OverviewView:
    """Return everything at one glance within `within_s`.

    Raises what a service says about the caller (an invalid token); and when not one service answers, what the first
    of them said: an empty page would look like an empty cabinet.
    """
    with ending_within(within_s):
        began = _begin(caller, refresh_within_ms)
        linked = _ask(lambda: _accounts(began.accounts.result()))
        bills = _bills(caller, linked)
        profile = _ask(lambda: identity.profile(began.profile.result().profile))
        paid = _ask(lambda: [payments.payment(item) for item in began.payments.result().payments])
        rules = _ask(lambda: [payments.autopay_rule(item) for item in began.rules.result().autopay_rules])
        archived = bills()
    if all(isinstance(part, _Missing) for part in (linked, profile, paid, rules)):
        raise _first_error(linked)
    return {
        "profile": {**_status(profile), "value": _or(profile, None)},
        "billing_accounts": {**_status(linked), "items": _or(linked, [])},
        "payments": {**_status(paid), "items": _or(paid, [])},
        "bills": archived,
        "renewals": {**_status(rules), "items": _renewals(_or(rules, []))},
        "notices": notices.about(
            accounts=_or(linked, []), payments=_or(paid, []), rules=_or(rules, []), language=caller.language
        ),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Began:
    profile: Answer[identity_pb2.GetProfileResponse]
    accounts: Answer[accounts_pb2.ListBillingAccountsResponse]
    payments: Answer[payments_pb2.ListPaymentsResponse]
    rules: Answer[payments_pb2.ListAutopayRulesResponse]


def _begin(caller: Caller, refresh_within_ms: int) -> _Began:
    clients = caller.clients
    return _Began(
        accounts=caller.begin(
            clients.accounts,
            clients.accounts.stub.ListBillingAccounts,
            accounts_pb2.ListBillingAccountsRequest(refresh_within_ms=refresh_within_ms),
            cap_s=refresh_within_ms / 1000 + _BEYOND_REFRESH_S,
        ),
        profile=caller.begin(
            clients.identity, clients.identity.stub.GetProfile, identity_pb2.GetProfileRequest(), cap_s=_QUICK_S
        ),
        payments=caller.begin(
            clients.payments,
            clients.payments.stub.ListPayments,
            payments_pb2.ListPaymentsRequest(page_size=_LAST_PAYMENTS),
            cap_s=_QUICK_S,
        ),
        rules=caller.begin(
            clients.payments,
            clients.payments.stub.ListAutopayRules,
            payments_pb2.ListAutopayRulesRequest(),
            cap_s=_QUICK_S,
        ),
    )


def _accounts(answer: accounts_pb2.ListBillingAccountsResponse) -> list[accounts.BillingAccountView]:
    return [accounts.billing_account(item) for item in answer.billing_accounts]


def _bills(caller: Caller, linked: "list[accounts.BillingAccountView] | _Missing") -> Callable[[], BillsSection]:
    """Begin to ask for the bills of each account; the returned function waits for them."""
    if isinstance(linked, _Missing):
        missing = linked  # without the accounts nobody knows whose bills to ask for
        return lambda: {**missing.status, "items": []}
    ids = [account["id"] for account in linked if "documents" in account["allowed_actions"]]
    began = _ask(lambda: [_begin_bills(caller, account_id) for account_id in ids[:_MOST_ACCOUNTS_WITH_BILLS]])
    if isinstance(began, _Missing):
        late = began
        return lambda: {**late.status, "items": []}
    answers = began
    return lambda: _collected(answers)


def _begin_bills(caller: Caller, billing_account_id: str) -> Answer[documents_pb2.ListCustomerBillsResponse]:
    service = caller.clients.documents
    request = documents_pb2.ListCustomerBillsRequest(billing_account_id=billing_account_id, page_size=_LAST_BILLS)
    return caller.begin(service, service.stub.ListCustomerBills, request, cap_s=_QUICK_S)


def _collected(answers: Sequence[Answer[documents_pb2.ListCustomerBillsResponse]]) -> BillsSection:
    pages = [_ask(answer.result) for answer in answers]
    bills = [
        documents.customer_bill(bill)
        for page in pages
        if not isinstance(page, _Missing)
        for bill in page.customer_bills
    ]
    bills.sort(key=lambda bill: bill["issued_at"], reverse=True)
    status = next((page.status for page in pages if isinstance(page, _Missing)), _OK)
    return {**status, "items": bills[: _LAST_BILLS * 2]}


def _renewals(rules: Sequence[payments.AutopayRuleView]) -> list[Renewal]:
    renewals: list[Renewal] = [
        {
            "kind": "autopay",
            "autopay_rule_id": rule["id"],
            "billing_account_id": rule["billing_account_id"],
            "amount": rule["amount"],
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
