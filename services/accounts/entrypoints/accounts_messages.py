"""Between the messages of AccountsService and the domain's values."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from kabinet.accounts.v1 import accounts_pb2 as pb
from kabinet.common.v1 import figure_pb2

from services.accounts.application.authorize_action import Authorized
from services.accounts.application.shown_account import ShownAccount
from services.accounts.domain import account_report as report
from services.accounts.domain.account_past import NumberSpell
from services.accounts.domain.billing_account import BillingAccount
from services.accounts.domain.figures import DisplayFigure, Freshness
from services.accounts.domain.grant import GRANT_CODE, GrantState
from services.accounts.domain.history import BEGINNING, GapReason, HistoryGap
from services.accounts.domain.posting import Posting, PostingState
from services.accounts.domain.proof_ladder import Action, Relation
from services.accounts.domain.region import Cutover, Region
from services.accounts.domain.regional_bill import BillReceipt, RegionalBill
from services.accounts.domain.standing import Standing
from services.chassis.errors import FieldInvalid
from services.chassis.grpc_values import money_to_proto, time_to_proto
from services.chassis.money import Money

_ACTIONS: Mapping[Action, pb.Action.ValueType] = {
    Action.VIEW: pb.ACTION_VIEW,
    Action.DOCUMENTS: pb.ACTION_DOCUMENTS,
    Action.PAY: pb.ACTION_PAY,
    Action.MANAGE: pb.ACTION_MANAGE,
    Action.ORDER_CONTENT: pb.ACTION_ORDER_CONTENT,
}
_ACTIONS_BACK = {number: action for action, number in _ACTIONS.items()}
_RELATIONS: Mapping[Relation, pb.Relation.ValueType] = {
    Relation.OWN: pb.RELATION_OWN,
    Relation.RELATIVE: pb.RELATION_RELATIVE,
}
_RELATIONS_BACK = {number: relation for relation, number in _RELATIONS.items()}
_STANDINGS: Mapping[Standing, pb.AccountStanding.ValueType] = {
    Standing.CLEAR: pb.ACCOUNT_STANDING_CLEAR,
    Standing.DISPUTED: pb.ACCOUNT_STANDING_DISPUTED,
    Standing.OWNER_CHANGED: pb.ACCOUNT_STANDING_OWNER_CHANGED,
}
_CUTOVERS: Mapping[Cutover, pb.Cutover.ValueType] = {
    Cutover.NOT_MOVED: pb.CUTOVER_NOT_MOVED,
    Cutover.READ_ONLY: pb.CUTOVER_READ_ONLY,
    Cutover.CLOSED: pb.CUTOVER_CLOSED,
}
_POSTING_STATES: Mapping[PostingState, pb.PostingState.ValueType] = {
    PostingState.REQUESTED: pb.POSTING_STATE_REQUESTED,
    PostingState.POSTED: pb.POSTING_STATE_POSTED,
    PostingState.REFUSED: pb.POSTING_STATE_REFUSED,
}
_FRESHNESS: Mapping[Freshness, figure_pb2.Freshness.ValueType] = {
    Freshness.FRESH: figure_pb2.FRESHNESS_FRESH,
    Freshness.STALE: figure_pb2.FRESHNESS_STALE,
    Freshness.UNKNOWN: figure_pb2.FRESHNESS_UNKNOWN,
}
_GAPS: Mapping[GapReason, pb.HistoryGapReason.ValueType] = {
    GapReason.NOT_KEPT: pb.HISTORY_GAP_REASON_NOT_KEPT,
    GapReason.REGION_UNAVAILABLE: pb.HISTORY_GAP_REASON_REGION_UNAVAILABLE,
}

T = TypeVar("T")


def relation_of(number: pb.Relation.ValueType, /) -> Relation:
    """Return the relation of a message. Raises `FieldInvalid` for one that was not set."""
    if number not in _RELATIONS_BACK:
        raise FieldInvalid(field="relation", rule="own or relative")
    return _RELATIONS_BACK[number]


def action_of(number: pb.Action.ValueType, /) -> Action:
    """Return the action of a message. Raises `FieldInvalid` for one that was not set."""
    if number not in _ACTIONS_BACK:
        raise FieldInvalid(field="action", rule="one of the actions of the contract")
    return _ACTIONS_BACK[number]


def action_numbers(actions: Sequence[Action], /) -> list[pb.Action.ValueType]:
    """Return actions as messages have them."""
    return [_ACTIONS[action] for action in actions]


def payment_id_of(text: str, /) -> str:
    """Return a payment id. Raises `FieldInvalid` for one that the event about it could not carry."""
    if not re.fullmatch(r"pay_[0-9a-f]{32}", text):
        raise FieldInvalid(field="payment_id", rule="a payment id")
    return text


def region(value: Region, /) -> pb.Region:
    """Return the message of a region."""
    return pb.Region(
        region=value.code,
        name=value.name,
        name_en=value.name_en,
        time_zone=value.time_zone,
        cutover=_CUTOVERS[value.cutover],
        cutover_date=value.cutover_date.isoformat(),
        proof_kinds=[*value.proof_kinds, GRANT_CODE] if value.connected else value.proof_kinds,
        connected=value.connected,
    )


def account_number(spell: NumberSpell, /) -> pb.AccountNumber:
    """Return the message of a number and its time."""
    return pb.AccountNumber(number=spell.number, since=time_to_proto(spell.since), until=time_to_proto(spell.until))


def authorization(authorized: Authorized, /) -> pb.AuthorizeActionResponse:
    """Return the message that they may, and of which account."""
    limit = authorized.monthly_pay_limit
    return pb.AuthorizeActionResponse(
        region=authorized.region,
        number=authorized.number,
        time_zone=authorized.time_zone,
        monthly_pay_limit=money_to_proto(limit) if limit else None,
        numbers=[account_number(spell) for spell in authorized.numbers],
    )


def billing_account(shown: ShownAccount, /) -> pb.BillingAccount:
    """Return the message of an account with its figures."""
    account = shown.account
    return pb.BillingAccount(
        billing_account_id=account.billing_account_id,
        region=account.key.region,
        number=account.key.number,
        relation=_RELATIONS[account.relation],
        label=account.label,
        allowed_actions=action_numbers(shown.allowed_actions),
        linked_at=time_to_proto(account.linked_at),
        billing_mode=shown.billing_mode.value if shown.billing_mode else "",
        balance=_money_figure(shown.balance),
        tariff_plan=_tariff_figure(shown.tariff_plan),
        services=_services_figure(shown.services),
        last_charges=charges(shown.last_charges),
        last_payments=credited_payments(shown.last_payments),
        region_available=shown.region_available,
        time_zone=shown.region.time_zone,
        old_autopay_active=shown.old_autopay_active,
        standing=_STANDINGS[shown.standing],
        former_numbers=shown.former_numbers,
        grant=_grant(account),
    )


def charges(figure: DisplayFigure[Sequence[report.Charge]], /, *, gaps: Sequence[HistoryGap] = ()) -> pb.ChargesFigure:
    """Return the message of fees."""
    items = [
        pb.Charge(
            charge_id=row.charge_id,
            description=row.description,
            amount=money_to_proto(row.amount),
            charged_at=time_to_proto(row.charged_at),
        )
        for row in figure.value or ()
    ]
    return pb.ChargesFigure(items=items, status=_status(figure), gaps=[_gap(gap) for gap in gaps])


def credited_payments(
    figure: DisplayFigure[Sequence[report.CreditedPayment]], /, *, gaps: Sequence[HistoryGap] = ()
) -> pb.CreditedPaymentsFigure:
    """Return the message of payments."""
    items = [
        pb.CreditedPayment(
            payment_id=row.payment_id,
            channel=row.channel,
            amount=money_to_proto(row.amount),
            credited_at=time_to_proto(row.credited_at),
        )
        for row in figure.value or ()
    ]
    return pb.CreditedPaymentsFigure(items=items, status=_status(figure), gaps=[_gap(gap) for gap in gaps])


def posting(value: Posting, /) -> pb.Posting:
    """Return the message of a posting."""
    return pb.Posting(
        payment_id=value.payment_id,
        state=_POSTING_STATES[value.state],
        posted_at=time_to_proto(value.posted_at),
        service_restored_at=time_to_proto(value.service_restored_at),
        refusal_reason=value.refusal_reason or "",
    )


def regional_bill(bill: RegionalBill, /, *, other_numbers: Sequence[str]) -> pb.GetRegionalBillResponse:
    """Return the message of a bill."""
    content = bill.content
    return pb.GetRegionalBillResponse(
        period_start=content.period_start.isoformat(),
        period_end=content.period_end.isoformat(),
        issued_at=time_to_proto(content.issued_at),
        due_date=content.due_date.isoformat(),
        payer_name=content.payer_name,
        payer_address=content.payer_address,
        lines=[pb.BillLine(description=line.description, amount=money_to_proto(line.amount)) for line in content.lines],
        opening_balance=money_to_proto(content.opening_balance),
        payments_received=money_to_proto(content.payments_received),
        amount_due=money_to_proto(content.amount_due),
        region=content.key.region,
        number=content.key.number,
        bill_number=content.bill_number,
        revision=content.revision,
        other_numbers=other_numbers,
    )


def receipt(value: BillReceipt, /) -> pb.RegionalBillReference:
    """Return the message of a bill's receipt."""
    return pb.RegionalBillReference(
        regional_bill_id=value.regional_bill_id, region=value.region, received_at=time_to_proto(value.received_at)
    )


