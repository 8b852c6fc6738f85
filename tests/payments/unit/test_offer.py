"""What the two profiles offer (F16, F17, F19)."""

import pytest

from services.payments.adapters.profile_file import load_offer
from services.payments.domain.offer import PaymentKindDisabled
from services.payments.domain.payment import PaymentKind

_OF_ITS_TIME = {"ru-2014": PaymentKind.WEBMONEY, "ru-2026": PaymentKind.SBP}
_PROFILES = sorted(_OF_ITS_TIME)


@pytest.mark.parametrize("profile", _PROFILES)
def test_cards_are_offered_and_every_kind_says_where_it_stands(profile: str) -> None:
    offer = load_offer(profile)

    enabled = {status.kind for status in offer.kinds if status.enabled}
    assert {status.kind for status in offer.kinds} == set(PaymentKind)
    assert enabled == {PaymentKind.NEW_CARD, PaymentKind.SAVED_CARD, _OF_ITS_TIME[profile]}
    assert {"VISA", "VISA Electron", "MasterCard", "Maestro"} <= set(offer.card_policy.brand_names)


@pytest.mark.parametrize(
    ("profile", "kind", "reason"),
    [
        ("ru-2014", PaymentKind.SBP, "NOT_OFFERED"),
        ("ru-2026", PaymentKind.WEBMONEY, "WITHDRAWN_BY_OPERATOR"),
    ],
)
def test_what_is_off_is_refused_with_its_reason(profile: str, kind: PaymentKind, reason: str) -> None:
    with pytest.raises(PaymentKindDisabled) as caught:
        load_offer(profile).check_kind(kind)

    assert caught.value.metadata == {"kind": kind.value, "disabled_reason": reason}


def test_mir_came_after_2014() -> None:
    brands = [load_offer(profile).card_policy.brand_names for profile in _PROFILES]

    assert ["Мир" in offered for offered in brands] == [False, True]
