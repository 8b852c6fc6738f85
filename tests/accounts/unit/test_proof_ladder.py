"""What each proof deserves."""

import pytest

from services.accounts.domain.proof_ladder import (
    RUNG_OF_PROOF,
    Action,
    Proof,
    ProofKindUnknown,
    Relation,
    Rung,
    allowed_actions,
    rung_of,
)

_EVERYTHING = set(Action)


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        ("last_payment_minor", {Action.PAY}),
        ("contact_code", {Action.VIEW, Action.DOCUMENTS, Action.PAY}),
        ("bill_code", _EVERYTHING),
        ("contract_code", _EVERYTHING),
    ],
)
def test_each_rung_gives_only_what_it_deserves(kind: str, actions: set[Action]) -> None:
    rung = rung_of(kind, taken=tuple(RUNG_OF_PROOF), region="54")

    assert set(allowed_actions(rung, Relation.OWN)) == actions


def test_each_rung_allows_whatever_the_one_below_allows() -> None:
    pay, view, manage = (set(allowed_actions(rung, Relation.OWN)) for rung in Rung)

    assert pay < view < manage


@pytest.mark.parametrize("rung", list(Rung))
def test_ordering_content_is_off_by_default_on_a_relatives_account(rung: Rung) -> None:
    relatives, own = allowed_actions(rung, Relation.RELATIVE), allowed_actions(rung, Relation.OWN)

    assert set(relatives) == set(own) - {Action.ORDER_CONTENT}


@pytest.mark.parametrize("kind", ["", "passport", "contract_code"])
def test_a_proof_that_the_region_does_not_take_is_unknown(kind: str) -> None:
    with pytest.raises(ProofKindUnknown):
        rung_of(kind, taken=("bill_code",), region="54")


def test_a_proof_does_not_show_itself_in_logs() -> None:
    assert "4471" not in repr(Proof(kind="contract_code", value="4471-MSK"))
