"""The acquirer as the official SDK sees it: payments, captures, refunds, lists, refusals."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import requests
from yookassa import Configuration, Payment, Refund, Settings
from yookassa.domain.exceptions import BadRequestError, NotFoundError, UnauthorizedError
from yookassa.domain.notification import WebhookNotificationFactory

from sandbox.acquirer.cards import TEST_CARDS
from tests.sandbox.programs import Program
from tests.sandbox.shop import VISA, charge_saved, ledger_of, order, pay, save_card
from tests.sandbox.webhook_receiver import WebhookReceiver
from tests.support import eventually

pytestmark = pytest.mark.usefixtures("acquirer")


def test_a_new_payment_leads_to_the_payers_page() -> None:
    payment = Payment.create(order(value="450.10"), str(uuid.uuid4()))

    assert (payment.status, payment.paid, payment.test) == ("pending", False, True)
    assert (payment.amount.value, payment.amount.currency) == (Decimal("450.10"), "RUB")
    assert payment.confirmation.confirmation_url.endswith(f"/pay/{payment.id}")
    assert payment.confirmation.return_url == "http://shop.test/back"
    assert requests.get(payment.confirmation.confirmation_url, timeout=30).status_code == 200


def test_two_stages_hold_first_and_take_on_capture(acquirer: Program) -> None:
    held = pay(acquirer, value="450.00")
    shop_id = held.metadata["payment_id"]
    before = ledger_of(acquirer, shop_id)

    taken = Payment.capture(held.id, {"amount": {"value": "450.00", "currency": "RUB"}}, str(uuid.uuid4()))

    assert (held.status, held.paid, before) == ("waiting_for_capture", True, [])
    assert held.expires_at is not None
    assert (taken.status, taken.refundable) == ("succeeded", True)
    assert taken.captured_at is not None
    assert ledger_of(acquirer, shop_id) == [("charge", 45000)]


def test_a_partial_capture_takes_that_part_only(acquirer: Program) -> None:
    held = pay(acquirer, value="450.00")

    Payment.capture(held.id, {"amount": {"value": "100.05", "currency": "RUB"}}, str(uuid.uuid4()))

    assert ledger_of(acquirer, held.metadata["payment_id"]) == [("charge", 10005)]
    with pytest.raises(BadRequestError):
        Payment.capture(held.id, {"amount": {"value": "1.00", "currency": "RUB"}}, str(uuid.uuid4()))


def test_a_canceled_hold_takes_nothing_and_says_who_canceled(acquirer: Program) -> None:
    held = pay(acquirer)

    canceled = Payment.cancel(held.id, str(uuid.uuid4()))

    assert canceled.status == "canceled"
    assert dict(canceled.cancellation_details) == {"party": "merchant", "reason": "canceled_by_merchant"}
    assert ledger_of(acquirer, held.metadata["payment_id"]) == []


def test_a_saved_card_is_charged_without_its_owner(acquirer: Program) -> None:
    method_id = save_card(acquirer)

    payment = charge_saved(method_id, value="99.99")

    assert payment.status == "succeeded"
    assert payment.confirmation is None
    assert payment.payment_method.id == method_id
    assert (payment.payment_method.saved, payment.payment_method.card.last4) == (True, "1111")
    assert ledger_of(acquirer, payment.metadata["payment_id"]) == [("charge", 9999)]


def test_a_card_that_was_not_saved_cannot_be_charged_again(acquirer: Program) -> None:
    payment = pay(acquirer, capture=True)

    with pytest.raises(BadRequestError) as refusal:
        charge_saved(payment.payment_method.id)

    assert refusal.value.content["parameter"] == "payment_method_id"


@pytest.mark.parametrize(("number", "card"), [(n, c) for n, c in TEST_CARDS.items() if c.outcome != "success"])
def test_a_test_card_is_declined_for_its_reason(acquirer: Program, number: str, card: object) -> None:
    payment = pay(acquirer, card=number, capture=True)

    assert payment.status == "canceled"
    assert payment.cancellation_details.reason == TEST_CARDS[number].outcome
    assert not payment.paid
    assert ledger_of(acquirer, payment.metadata["payment_id"]) == []


@pytest.mark.parametrize(
    ("number", "card_type", "country"),
    [
        ("4111111111111111", "Visa", "RU"),
        ("4175001000000017", "Visa", "RU"),
        ("5555555555554444", "MasterCard", "RU"),
        ("6759649826438453", "MasterCard", "RU"),
        ("2202474301322987", "Mir", "RU"),
        ("4012888888881881", "Visa", "US"),
    ],
)
def test_a_card_shows_its_brand_and_country_and_no_more_digits_than_allowed(
    acquirer: Program, number: str, card_type: str, country: str
) -> None:
    card = pay(acquirer, card=number, capture=True).payment_method.card

    assert (card.first6, card.last4) == (number[:6], number[-4:])
    assert (card.card_type, card.issuer_country) == (card_type, country)


def test_refunds_add_up_to_the_payment_and_never_beyond(acquirer: Program) -> None:
    payment = pay(acquirer, value="450.00", capture=True)
    shop_id = payment.metadata["payment_id"]

    def refund(value: str) -> Refund:
        body = {"payment_id": payment.id, "amount": {"value": value, "currency": "RUB"}}
        return Refund.create(body, str(uuid.uuid4()))

    first = refund("50.00")
    refund("400.00")
    with pytest.raises(BadRequestError):
        refund("0.01")

    assert Refund.find_one(first.id).payment_id == payment.id
    assert Payment.find_one(payment.id).refunded_amount.value == Decimal("450.00")
    assert Payment.find_one(payment.id).refundable is False
    assert ledger_of(acquirer, shop_id) == [("charge", 45000), ("refund", 5000), ("refund", 40000)]


def test_the_same_key_and_body_get_the_first_answer(acquirer: Program) -> None:
    body, key = order(), str(uuid.uuid4())

    first, second = Payment.create(body, key), Payment.create(body, key)

    assert first.json() == second.json()


def test_the_same_key_with_another_body_is_refused() -> None:
    key = str(uuid.uuid4())
    Payment.create(order(value="450.00"), key)

    with pytest.raises(BadRequestError) as refusal:
        Payment.create(order(value="450.01"), key)

    error = refusal.value.content
    assert (error["type"], error["code"], error["parameter"]) == ("error", "invalid_request", "Idempotence-Key")


def test_twenty_parallel_calls_with_one_key_make_one_charge(acquirer: Program) -> None:
    method_id, key = save_card(acquirer), str(uuid.uuid4())
    metadata = {"payment_id": f"pay_{uuid.uuid4().hex}"}

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: charge_saved(method_id, key=key, metadata=dict(metadata)), range(20)))

    assert len({answer.id for answer in answers}) == 1
    assert ledger_of(acquirer, metadata["payment_id"]) == [("charge", 45000)]


def test_lists_page_through_everything_newest_first(acquirer: Program) -> None:
    created = [pay(acquirer, capture=True) for _ in range(3)]
    since = created[0].created_at

    seen, cursor = [], None
    while True:
        query = {"created_at.gte": since, "status": "succeeded", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = Payment.list(query)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if not cursor:
            break

    ours = [payment.id for payment in created]
    assert sorted(payment_id for payment_id in seen if payment_id in ours) == sorted(ours)
    assert len(seen) == len(set(seen))


def test_lists_what_was_captured_in_a_time_a_hundred_at_a_time(acquirer: Program) -> None:
    method_id = save_card(acquirer)
    charged = [charge_saved(method_id, metadata={"payment_id": f"pay_{uuid.uuid4().hex}"}) for _ in range(101)]
    query = {
        "captured_at.gte": min(payment.captured_at for payment in charged),
        "captured_at.lt": "2100-01-01T00:00:00.000Z",
        "payment_method": "bank_card",
        "limit": "100",
    }

    first = Payment.list(query)
    second = Payment.list(query | {"cursor": first.next_cursor})

    assert {payment.id for payment in charged} <= {item.id for page in (first, second) for item in page.items}
    assert (len(first.items), second.next_cursor) == (100, None)
    assert not Payment.list(query | {"payment_method": "sbp"}).items
    with pytest.raises(BadRequestError):
        Payment.list(query | {"limit": "101"})


def test_lists_refunds_by_their_payment_and_their_status(acquirer: Program) -> None:
    payment = pay(acquirer, capture=True)
    given_back = Refund.create(
        {"payment_id": payment.id, "amount": {"value": "1.00", "currency": "RUB"}}, str(uuid.uuid4())
    )
    acquirer.call("POST", "/control/faults", {"fault": "refund_cancel"})
    canceled = Refund.create(
        {"payment_id": payment.id, "amount": {"value": "2.00", "currency": "RUB"}}, str(uuid.uuid4())
    )

    def listed(**query: str) -> list[str]:
        return [item.id for item in Refund.list({"payment_id": payment.id} | query).items]

    assert sorted(listed()) == sorted([given_back.id, canceled.id])
    assert (listed(status="succeeded"), listed(status="canceled")) == ([given_back.id], [canceled.id])
    assert listed(**{"created_at.lt": "2014-07-01T00:00:00.000Z"}) == []
    with pytest.raises(BadRequestError):
        listed(status="given_back")


def test_a_receipt_over_another_sum_is_refused() -> None:
    item = {"description": "Связь", "quantity": 2, "amount": {"value": "200.00", "currency": "RUB"}, "vat_code": 1}
    receipt = {"customer": {"email": "payer@example.test"}, "items": [item]}

    accepted = Payment.create(order(value="400.00", receipt=receipt), str(uuid.uuid4()))
    with pytest.raises(BadRequestError) as refusal:
        Payment.create(order(value="400.01", receipt=receipt), str(uuid.uuid4()))

    assert accepted.receipt_registration == "pending"
    assert refusal.value.content["parameter"] == "receipt"


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"amount": {"value": "0.99", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "350000.01", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "10.001", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": 10.5, "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "10.00", "currency": "USD"}}, "amount.currency"),
        ({"amount": None}, "amount"),
        ({"confirmation": None}, "confirmation"),
        ({"confirmation": {"type": "redirect", "return_url": "javascript:alert(1)"}}, "confirmation.return_url"),
        ({"metadata": {f"key{n}": "value" for n in range(17)}}, "metadata"),
        ({"description": "д" * 129}, "description"),
        ({"payment_method_id": "23d93cac-000f-5000-8000-126628f15141"}, "payment_method_id"),
    ],
)
def test_a_malformed_order_is_refused_by_the_name_of_its_field(
    acquirer: Program, change: dict[str, Any], parameter: str
) -> None:
    answer = requests.post(
        f"{acquirer.base_url}/v3/payments",
        json=order(**change),
        auth=(Configuration.account_id, Configuration.secret_key),
        headers={"Idempotence-Key": str(uuid.uuid4())},
        timeout=30,
    )

    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["parameter"]) == ("invalid_request", parameter)


def test_card_data_from_the_shop_is_refused(acquirer: Program) -> None:
    data = {"type": "bank_card", "card": {"number": VISA, "expiry_year": "2099", "expiry_month": "12"}}

    answer = requests.post(
        f"{acquirer.base_url}/v3/payments",
        json=order(payment_method_data=data),
        auth=(Configuration.account_id, Configuration.secret_key),
        headers={"Idempotence-Key": str(uuid.uuid4())},
        timeout=30,
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_changing_call_without_a_key_is_refused(acquirer: Program) -> None:
    answer = requests.post(
        f"{acquirer.base_url}/v3/payments",
        json=order(),
        auth=(Configuration.account_id, Configuration.secret_key),
        timeout=30,
    )

    assert (answer.status_code, answer.json()["parameter"]) == (400, "Idempotence-Key")


def test_an_unknown_payment_is_not_found() -> None:
    with pytest.raises(NotFoundError) as refusal:
        Payment.find_one("23d93cac-000f-5000-8000-126628f15141")

    assert refusal.value.content["code"] == "not_found"


def test_a_wrong_secret_key_opens_nothing(acquirer: Program) -> None:
    Configuration.configure(Configuration.account_id, "test_wrong_key", api_url=Configuration.api_url)

    with pytest.raises(UnauthorizedError) as refusal:
        Settings.get_account_settings()

    assert refusal.value.content["code"] == "invalid_credentials"


def test_the_shop_can_ask_who_it_is() -> None:
    me = Settings.get_account_settings()

    assert (me.account_id, me.status, me.test) == (Configuration.account_id, "enabled", True)


def test_each_step_is_notified_in_the_form_that_the_sdk_reads(acquirer: Program, webhooks: WebhookReceiver) -> None:
    held = pay(acquirer)
    Payment.capture(held.id, None, str(uuid.uuid4()))
    refund = Refund.create({"payment_id": held.id, "amount": {"value": "1.00", "currency": "RUB"}}, str(uuid.uuid4()))

    eventually(lambda: sorted(webhooks.events_of(held.id)) == ["payment.succeeded", "payment.waiting_for_capture"])
    eventually(lambda: webhooks.events_of(refund.id) == ["refund.succeeded"])

    for note in [note for note in webhooks.received if note["object"]["id"] in (held.id, refund.id)]:
        read = WebhookNotificationFactory().create(note)
        assert (read.type, read.object.id) == ("notification", note["object"]["id"])
