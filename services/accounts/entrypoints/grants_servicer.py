"""AccountGrantsService in: parse, call one use case, render."""

import grpc
from kabinet.accounts.v1 import grants_pb2 as pb
from kabinet.accounts.v1 import grants_pb2_grpc

from services.accounts.bootstrap_grants import GrantUseCases
from services.accounts.entrypoints import grants_messages as messages
from services.chassis.caller import current_subscriber

Context = grpc.ServicerContext


class GrantsServicer(grants_pb2_grpc.AccountGrantsServiceServicer):
    """Answers AccountGrantsService. Whose account it is says the token, never a field."""

    def __init__(self, use_cases: GrantUseCases, /) -> None:
        self._use = use_cases

    def CreateGrant(self, request: pb.CreateGrantRequest, context: Context) -> pb.CreateGrantResponse:  # noqa: N802
        offered = self._use.create(messages.grant_request(request, subscriber_id=_subscriber_id()))
        return pb.CreateGrantResponse(
            grant=messages.given_grant(offered.given), code=offered.code.shown() if offered.code else ""
        )

    def ListGrants(self, request: pb.ListGrantsRequest, context: Context) -> pb.ListGrantsResponse:  # noqa: N802
        given = self._use.list_given(subscriber_id=_subscriber_id(), billing_account_id=request.billing_account_id)
        return pb.ListGrantsResponse(grants=[messages.given_grant(grant) for grant in given])

    def EndGrant(self, request: pb.EndGrantRequest, context: Context) -> pb.EndGrantResponse:  # noqa: N802
        ended = self._use.end(
            subscriber_id=_subscriber_id(),
            billing_account_id=request.billing_account_id,
            grant_id=request.grant_id,
        )
        return pb.EndGrantResponse(grant=messages.given_grant(ended))


def _subscriber_id() -> str:
    return current_subscriber().subscriber_id