def _grant(account: BillingAccount) -> pb.Grant | None:
    grant = account.grant
    if grant is None:
        return None
    terms = grant.terms
    return pb.Grant(
        grant_id=grant.grant_id,
        actions=action_numbers(terms.actions),
        monthly_pay_limit=money_to_proto(terms.monthly_pay_limit) if terms.monthly_pay_limit else None,
        ends_on=terms.ends_on.isoformat() if terms.ends_on else "",
        accepted_at=time_to_proto(grant.accepted_at),
        frozen=account.grant_state is GrantState.FROZEN,
    )


def _money_figure(figure: DisplayFigure[Money]) -> pb.MoneyFigure:
    value = money_to_proto(figure.value) if figure.value is not None else None
    return pb.MoneyFigure(value=value, status=_status(figure))


def _tariff_figure(figure: DisplayFigure[report.TariffPlan | None]) -> pb.TariffFigure:
    plan = figure.value
    if plan is None:
        return pb.TariffFigure(status=_status(figure))
    return pb.TariffFigure(
        tariff_plan_id=plan.tariff_plan_id,
        name=plan.name,
        monthly_fee=money_to_proto(plan.monthly_fee),
        status=_status(figure),
    )


def _services_figure(figure: DisplayFigure[tuple[report.Service, ...]]) -> pb.ServicesFigure:
    items = [
        pb.Service(service_id=row.service_id, kind=row.kind.value, name=row.name, state=row.state.value)
        for row in figure.value or ()
    ]
    return pb.ServicesFigure(items=items, status=_status(figure))


def _status(figure: DisplayFigure[T]) -> figure_pb2.FigureStatus:
    return figure_pb2.FigureStatus(
        as_of=time_to_proto(figure.as_of),
        freshness=_FRESHNESS[figure.freshness],
        kind=figure.kind.value,
        region=figure.region,
    )


def _gap(gap: HistoryGap) -> pb.HistoryGap:
    begins_at = gap.span.begins_at if gap.span.begins_at != BEGINNING else None
    return pb.HistoryGap(
        begins_at=time_to_proto(begins_at), ends_at=time_to_proto(gap.span.ends_at), reason=_GAPS[gap.reason]
    )
