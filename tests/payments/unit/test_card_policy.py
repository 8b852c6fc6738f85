"""Which cards are kept and charged, and which pay once only (F19, docs/decisions/0019)."""

from dataclasses import replace

import pytest

from services.chassis.money import Money
from services.payments.adapters.profile_file import load_offer
from services.payments.application.autopay_rules import CheckTerms
from services.payments.domain.acquirer import AcquirerPayment, PaymentAnswer, SavedCard
from services.payments.domain.autopay_amount import FixedSum
from services.payments.domain.autopay_rule import Terms
from services.payments.domain.autopay_trigger import FirstOfMonth
from services.payments.domain.card_policy import CardNotAccepted
from services.payments.domain.payment import PaymentKind, State
from tests.payments.builders import make_method, make_payment, make_request, make_rule
from tests.payments.fake_world import AN_OFFER, World


@pytest.mark.parametrize(
    ("brand", "country", "in_2014", "in_2026"),
    [
        ("visa", "RU", True, True),
        ("visa_electron", "RU", True, True),
        ("mastercard", "RU", True, True),
        ("maestro", "RU", True, True),
        ("mir", "RU", False, True),
        ("visa", "US", False, False),
        ("mir", "BY", False, False),
        ("jcb", "RU", False, False),
        ("other", "RU", False, False),
        ("unknown", "", True, True),
        ("visa", "", True, True),
    ],
)
def test_cards_of_any_russian_bank_are_accepted(brand: str, country: str, in_2014: bool, in_2026: bool) -> None:
    card = make_method(brand=brand, issuer_country=country)

    accepted = [load_offer(profile).card_policy.accepts(card) for profile in ("ru-2014", "ru-2026")]

    assert accepted == [in_2014, in_2026]


def test_a_refusal_names_what_is_accepted() -> None:
    with pytest.raises(CardNotAccepted) as caught:
        load_offer("ru-2014").card_policy.check(make_method(brand="mir", issuer_country="RU"))

    assert caught.value.metadata == {
        "accepted_brands": "VISA, VISA Electron, MasterCard, Maestro",
        "accepted_countries": "RU",
    }


def test_a_saved_card_outside_the_policy_is_refused_before_anything_is_saved() -> None:
    world, request = World(), make_request(kind=PaymentKind.SAVED_CARD, payment_method_id="pm_1", return_url="")
    world.methods.save(make_method(payment_method_id="pm_1", subscriber_id=request.subscriber_id, issuer_country="US"))

    with pytest.raises(CardNotAccepted):
        world.process().create_payment(request)

    assert world.payments.rows.all() == []
    assert world.acquirer.by_key == {}


def test_no_autopay_is_agreed_to_on_a_card_outside_the_policy() -> None:
    world, method = World(), make_method(brand="jcb")
    world.methods.save(method)
    terms = Terms(payment_method_id=method.payment_method_id, trigger=FirstOfMonth(), amount=FixedSum(Money(100)))

    with pytest.raises(CardNotAccepted):
        CheckTerms(methods=world.methods, offer=AN_OFFER).check_card(terms, subscriber_id=method.subscriber_id)


def test_an_automatic_charge_of_such_a_card_is_not_sent() -> None:
    world, method = World(), make_method(issuer_country="US")
    rule = make_rule(payment_method_id=method.payment_method_id)
    world.methods.save(method)
    world.rules.save(rule)
    payment = make_payment(
        kind=PaymentKind.SAVED_CARD,
        payment_method_id=method.payment_method_id,
        autopay_rule_id=rule.autopay_rule_id,
        autopay_rule_version=rule.rule_version,
        charge_begun_at=None,
        due_at=world.clock.now(),
    )
    world.payments.save(payment)

    world.process().run(minutes=1)

    [declined] = world.payments.rows.all()
    assert (declined.state, declined.decline_reason) == (State.DECLINED, "card_not_accepted")
    assert world.acquirer.charges == []


@pytest.mark.parametrize(("country", "kept", "reason"), [("RU", 1, ""), ("US", 0, "CARD_NOT_ACCEPTED")])
def test_a_new_card_outside_the_policy_has_paid_and_is_not_kept(country: str, kept: int, reason: str) -> None:
    world, request = World(), make_request(save_payment_method=True)
    payment = world.process().create_payment(request)
    world.acquirer.confirm(payment.payment_id)
    card = SavedCard(acquirer_method_id="t", brand="visa", last4="1881", expires="2099-12", issuer_country=country)

    def with_card(answer: PaymentAnswer) -> PaymentAnswer:
        assert isinstance(answer, AcquirerPayment)
        return replace(answer, saved_card=card)

    world.acquirer.told = with_card
    world.process().run(minutes=1)

    [posted] = world.payments.rows.all()
    assert (posted.state, posted.card_not_kept) == (State.POSTED, reason)
    assert len(world.methods.usable_of(subscriber_id=request.subscriber_id)) == kept
