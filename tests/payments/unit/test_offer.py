"""What the two profiles offer (F16, F17, F19)."""

import pytest

from services.payments.adapters.profile_file import load_offer
from services.payments.domain.offer import PaymentKindDisabled
from services.payments.domain.payment import PaymentKind

_PROFILES = ["ru-2014", "ru-2026"]


@pytest.mark.parametrize("profile", _PROFILES)
def test_cards_are_offered_and_every_kind_says_where_it_stands(profile: str) -> None:
    offer = load_offer(profile)

    assert {status.kind for status in offer.kinds} == set(PaymentKind)
    assert {status.kind for status in offer.kinds if status.enabled} == {PaymentKind.NEW_CARD, PaymentKind.SAVED_CARD}
    assert {"VISA", "VISA Electron", "MasterCard", "Maestro"} <= set(offer.card_brands)


@pytest.mark.parametrize(("profile", "reason"), [("ru-2014", "NOT_OFFERED_YET"), ("ru-2026", "WITHDRAWN_BY_OPERATOR")])
def test_webmoney_is_refused_with_its_reason(profile: str, reason: str) -> None:
    with pytest.raises(PaymentKindDisabled) as caught:
        load_offer(profile).check_kind(PaymentKind.WEBMONEY)

    assert caught.value.metadata == {"kind": "webmoney", "disabled_reason": reason}


def test_mir_came_after_2014() -> None:
    brands = [load_offer(profile).card_brands for profile in _PROFILES]

    assert ["Мир" in offered for offered in brands] == [False, True]
