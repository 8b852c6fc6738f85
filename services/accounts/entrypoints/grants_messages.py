"""Between the messages of AccountGrantsService and the domain's values."""

from collections.abc import Mapping
from datetime import date

from kabinet.accounts.v1 import grants_pb2 as pb

from services.accounts.application.give_grants import GivenGrant, GrantRequest
from services.accounts.domain.grant import GrantEnd, GrantState, GrantTerms
from services.accounts.entrypoints.accounts_messages import action_numbers, action_of
from services.chassis.errors import FieldInvalid
from services.chassis.grpc_values import money_from_proto, money_to_proto, time_to_proto
from services.chassis.money import Money

_STATES: Mapping[GrantState, pb.GrantState.ValueType] = {
    GrantState.OFFERED: pb.GRANT_STATE_OFFERED,
    GrantState.ACTIVE: pb.GRANT_STATE_ACTIVE,
    GrantState.FROZEN: pb.GRANT_STATE_FROZEN,
    GrantState.ENDED: pb.GRANT_STATE_ENDED,
}
_ENDS: Mapping[GrantEnd, pb.GrantEnd.ValueType] = {
    GrantEnd.OWNER: pb.GRANT_END_OWNER,
    GrantEnd.RELATIVE: pb.GRANT_END_RELATIVE,
    GrantEnd.DATE: pb.GRANT_END_DATE,
    GrantEnd.OWNER_UNLINKED: pb.GRANT_END_OWNER_UNLINKED,
    GrantEnd.NOT_ACCEPTED: pb.GRANT_END_NOT_ACCEPTED,
}


def grant_request(message: pb.CreateGrantRequest, /, *, subscriber_id: str) -> GrantRequest:
    """Return what an owner asks for. Raises `FieldInvalid`."""
    return GrantRequest(
        subscriber_id=subscriber_id,
        request_id=message.request_id,
        billing_account_id=message.billing_account_id,
        terms=GrantTerms.of(
            [action_of(number) for number in message.actions],
            monthly_pay_limit=_limit(message),
            ends_on=_day(message.ends_on),
        ),
        label=message.label,
    )


def given_grant(grant: GivenGrant, /) -> pb.GivenGrant:
    """Return the message of a grant as its owner sees it."""
    offer, terms = grant.offer, grant.offer.terms
    return pb.GivenGrant(
        grant_id=offer.grant_id,
        billing_account_id=offer.billing_account_id,
        label=offer.label,
        actions=action_numbers(terms.actions),
        monthly_pay_limit=money_to_proto(terms.monthly_pay_limit) if terms.monthly_pay_limit else None,
        ends_on=terms.ends_on.isoformat() if terms.ends_on else "",
        state=_STATES[grant.state],
        offered_at=time_to_proto(offer.offered_at),
        open_until=time_to_proto(offer.open_until),
        accepted_at=time_to_proto(grant.accepted_at),
        ended_at=time_to_proto(grant.ended_at),
        grant_end=_ENDS[grant.grant_end] if grant.grant_end else pb.GRANT_END_UNSPECIFIED,
    )


def _limit(message: pb.CreateGrantRequest) -> Money | None:
    if not message.HasField("monthly_pay_limit"):
        return None
    return money_from_proto(message.monthly_pay_limit, field="monthly_pay_limit")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise FieldInvalid(field="ends_on", rule="not_valid") from None
