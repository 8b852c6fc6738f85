"""What an owner grants relatives on an account, over JSON."""

from typing import Any
from uuid import uuid4

from gateway.actions import grants as actions
from gateway.api.routes import answers, area
from gateway.auth import caller
from gateway.bodies import grants as bodies
from gateway.bodies.accounts import BillingAccountPath
from gateway.bodies.payments import IdempotencyHeader
from gateway.views import grants as views
from gateway.views.values import Items

api = area("grants", "What an owner lets relatives do with an account")

_GRANTS = "/billing-accounts/<string:billing_account_id>/grants"


@api.post(
    _GRANTS, responses=answers(201, views.OfferedGrantView, name="OfferedGrant", refused=(401, 403, 404, 409, 422))
)
def create_grant(path: BillingAccountPath, header: IdempotencyHeader, body: bodies.NewGrant) -> Any:
    """Offer a grant on an own account

    The answer holds, once, the code to hand over: the relative links the account with it as proof `grant_code` and
    relation `relative`. The same `Idempotency-Key` and body get the same grant without the code.
    """
    request_id = header.idempotency_key or str(uuid4())
    return actions.create_grant(caller(), path.billing_account_id, body, request_id=request_id), 201


@api.get(_GRANTS, responses=answers(200, Items[views.GivenGrantView], name="GivenGrants"))
def list_grants(path: BillingAccountPath) -> Any:
    """List what was granted on an account, newest first; what ended more than a year ago is left out"""
    return actions.list_grants(caller(), path.billing_account_id)


@api.delete(f"{_GRANTS}/<string:grant_id>", responses=answers(200, views.GivenGrantView, name="GivenGrant"))
def end_grant(path: bodies.GrantPath) -> Any:
    """End a grant at once, with autopay and whatever else hangs on it; it stays readable

    The relative ends it by unlinking the account.
    """
    return actions.end_grant(caller(), path.billing_account_id, path.grant_id)
