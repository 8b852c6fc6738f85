"""Consents: the needed ones, each once, with a version that can be looked up."""

import pytest

from services.chassis.errors import FieldInvalid
from services.identity.domain.consent import Consent, ConsentMissing, given_consents
from tests.identity.builders import NOON


def test_keeps_kind_version_and_time() -> None:
    consents = given_consents([("terms", "1"), ("personal_data", "2")], now=NOON)

    assert consents == (
        Consent(kind="terms", version="1", given_at=NOON),
        Consent(kind="personal_data", version="2", given_at=NOON),
    )


def test_names_the_documents_that_were_not_agreed_to() -> None:
    with pytest.raises(ConsentMissing) as refused:
        given_consents([("terms", "1")], now=NOON)

    assert refused.value.metadata == {"documents": "personal_data"}


@pytest.mark.parametrize(
    "pairs",
    [
        [("terms", "1"), ("personal_data", "1"), ("newsletter", "1")],
        [("terms", "1"), ("terms", "2"), ("personal_data", "1")],
        [("terms", ""), ("personal_data", "1")],
        [("terms", "1" * 65), ("personal_data", "1")],
    ],
)
def test_refuses_what_could_not_be_looked_up_later(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(FieldInvalid):
        given_consents(pairs, now=NOON)
