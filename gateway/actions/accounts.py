"""Billing accounts: what the API and the pages do alike."""

from kabinet.accounts.v1 import accounts_pb2

from gateway.actions.periods import beginning_of, end_of
from gateway.bodies import accounts as bodies
from gateway.clients import Caller
from gateway.views import accounts as views
from gateway.views.values import Items, items, numbers_of

_RELATIONS = numbers_of(accounts_pb2.Relation, "RELATION_")
_REGION_S = 6.0  # the region verifies within the call


def list_regions(caller: Caller, /) -> Items[views.RegionView]:
    """Return the regions and whether their old cabinets still work (F02)."""
    accounts = caller.clients.accounts
    answer = caller.ask_openly(accounts, accounts.stub.ListRegions, accounts_pb2.ListRegionsRequest())
    return items([views.region(item) for item in answer.regions])


def link_billing_account(
    caller: Caller, body: bodies.NewBillingAccount, /, *, request_id: str
) -> views.BillingAccountView:
    """Link an account after its region has verified the proof (F07, F08)."""
    accounts = caller.clients.accounts
    request = accounts_pb2.LinkBillingAccountRequest(
        request_id=request_id,
        region=body.region,
        number=body.number,
        relation=_RELATIONS[body.relation],
        label=body.label,
        proof=accounts_pb2.Proof(kind=body.proof.kind, value=body.proof.value),
        client_address=caller.client.ip_address,
    )
    answer = caller.ask(accounts, accounts.stub.LinkBillingAccount, request, cap_s=_REGION_S)
    return views.billing_account(answer.billing_account)


def send_ownership_code(caller: Caller, body: bodies.OwnershipCodeRequest, /) -> views.OwnershipCodeView:
    """Have a code sent to the contact of an account, if there is one; the answer is the same if not."""
    accounts = caller.clients.accounts
    request = accounts_pb2.SendOwnershipCodeRequest(
        region=body.region, number=body.number, client_address=caller.client.ip_address
    )
    return views.ownership_code(caller.ask(accounts, accounts.stub.SendOwnershipCode, request, cap_s=_REGION_S))


def list_billing_accounts(caller: Caller, /, *, refresh_within_ms: int) -> Items[views.BillingAccountView]:
    """Return all accounts with their figures."""
    accounts = caller.clients.accounts
    request = accounts_pb2.ListBillingAccountsRequest(refresh_within_ms=refresh_within_ms)
    answer = caller.ask(accounts, accounts.stub.ListBillingAccounts, request)
    return items([views.billing_account(item) for item in answer.billing_accounts])


def get_billing_account(
    caller: Caller, billing_account_id: str, /, *, refresh_within_ms: int
) -> views.BillingAccountView:
    """Return one account with its figures."""
    accounts = caller.clients.accounts
    request = accounts_pb2.GetBillingAccountRequest(
        billing_account_id=billing_account_id, refresh_within_ms=refresh_within_ms
    )
    return views.billing_account(caller.ask(accounts, accounts.stub.GetBillingAccount, request).billing_account)


def update_billing_account(
    caller: Caller, billing_account_id: str, body: bodies.BillingAccountChange, /
) -> views.BillingAccountView:
    """Change label and relation of an account, whichever is given; each is idempotent."""
    accounts = caller.clients.accounts
    if body.relation is not None:
        relation = accounts_pb2.ChangeRelationRequest(
            billing_account_id=billing_account_id, relation=_RELATIONS[body.relation]
        )
        changed = caller.ask(accounts, accounts.stub.ChangeRelation, relation).billing_account
        if body.label is None:
            return views.billing_account(changed)
    if body.label is None:
        return get_billing_account(caller, billing_account_id, refresh_within_ms=0)
    request = accounts_pb2.UpdateBillingAccountRequest(billing_account_id=billing_account_id, label=body.label)
    return views.billing_account(caller.ask(accounts, accounts.stub.UpdateBillingAccount, request).billing_account)


def unlink_billing_account(caller: Caller, billing_account_id: str, /) -> None:
    """Unlink an account; what hangs on it ends too."""
    accounts = caller.clients.accounts
    request = accounts_pb2.UnlinkBillingAccountRequest(billing_account_id=billing_account_id)
    caller.ask(accounts, accounts.stub.UnlinkBillingAccount, request)


def list_charges(caller: Caller, billing_account_id: str, page: bodies.HistoryPage, /) -> views.ChargesPage:
    """Return a page of the fees of an account (F12)."""
    accounts = caller.clients.accounts
    zone = _calendar(caller, billing_account_id, page)
    request = accounts_pb2.ListChargesRequest(
        billing_account_id=billing_account_id,
        page_size=page.page_size,
        page_token=page.page_token,
        begins_at=beginning_of(page.from_, zone=zone),
        ends_at=end_of(page.until, zone=zone),
    )
    return views.charges_page(caller.ask(accounts, accounts.stub.ListCharges, request))


def list_credited_payments(
    caller: Caller, billing_account_id: str, page: bodies.HistoryPage, /
) -> views.CreditedPaymentsPage:
    """Return a page of the payments credited to an account from every channel (F12)."""
    accounts = caller.clients.accounts
    zone = _calendar(caller, billing_account_id, page)
    request = accounts_pb2.ListCreditedPaymentsRequest(
        billing_account_id=billing_account_id,
        page_size=page.page_size,
        page_token=page.page_token,
        begins_at=beginning_of(page.from_, zone=zone),
        ends_at=end_of(page.until, zone=zone),
    )
    return views.credited_payments_page(caller.ask(accounts, accounts.stub.ListCreditedPayments, request))


def _calendar(caller: Caller, billing_account_id: str, page: bodies.HistoryPage) -> str:
    """Return the zone in which the days of a period are meant; without days there is nothing to ask for."""
    if page.from_ is None and page.until is None:
        return ""
    return get_billing_account(caller, billing_account_id, refresh_within_ms=0)["time_zone"]
