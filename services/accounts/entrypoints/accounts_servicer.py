"""AccountsService in: parse, call one use case, render."""

import grpc
from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.accounts.v1 import accounts_pb2_grpc

from services.accounts.application.link_billing_account import LinkRequest
from services.accounts.application.list_rows import RowsWanted
from services.accounts.application.place_charge import FeeRequest
from services.accounts.application.send_ownership_code import CodeRequest
from services.accounts.bootstrap import UseCases
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.history import Span
from services.accounts.domain.proof_ladder import Proof
from services.accounts.entrypoints import accounts_messages as messages
from services.chassis.caller import current_subscriber
from services.chassis.grpc_values import money_from_proto, money_to_proto, time_from_proto, time_to_proto

Context = grpc.ServicerContext


class AccountsServicer(accounts_pb2_grpc.AccountsServiceServicer):
    """Answers AccountsService. Whose accounts they are says the token, never a field of a subscriber's request."""

    def __init__(self, use_cases: UseCases, /) -> None:
        self._use = use_cases

    def ListRegions(self, request: pb.ListRegionsRequest, context: Context) -> pb.ListRegionsResponse:  # noqa: N802
        return pb.ListRegionsResponse(regions=[messages.region(region) for region in self._use.regions.all()])

    def LinkBillingAccount(  # noqa: N802
        self, request: pb.LinkBillingAccountRequest, context: Context
    ) -> pb.LinkBillingAccountResponse:
        account = self._use.link(
            LinkRequest(
                subscriber_id=_subscriber_id(),
                request_id=request.request_id,
                region=request.region,
                number=request.number,
                relation=messages.relation_of(request.relation),
                label=request.label,
                proof=Proof(kind=request.proof.kind, value=request.proof.value),
                client_address=request.client_address,
            )
        )
        return pb.LinkBillingAccountResponse(billing_account=self._with_figures(account))

    def SendOwnershipCode(  # noqa: N802
        self, request: pb.SendOwnershipCodeRequest, context: Context
    ) -> pb.SendOwnershipCodeResponse:
        expires_at = self._use.send_code(
            CodeRequest(
                subscriber_id=_subscriber_id(),
                region=request.region,
                number=request.number,
                client_address=request.client_address,
            )
        )
        return pb.SendOwnershipCodeResponse(expires_at=time_to_proto(expires_at))

    def ListBillingAccounts(  # noqa: N802
        self, request: pb.ListBillingAccountsRequest, context: Context
    ) -> pb.ListBillingAccountsResponse:
        shown = self._use.show_all(subscriber_id=_subscriber_id(), refresh_within_s=request.refresh_within_ms / 1000)
        return pb.ListBillingAccountsResponse(billing_accounts=[messages.billing_account(account) for account in shown])

    def GetBillingAccount(  # noqa: N802
        self, request: pb.GetBillingAccountRequest, context: Context
    ) -> pb.GetBillingAccountResponse:
        shown = self._use.show_one(
            subscriber_id=_subscriber_id(),
            billing_account_id=request.billing_account_id,
            refresh_within_s=request.refresh_within_ms / 1000,
        )
        return pb.GetBillingAccountResponse(billing_account=messages.billing_account(shown))

    def UpdateBillingAccount(  # noqa: N802
        self, request: pb.UpdateBillingAccountRequest, context: Context
    ) -> pb.UpdateBillingAccountResponse:
        account = self._use.rename(
            subscriber_id=_subscriber_id(),
            billing_account_id=request.billing_account_id,
            label=request.label,
        )
        return pb.UpdateBillingAccountResponse(billing_account=self._with_figures(account))

    def ChangeRelation(  # noqa: N802
        self, request: pb.ChangeRelationRequest, context: Context
    ) -> pb.ChangeRelationResponse:
        account = self._use.change_relation(
            subscriber_id=_subscriber_id(),
            billing_account_id=request.billing_account_id,
            relation=messages.relation_of(request.relation),
        )
        return pb.ChangeRelationResponse(billing_account=self._with_figures(account))

    def UnlinkBillingAccount(  # noqa: N802
        self, request: pb.UnlinkBillingAccountRequest, context: Context
    ) -> pb.UnlinkBillingAccountResponse:
        self._use.unlink(subscriber_id=_subscriber_id(), billing_account_id=request.billing_account_id)
        return pb.UnlinkBillingAccountResponse()

    def ListCharges(self, request: pb.ListChargesRequest, context: Context) -> pb.ListChargesResponse:  # noqa: N802
        shown = self._use.rows.charges(_rows_wanted(request))
        return pb.ListChargesResponse(
            charges=messages.charges(shown.rows, gaps=shown.gaps), next_page_token=shown.next_page_token
        )

    def ListCreditedPayments(  # noqa: N802
        self, request: pb.ListCreditedPaymentsRequest, context: Context
    ) -> pb.ListCreditedPaymentsResponse:
        shown = self._use.rows.payments(_rows_wanted(request))
        return pb.ListCreditedPaymentsResponse(
            payments=messages.credited_payments(shown.rows, gaps=shown.gaps), next_page_token=shown.next_page_token
        )

    def AuthorizeAction(  # noqa: N802
        self, request: pb.AuthorizeActionRequest, context: Context
    ) -> pb.AuthorizeActionResponse:
        authorized = self._use.authorize(
            subscriber_id=request.subscriber_id,
            billing_account_id=request.billing_account_id,
            actions=[messages.action_of(action) for action in (request.action, *request.further_actions)],
        )
        return messages.authorization(authorized)

    def ListAuthorizedAccounts(  # noqa: N802
        self, request: pb.ListAuthorizedAccountsRequest, context: Context
    ) -> pb.ListAuthorizedAccountsResponse:
        authorized = self._use.list_authorized(
            subscriber_id=request.subscriber_id, action=messages.action_of(request.action)
        )
        accounts = [
            pb.AuthorizedAccount(
                billing_account_id=one.billing_account_id,
                region=one.region,
                number=one.number,
                numbers=[messages.account_number(spell) for spell in one.numbers],
            )
            for one in authorized
        ]
        return pb.ListAuthorizedAccountsResponse(accounts=accounts)

    def GetDecisionBalance(  # noqa: N802
        self, request: pb.GetDecisionBalanceRequest, context: Context
    ) -> pb.GetDecisionBalanceResponse:
        answer = self._use.read_decision_balance(
            billing_account_id=request.billing_account_id,
            subscriber_id=request.subscriber_id,
            actions=[messages.action_of(action) for action in request.actions],
        )
        return pb.GetDecisionBalanceResponse(
            balance=money_to_proto(answer.balance.value),
            as_of=time_to_proto(answer.balance.as_of),
            old_mandate_active=answer.old_mandate_active,
            authorization=messages.authorization(answer.authorized) if answer.authorized else None,
        )

    def RequestPosting(  # noqa: N802
        self, request: pb.RequestPostingRequest, context: Context
    ) -> pb.RequestPostingResponse:
        posting = self._use.request_posting(
            payment_id=messages.payment_id_of(request.payment_id),
            billing_account_id=request.billing_account_id,
            amount=money_from_proto(request.amount, field="amount"),
            captured_at=time_from_proto(request.captured_at),
        )
        return pb.RequestPostingResponse(posting=messages.posting(posting))

    def PlaceCharge(self, request: pb.PlaceChargeRequest, context: Context) -> pb.PlaceChargeResponse:  # noqa: N802
        placement = self._use.place_charge(
            FeeRequest(
                charge_id=request.charge_id,
                billing_account_id=request.billing_account_id,
                amount=money_from_proto(request.amount, field="amount"),
                description=request.description,
            )
        )
        return pb.PlaceChargeResponse(
            regional_charge_id=placement.regional_charge_id or "", charged_at=time_to_proto(placement.charged_at)
        )

    def GetRegionalBill(  # noqa: N802
        self, request: pb.GetRegionalBillRequest, context: Context
    ) -> pb.GetRegionalBillResponse:
        bill, other_numbers = self._use.show_bill(regional_bill_id=request.regional_bill_id)
        return messages.regional_bill(bill, other_numbers=other_numbers)

    def ListRegionalBills(  # noqa: N802
        self, request: pb.ListRegionalBillsRequest, context: Context
    ) -> pb.ListRegionalBillsResponse:
        receipts = self._use.list_bills(
            received_after=time_from_proto(request.received_after) if request.HasField("received_after") else None,
            after_regional_bill_id=request.after_regional_bill_id,
            wanted=request.page_size,
        )
        return pb.ListRegionalBillsResponse(regional_bills=[messages.receipt(receipt) for receipt in receipts])

    def _with_figures(self, account: BillingAccount) -> pb.BillingAccount:
        """Return the account with what is known of it; a change is answered without waiting for a region."""
        (shown,) = self._use.figures_of([account], refresh_within_s=0)
        return messages.billing_account(shown)


def _subscriber_id() -> str:
    return current_subscriber().subscriber_id


def _rows_wanted(request: pb.ListChargesRequest | pb.ListCreditedPaymentsRequest) -> RowsWanted:
    return RowsWanted(
        subscriber_id=_subscriber_id(),
        billing_account_id=request.billing_account_id,
        page_size=request.page_size,
        page_token=request.page_token,
        period=Span.asked_for(
            begins_at=time_from_proto(request.begins_at) if request.HasField("begins_at") else None,
            ends_at=time_from_proto(request.ends_at) if request.HasField("ends_at") else None,
        ),
    )
