"""What an owner grants relatives on an account: what the API and the pages do alike (F08)."""

from kabinet.accounts.v1 import accounts_pb2, grants_pb2

from gateway.actions.values import money
from gateway.bodies import grants as bodies
from gateway.clients import Caller
from gateway.views import grants as views
from gateway.views.values import Items, items, numbers_of

_ACTIONS = numbers_of(accounts_pb2.Action, "ACTION_")


def create_grant(
    caller: Caller, billing_account_id: str, body: bodies.NewGrant, /, *, request_id: str
) -> views.OfferedGrantView:
    """Offer a grant; the same `request_id` gets the first one again, without its code."""
    grants, limit = caller.clients.grants, body.monthly_pay_limit
    request = grants_pb2.CreateGrantRequest(
        request_id=request_id,
        billing_account_id=billing_account_id,
        actions=[_ACTIONS[action] for action in body.actions],
        monthly_pay_limit=money(limit) if limit else None,
        ends_on=body.ends_on or "",
        label=body.label,
    )
    return views.offered_grant(caller.ask(grants, grants.stub.CreateGrant, request))


def list_grants(caller: Caller, billing_account_id: str, /) -> Items[views.GivenGrantView]:
    """Return what was granted on an account, newest first."""
    grants = caller.clients.grants
    request = grants_pb2.ListGrantsRequest(billing_account_id=billing_account_id)
    answer = caller.ask(grants, grants.stub.ListGrants, request)
    return items([views.given_grant(item) for item in answer.grants])


def end_grant(caller: Caller, billing_account_id: str, grant_id: str, /) -> views.GivenGrantView:
    """End a grant at once, with what hangs on it; an offer is withdrawn."""
    grants = caller.clients.grants
    request = grants_pb2.EndGrantRequest(billing_account_id=billing_account_id, grant_id=grant_id)
    return views.given_grant(caller.ask(grants, grants.stub.EndGrant, request).grant)
