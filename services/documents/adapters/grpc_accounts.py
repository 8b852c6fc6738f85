"""Accounts over gRPC: who may see which account's documents, and bills as the regions issued them."""

from datetime import date

from kabinet.accounts.v1 import accounts_pb2, accounts_pb2_grpc

from services.chassis.errors import DomainError
from services.chassis.grpc_client import Remote
from services.chassis.grpc_values import money_from_proto, time_from_proto
from services.documents.domain.account import Account, LinkedAccount, Recipient, Spell
from services.documents.domain.bill_content import BillContent, BillLine
from services.documents.domain.ports import StepFailed
from services.documents.domain.receipts import Position, Receipt

IDEMPOTENT_METHODS = (
    "kabinet.accounts.v1.AccountsService/AuthorizeAction",
    "kabinet.accounts.v1.AccountsService/ListAuthorizedAccounts",
    "kabinet.accounts.v1.AccountsService/GetRegionalBill",
    "kabinet.accounts.v1.AccountsService/ListRegionalBills",
)
_CAP_S = 3.0


class GrpcAccounts:
    """Meets `AccountAccess` and `RegionalBills`."""

    def __init__(self, remote: Remote, /) -> None:
        self._remote = remote
        self._stub = accounts_pb2_grpc.AccountsServiceStub(remote.channel)

    def authorize(self, recipient: Recipient, /) -> LinkedAccount:
        request = accounts_pb2.AuthorizeActionRequest(
            subscriber_id=recipient.subscriber_id,
            billing_account_id=recipient.billing_account_id,
            action=accounts_pb2.ACTION_DOCUMENTS,
        )
        answer = self._remote.call(self._stub.AuthorizeAction, request, cap_s=_CAP_S)
        return _linked(answer, recipient.billing_account_id)

    def authorized(self, subscriber_id: str, /) -> list[LinkedAccount]:
        request = accounts_pb2.ListAuthorizedAccountsRequest(
            subscriber_id=subscriber_id, action=accounts_pb2.ACTION_DOCUMENTS
        )
        answer = self._remote.call(self._stub.ListAuthorizedAccounts, request, cap_s=_CAP_S)
        return [_linked(one, one.billing_account_id) for one in answer.accounts]

    def fetch(self, regional_bill_id: str, /) -> BillContent:
        request = accounts_pb2.GetRegionalBillRequest(regional_bill_id=regional_bill_id)
        try:
            return _content(self._remote.call(self._stub.GetRegionalBill, request, cap_s=_CAP_S))
        except (DomainError, ValueError) as error:
            raise StepFailed("The bill cannot be had from accounts now.", cause=type(error).__name__) from error

    def received_after(self, position: Position | None, /, *, limit: int) -> list[Receipt]:
        request = accounts_pb2.ListRegionalBillsRequest(page_size=limit)
        if position is not None:
            request.received_after.FromDatetime(position.received_at)
            request.after_regional_bill_id = position.regional_bill_id
        try:
            answer = self._remote.call(self._stub.ListRegionalBills, request, cap_s=_CAP_S)
        except DomainError as error:
            raise StepFailed("The list of bills cannot be had from accounts now.", cause=error.reason) from error
        return [
            Receipt(
                regional_bill_id=one.regional_bill_id,
                region=one.region,
                received_at=time_from_proto(one.received_at),
            )
            for one in answer.regional_bills
        ]


def _linked(
    answer: accounts_pb2.AuthorizeActionResponse | accounts_pb2.AuthorizedAccount, billing_account_id: str
) -> LinkedAccount:
    """An accounts service of the release before tells no times: then the number is the account's for ever."""
    account = Account(region=answer.region, number=answer.number)
    spells = tuple(
        Spell(
            account=Account(region=answer.region, number=spell.number),
            since=time_from_proto(spell.since) if spell.HasField("since") else None,
            until=time_from_proto(spell.until) if spell.HasField("until") else None,
        )
        for spell in answer.numbers
    )
    return LinkedAccount(
        billing_account_id=billing_account_id, account=account, spells=spells or (Spell(account=account),)
    )


def _content(answer: accounts_pb2.GetRegionalBillResponse) -> BillContent:
    return BillContent(
        account=Account(region=answer.region, number=answer.number),
        bill_number=answer.bill_number,
        revision=answer.revision,
        period_start=date.fromisoformat(answer.period_start),
        period_end=date.fromisoformat(answer.period_end),
        issued_at=time_from_proto(answer.issued_at),
        due_date=date.fromisoformat(answer.due_date),
        payer_name=answer.payer_name,
        payer_address=answer.payer_address,
        lines=tuple(
            BillLine(description=line.description, amount=money_from_proto(line.amount, field="lines.amount"))
            for line in answer.lines
        ),
        opening_balance=money_from_proto(answer.opening_balance, field="opening_balance"),
        payments_received=money_from_proto(answer.payments_received, field="payments_received"),
        amount_due=money_from_proto(answer.amount_due, field="amount_due"),
        also_known_as=tuple(Account(region=answer.region, number=number) for number in answer.other_numbers),
    )
