"""Terms of grants, and the grants that links stand on, as parts of documents."""

from datetime import date
from typing import Any

from services.accounts.adapters.mongo_values import when_present
from services.accounts.domain.grant import Grant, GrantTerms
from services.accounts.domain.proof_ladder import Action
from services.chassis.money import Money

Document = dict[str, Any]


def terms_document(terms: GrantTerms, /) -> Document:
    """Return the terms' part of a document."""
    return {
        "actions": [action.value for action in terms.actions],
        "monthly_pay_limit": when_present(terms.monthly_pay_limit, Money.as_mapping),
        "ends_on": when_present(terms.ends_on, date.isoformat),
    }


def terms_of(document: Document, /) -> GrantTerms:
    """Return what `terms_document` wrote."""
    return GrantTerms(
        actions=tuple(Action(word) for word in document["actions"]),
        monthly_pay_limit=when_present(document["monthly_pay_limit"], Money.from_mapping),
        ends_on=when_present(document["ends_on"], date.fromisoformat),
    )


def grant_document(grant: Grant, /) -> Document:
    """Return the grant's part of a document."""
    return {
        "grant_id": grant.grant_id,
        "grantor_billing_account_id": grant.grantor_billing_account_id,
        "grantor_subscriber_id": grant.grantor_subscriber_id,
        "terms": terms_document(grant.terms),
        "accepted_at": grant.accepted_at,
    }


def grant_of(document: Document, /) -> Grant:
    """Return what `grant_document` wrote."""
    return Grant(
        grant_id=document["grant_id"],
        grantor_billing_account_id=document["grantor_billing_account_id"],
        grantor_subscriber_id=document["grantor_subscriber_id"],
        terms=terms_of(document["terms"]),
        accepted_at=document["accepted_at"],
    )
