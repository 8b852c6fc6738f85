"""The accounts service over gRPC, in the words of payments."""

from collections.abc import Sequence

from kabinet.accounts.v1 import accounts_pb2, accounts_pb2_grpc

from services.chassis.errors import Kind
from services.chassis.grpc_client import Remote, RemoteError
from services.chassis.grpc_values import money_from_proto, money_to_proto, time_from_proto, time_to_proto
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.payment import Payment
from services.payments.domain.ports import (
    AUTOPAY,
    AccountGone,
    AccountsSilent,
    Action,
    AutopayTerms,
    DecisionBalance,
    Permission,
    Posting,
    PostingRefusedByAccounts,
    PostingState,
)

_SERVICE = "kabinet.accounts.v1.AccountsService"
IDEMPOTENT = tuple(f"{_SERVICE}/{method}" for method in ("AuthorizeAction", "GetDecisionBalance", "RequestPosting"))

_AUTHORIZE_S = 2.0
_BALANCE_S = 5.0
_POSTING_S = 5.0
_ACTIONS = {Action.PAY: accounts_pb2.ACTION_PAY, Action.MANAGE: accounts_pb2.ACTION_MANAGE}
_OBSTACLES = {
    "BILLING_ACCOUNT_NOT_FOUND": Reason.ACCOUNT_UNLINKED,
    "ACCOUNT_DISPUTED": Reason.ACCOUNT_DISPUTED,
    "PROOF_OUTDATED": Reason.PROOF_OUTDATED,
    "ACTION_NOT_ALLOWED": Reason.ACTION_NOT_ALLOWED,
    "GRANT_FROZEN": Reason.GRANT_FROZEN,
}
_STATES = {
    accounts_pb2.POSTING_STATE_REQUESTED: PostingState.REQUESTED,
    accounts_pb2.POSTING_STATE_POSTED: PostingState.POSTED,
    accounts_pb2.POSTING_STATE_REFUSED: PostingState.REFUSED,
}


class GrpcAccounts:
    """See Accounts. Speaks for payments itself: the subscriber is named in the request."""

    def __init__(self, remote: Remote, /) -> None:
        self._remote = remote
        self._stub = accounts_pb2_grpc.AccountsServiceStub(remote.channel)

    def authorize(self, *, subscriber_id: str, billing_account_id: str, actions: Sequence[Action]) -> Permission:
        """Refusals of accounts go on to the subscriber as they are."""
        first, *further = (_ACTIONS[action] for action in actions)
        request = accounts_pb2.AuthorizeActionRequest(
            subscriber_id=subscriber_id, billing_account_id=billing_account_id, action=first, further_actions=further
        )
        return _permission(self._remote.call(self._stub.AuthorizeAction, request, cap_s=_AUTHORIZE_S))

    def autopay_permission(self, *, subscriber_id: str, billing_account_id: str) -> Permission | Reason:
        try:
            return self.authorize(subscriber_id=subscriber_id, billing_account_id=billing_account_id, actions=AUTOPAY)
        except RemoteError as error:
            return _obstacle(error)

    def autopay_terms(self, *, subscriber_id: str, billing_account_id: str) -> AutopayTerms | Reason:
        request = accounts_pb2.GetDecisionBalanceRequest(
            subscriber_id=subscriber_id,
            billing_account_id=billing_account_id,
            actions=[_ACTIONS[action] for action in AUTOPAY],
        )
        try:
            answer = self._remote.call(self._stub.GetDecisionBalance, request, cap_s=_BALANCE_S)
        except RemoteError as error:
            return _obstacle(error)
        if answer.HasField("authorization"):
            return AutopayTerms(permission=_permission(answer.authorization), told=_balance(answer))
        # Accounts is of before it told both at once.
        permission = self.autopay_permission(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        if isinstance(permission, Reason):
            return permission
        return AutopayTerms(permission=permission, told=_balance(answer))

    def check_linked(self, *, subscriber_id: str, billing_account_id: str) -> None:
        """A link whose proof does not reach far enough to pay stands all the same."""
        request = accounts_pb2.AuthorizeActionRequest(
            subscriber_id=subscriber_id, billing_account_id=billing_account_id, action=accounts_pb2.ACTION_PAY
        )
        try:
            self._remote.call(self._stub.AuthorizeAction, request, cap_s=_AUTHORIZE_S)
        except RemoteError as error:
            if error.kind is Kind.NOT_FOUND:
                raise AccountGone(billing_account_id) from None
            if error.kind is not Kind.PERMISSION_DENIED:
                raise AccountsSilent(error.reason) from None

    def decision_balance(self, *, billing_account_id: str) -> DecisionBalance:
        request = accounts_pb2.GetDecisionBalanceRequest(billing_account_id=billing_account_id)
        try:
            answer = self._remote.call(self._stub.GetDecisionBalance, request, cap_s=_BALANCE_S)
        except RemoteError as error:
            if error.kind is Kind.NOT_FOUND:
                raise AccountGone(billing_account_id) from None
            raise AccountsSilent(error.reason) from None
        return _balance(answer)

    def request_posting(self, payment: Payment, /) -> Posting:
        request = accounts_pb2.RequestPostingRequest(
            payment_id=payment.payment_id,
            billing_account_id=payment.billing_account_id,
            amount=money_to_proto(payment.amount),
            captured_at=time_to_proto(payment.captured_at),
        )
        try:
            answer = self._remote.call(self._stub.RequestPosting, request, cap_s=_POSTING_S)
        except RemoteError as error:
            if error.kind in {Kind.NOT_FOUND, Kind.ALREADY_EXISTS, Kind.INVALID}:
                raise PostingRefusedByAccounts(error.reason) from None
            raise AccountsSilent(error.reason) from None
        return _posting(answer.posting)


def _obstacle(error: RemoteError) -> Reason:
    """Return what a refusal means for a rule; one that is not known here is none: nothing is concluded from it."""
    if error.reason not in _OBSTACLES:
        raise AccountsSilent(error.reason) from None
    return _OBSTACLES[error.reason]


def _permission(message: accounts_pb2.AuthorizeActionResponse) -> Permission:
    limited = message.HasField("monthly_pay_limit")
    limit = money_from_proto(message.monthly_pay_limit, field="monthly_pay_limit") if limited else None
    return Permission(time_zone=message.time_zone, region=message.region, monthly_pay_limit=limit)


def _balance(message: accounts_pb2.GetDecisionBalanceResponse) -> DecisionBalance:
    return DecisionBalance(
        balance=money_from_proto(message.balance, field="balance"),
        as_of=time_from_proto(message.as_of),
        old_mandate_active=message.old_mandate_active,
    )


def _posting(message: accounts_pb2.Posting) -> Posting:
    """A state that is unknown here counts as not yet: nothing is concluded from it."""
    return Posting(
        state=_STATES.get(message.state, PostingState.REQUESTED),
        posted_at=time_from_proto(message.posted_at) if message.HasField("posted_at") else None,
        service_restored_at=(
            time_from_proto(message.service_restored_at) if message.HasField("service_restored_at") else None
        ),
        refusal_reason=message.refusal_reason,
    )
