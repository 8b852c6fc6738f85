"""Messages of the grants contract with sensible defaults."""

from datetime import timedelta

from kabinet.accounts.v1 import accounts_pb2, grants_pb2

from tests.gateway.examples import NOON, make_account, make_money, make_time

_ACTIONS = (accounts_pb2.ACTION_VIEW, accounts_pb2.ACTION_PAY)


def make_given_grant(
    state: "grants_pb2.GrantState.ValueType" = grants_pb2.GRANT_STATE_OFFERED,
    *,
    grant_end: "grants_pb2.GrantEnd.ValueType" = grants_pb2.GRANT_END_UNSPECIFIED,
) -> grants_pb2.GivenGrant:
    offered, ended = state == grants_pb2.GRANT_STATE_OFFERED, state == grants_pb2.GRANT_STATE_ENDED
    return grants_pb2.GivenGrant(
        grant_id="grt_1",
        billing_account_id="acc_1",
        label="сын",
        actions=_ACTIONS,
        monthly_pay_limit=make_money(100_000),
        ends_on="2026-12-31",
        state=state,
        offered_at=make_time(),
        open_until=make_time(NOON + timedelta(hours=24)),
        accepted_at=None if offered else make_time(NOON + timedelta(hours=1)),
        ended_at=make_time(NOON + timedelta(hours=2)) if ended else None,
        grant_end=grant_end,
    )


def make_granted_account(*, ends_on: str = "2026-12-31", frozen: bool = False) -> accounts_pb2.BillingAccount:
    """An account as a relative sees it on a grant to look and to pay."""
    account = make_account()
    account.relation = accounts_pb2.RELATION_RELATIVE
    del account.allowed_actions[:]
    if not frozen:
        account.allowed_actions.extend(_ACTIONS)
    account.grant.CopyFrom(
        accounts_pb2.Grant(
            grant_id="grt_1",
            actions=_ACTIONS,
            monthly_pay_limit=make_money(100_000),
            ends_on=ends_on,
            accepted_at=make_time(),
            frozen=frozen,
        )
    )
    return account
