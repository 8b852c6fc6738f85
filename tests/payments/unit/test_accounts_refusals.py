"""What accounts refuses about a balance, in the words of payments: nothing hangs on it, and nothing is charged."""

from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest

from services.chassis.errors import Kind
from services.chassis.grpc_client import Remote
from services.chassis.grpc_errors import RemoteError
from services.payments.adapters.grpc_accounts import GrpcAccounts
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.ports import AccountsSilent, DecisionBalance
from tests.payments.autopay_scenes import at_threshold, reasons_of

_REFUSALS = [
    (Kind.PERMISSION_DENIED, Reason.GRANT_FROZEN),
    (Kind.PERMISSION_DENIED, Reason.ACTION_NOT_ALLOWED),
    (Kind.PERMISSION_DENIED, Reason.PROOF_OUTDATED),
    (Kind.FAILED_PRECONDITION, Reason.ACCOUNT_DISPUTED),
]


def _accounts(kind: Kind, reason: Reason) -> GrpcAccounts:
    def refuse(*_call: Any, **_options: Any) -> None:
        raise RemoteError(kind=kind, reason=reason.value, message="Refused by the script.", metadata={})

    # Nobody is called at that address.
    return GrpcAccounts(cast(Remote, SimpleNamespace(channel=grpc.insecure_channel("localhost:1"), call=refuse)))


@pytest.mark.parametrize(("kind", "reason"), _REFUSALS)
def test_a_refusal_is_an_obstacle_to_a_charge_and_silence_to_a_look(kind: Kind, reason: Reason) -> None:
    accounts = _accounts(kind, reason)

    assert accounts.autopay_terms(subscriber_id="sub_1", billing_account_id="acc_1") is reason
    with pytest.raises(AccountsSilent):
        accounts.decision_balance(billing_account_id="acc_1")


def test_a_rule_whose_balance_is_refused_is_looked_at_again_and_goes_on_afterwards() -> None:
    world, rule = at_threshold()
    tell, looks = world.accounts.decision_balance, []

    def refuse(*, billing_account_id: str) -> DecisionBalance:
        looks.append(billing_account_id)
        return _accounts(Kind.PERMISSION_DENIED, Reason.GRANT_FROZEN).decision_balance(
            billing_account_id=billing_account_id
        )

    world.accounts.decision_balance = refuse  # type: ignore[method-assign]
    world.process().run(minutes=35)
    kept, undecided = world.rules.get(rule.autopay_rule_id), reasons_of(world)
    world.accounts.decision_balance = tell  # type: ignore[method-assign]
    world.process().run(minutes=15)

    assert len(looks) == 4  # every 10 minutes, and no more often
    assert kept is not None and kept.is_active
    assert undecided == []
    assert reasons_of(world) == [Reason.BALANCE_AT_THRESHOLD]
    assert len(world.acquirer.charges) == 1
