"""Accounts over gRPC: who may order on which account, and billing to it."""

from kabinet.accounts.v1 import accounts_pb2, accounts_pb2_grpc

from services.chassis.errors import DomainError, Kind
from services.chassis.grpc_client import Remote, RemoteError
from services.chassis.grpc_values import money_to_proto
from services.content.domain.content_order import ContentOrder
from services.content.domain.ports import ChargeOutcome, ChargeVerdict

IDEMPOTENT_METHODS = ("kabinet.accounts.v1.AccountsService/AuthorizeAction",)
_AUTHORIZE_CAP_S = 3.0
_CHARGE_CAP_S = 10.0
# Of PERMISSION_DENIED the word counts, not the code: it is also how accounts would refuse us as a caller.
_REFUSALS = frozenset({"ACTION_NOT_ALLOWED", "GRANT_FROZEN", "PROOF_OUTDATED"})


class GrpcAccounts:
    """Meets `AccountAccess` and `Charges`."""

    def __init__(self, remote: Remote, /) -> None:
        self._remote = remote
        self._stub = accounts_pb2_grpc.AccountsServiceStub(remote.channel)

    def authorize_order(self, *, subscriber_id: str, billing_account_id: str) -> None:
        request = accounts_pb2.AuthorizeActionRequest(
            subscriber_id=subscriber_id,
            billing_account_id=billing_account_id,
            action=accounts_pb2.ACTION_ORDER_CONTENT,
        )
        self._remote.call(self._stub.AuthorizeAction, request, cap_s=_AUTHORIZE_CAP_S)

    def place(self, order: ContentOrder, /) -> ChargeOutcome:
        request = accounts_pb2.PlaceChargeRequest(
            charge_id=order.charge_id,
            billing_account_id=order.billing_account_id,
            amount=money_to_proto(order.offering.price),
            description=f"ZABAVA: «{order.offering.title}»",
        )
        try:
            self._remote.call(self._stub.PlaceCharge, request, cap_s=_CHARGE_CAP_S)
        except RemoteError as error:
            return _outcome(error)
        return ChargeOutcome(verdict=ChargeVerdict.BILLED)


def _outcome(error: DomainError) -> ChargeOutcome:
    """Take for a refusal only what the contract calls one: of everything else nobody knows what it left behind."""
    if error.reason in _REFUSALS:
        return ChargeOutcome(verdict=ChargeVerdict.REFUSED, reason=error.reason)
    match error.kind:
        case Kind.FAILED_PRECONDITION:
            return ChargeOutcome(verdict=ChargeVerdict.REFUSED, reason=error.reason)
        case Kind.NOT_FOUND:
            return ChargeOutcome(verdict=ChargeVerdict.NO_ACCOUNT)
        case _:
            return ChargeOutcome(verdict=ChargeVerdict.UNKNOWN, reason=error.reason)
