"""Grants as JSON has them: as their owner gave them, and as a relative sees the one that a link stands on."""

from collections.abc import Iterable

from kabinet.accounts.v1 import accounts_pb2, grants_pb2
from typing_extensions import TypedDict

from gateway.views.values import MoneyView, moment, moment_or_none, money_or_none, words_of

_ACTIONS = words_of(accounts_pb2.Action, "ACTION_")
_STATES = words_of(grants_pb2.GrantState, "GRANT_STATE_")
_ENDS = words_of(grants_pb2.GrantEnd, "GRANT_END_")


class GrantView(TypedDict):
    """What the owner granted on a relative's account; while it is frozen nothing of it is allowed."""

    id: str
    actions: list[str]
    monthly_pay_limit: MoneyView | None
    ends_on: str | None
    accepted_at: str
    frozen: bool


class GivenGrantView(TypedDict):
    """A grant as its owner sees it; `ended_by` says who or what ended it."""

    id: str
    billing_account_id: str
    label: str
    actions: list[str]
    monthly_pay_limit: MoneyView | None
    ends_on: str | None
    state: str
    offered_at: str
    open_until: str
    accepted_at: str | None
    ended_at: str | None
    ended_by: str | None


class OfferedGrantView(GivenGrantView):
    """A grant that was offered just now, with the code to hand over; null when the request came again."""

    code: str | None


def grant(message: accounts_pb2.Grant, /) -> GrantView:
    return {
        "id": message.grant_id,
        "actions": actions(message.actions),
        "monthly_pay_limit": money_or_none(message, "monthly_pay_limit"),
        "ends_on": message.ends_on or None,
        "accepted_at": moment(message.accepted_at),
        "frozen": message.frozen,
    }


def given_grant(message: grants_pb2.GivenGrant, /) -> GivenGrantView:
    return {
        "id": message.grant_id,
        "billing_account_id": message.billing_account_id,
        "label": message.label,
        "actions": actions(message.actions),
        "monthly_pay_limit": money_or_none(message, "monthly_pay_limit"),
        "ends_on": message.ends_on or None,
        "state": _STATES.get(message.state, "unspecified"),
        "offered_at": moment(message.offered_at),
        "open_until": moment(message.open_until),
        "accepted_at": moment_or_none(message, "accepted_at"),
        "ended_at": moment_or_none(message, "ended_at"),
        "ended_by": _ENDS.get(message.grant_end, "unspecified") if message.grant_end else None,
    }


def offered_grant(message: grants_pb2.CreateGrantResponse, /) -> OfferedGrantView:
    return {**given_grant(message.grant), "code": message.code or None}


def actions(numbers: "Iterable[accounts_pb2.Action.ValueType]", /) -> list[str]:
    """Return the words of actions."""
    return [_ACTIONS.get(number, "unspecified") for number in numbers]
