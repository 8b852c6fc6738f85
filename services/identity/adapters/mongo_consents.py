"""Consents inside the documents of registrations and subscribers."""

from collections.abc import Sequence
from typing import Any

from services.identity.domain.consent import Consent

Document = dict[str, Any]


def consents_to_document(consents: Sequence[Consent], /) -> list[Document]:
    """Return the list that a document holds."""
    return [{"kind": given.kind, "version": given.version, "given_at": given.given_at} for given in consents]


def consents_from_document(documents: Sequence[Document], /) -> tuple[Consent, ...]:
    """Return the consents of such a list."""
    return tuple(Consent(kind=each["kind"], version=each["version"], given_at=each["given_at"]) for each in documents)
