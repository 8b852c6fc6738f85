"""The forms: each does through the gateway what the API does, once, and comes back with what was typed when refused."""

import re

import pytest
from kabinet.payments.v1 import payments_pb2

from services.chassis.errors import Kind
from tests.gateway import examples as make
from tests.gateway.browser import Browser, hidden_fields
from tests.gateway.services_script import Refused, Services
from tests.gateway.whole_world import script_everything

_CARD = "4111111111111111"


def _refuse(services: Services, name: str, method: str, reason: str, kind: Kind) -> None:
    def script(_request: object) -> None:
        raise Refused(reason, kind)

    services.scripted[name].scripts[method] = script


def _given(html: str) -> dict[str, str]:
    """Return the hidden fields of a form, but for its token."""
    return {name: value for name, value in hidden_fields(html).items() if name != "csrf_token"}


def test_registering_leads_to_the_code_and_then_home(browser: Browser, services: Services) -> None:
    script_everything(services)

    begun = browser.send(
        "/register", "/register", login=" anna ", password="a long phrase", email="a@example.ru", terms="1",
        personal_data="1",
    )  # fmt: skip
    ended = browser.send("/register/reg_1", "/register/reg_1", code=" 12345678 ")

    assert (begun.status_code, begun.headers["Location"]) == (303, "/register/reg_1")
    assert (ended.status_code, ended.headers["Location"]) == (303, "/")
    assert browser.get("/").status_code == 200
    (request,) = services.scripted["identity"].requests("StartRegistration")
    assert (request.login, request.language) == ("anna", "ru")
    assert [consent.kind for consent in request.consents] == ["terms", "personal_data"]
    assert services.scripted["identity"].requests("ConfirmRegistration")[0].code == "12345678"


def test_a_refused_form_keeps_what_was_typed_but_no_password(browser: Browser, services: Services) -> None:
    script_everything(services)
    _refuse(services, "identity", "StartRegistration", "EMAIL_INVALID", Kind.INVALID)

    answer = browser.send("/register", "/register", login="anna", password="my secret phrase", email="nonsense")

    assert answer.status_code == 400
    assert "Адрес почты не похож на настоящий" in answer.text
    assert 'role="alert"' in answer.text
    assert 'value="anna"' in answer.text
    assert 'value="nonsense"' in answer.text
    assert "my secret phrase" not in answer.text


def test_an_invalid_field_is_named_and_tied_to_its_complaint(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send("/accounts/acc_1/pay", "/accounts/acc_1/pay", amount="сто", method="new_card")

    assert answer.status_code == 400
    assert '<a href="#amount">Сумма</a>: Введите сумму в рублях' in answer.text
    field = re.search(r'<input id="amount"[^>]*>', answer.text)
    assert field and 'aria-invalid="true"' in field[0] and "amount-complaint" in field[0]
    assert services.scripted["payments"].requests("CreatePayment") == []


def test_a_social_login_is_bound_to_the_browser_that_began_it(browser: Browser, services: Services) -> None:
    script_everything(services)

    begun = browser.send("/login", "/social-login", provider="demo-id")
    ended = browser.get("/social/callback?code=c&state=s")

    assert begun.headers["Location"] == "https://social.example/authorize?state=s"
    assert (ended.status_code, ended.headers["Location"]) == (303, "/")
    (start,) = services.scripted["identity"].requests("StartSocialLogin")
    (end,) = services.scripted["identity"].requests("CompleteSocialLogin")
    assert start.return_url == "https://localhost/social/callback"
    assert len(start.browser_secret) >= 32
    assert end.browser_secret == start.browser_secret
    assert browser.cookie("__Host-access") != ""


def test_a_social_login_from_another_browser_brings_no_secret(browser: Browser, services: Services) -> None:
    script_everything(services)

    browser.get("/social/callback?code=c&state=s")

    (end,) = services.scripted["identity"].requests("CompleteSocialLogin")
    assert end.browser_secret.strip() == ""


def test_a_social_login_that_was_cancelled_says_what_to_do(browser: Browser, services: Services) -> None:
    answer = browser.get("/social/callback?error=access_denied&state=s")

    assert answer.status_code == 401
    assert "Социальная сеть вернула вас" in answer.text
    assert services.scripted["identity"].requests("CompleteSocialLogin") == []


def test_attaching_an_account_sends_a_sum_as_kopecks(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send(
        "/accounts/new?region=54", "/accounts/new", number=" 541000000017 ", proof_kind="last_payment_minor",
        proof_value="450,50", relation="relative", label="Мама",
    )  # fmt: skip

    assert answer.headers["Location"] == "/accounts/acc_1"
    (request,) = services.scripted["accounts"].requests("LinkBillingAccount")
    assert (request.region, request.number, request.label) == ("54", "541000000017", "Мама")
    assert (request.proof.kind, request.proof.value) == ("last_payment_minor", "45050")
    assert len(request.request_id) == 36


def test_paying_leads_to_the_acquirer_and_back_to_the_payment(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send(
        "/accounts/acc_1/pay", "/accounts/acc_1/pay", amount="1 450,5", method="new_card", save="1"
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, "https://acquirer.example/pay/1")
    (request,) = services.scripted["payments"].requests("CreatePayment")
    assert (request.amount.amount_minor, request.amount.currency) == (145_050, "RUB")
    assert request.save_payment_method
    assert request.return_url == f"https://localhost/payments/return/{request.request_id}"
    back = subscriber.get(request.return_url.removeprefix("https://localhost"))
    assert back.headers["Location"] == "/payments/pay_1"


def test_a_saved_card_is_paid_with_at_once(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    taken = make.make_payment(state=payments_pb2.PAYMENT_STATE_CAPTURED)
    services.scripted["payments"].scripts["CreatePayment"] = lambda _: payments_pb2.CreatePaymentResponse(payment=taken)

    answer = subscriber.send(
        "/accounts/acc_1/pay", "/accounts/acc_1/pay", amount="450", method="saved_card:pm_1", save="1"
    )

    assert answer.headers["Location"] == "/payments/pay_1"
    (request,) = services.scripted["payments"].requests("CreatePayment")
    assert (request.kind, request.payment_method_id) == (payments_pb2.PAYMENT_KIND_SAVED_CARD, "pm_1")
    assert not request.save_payment_method


def test_the_same_payment_again_is_asked_about_by_a_button(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    typed = {"amount": "450", "method": "new_card"}

    first = subscriber.send("/accounts/acc_1/pay", "/accounts/acc_1/pay", **typed)
    _refuse(services, "payments", "CreatePayment", "SIMILAR_PAYMENT", Kind.ALREADY_EXISTS)
    asked = subscriber.send("/accounts/acc_1/pay", "/accounts/acc_1/pay", **typed)
    script_everything(services)
    subscriber.send("/accounts/acc_1/pay", "/accounts/acc_1/pay", **typed, confirm_repeat="yes")

    assert first.status_code == 303
    assert (asked.status_code, 'name="confirm_repeat"' in asked.text) == (409, True)
    assert 'value="450"' in asked.text
    requests = services.scripted["payments"].requests("CreatePayment")
    assert [request.confirm_repeat for request in requests] == [False, False, True]


def test_each_rendering_of_a_form_has_a_key_of_its_own_and_a_refused_one_keeps_it(
    subscriber: Browser, services: Services
) -> None:
    script_everything(services)
    first = hidden_fields(subscriber.get("/accounts/acc_1/pay").text)["request_id"]
    second = hidden_fields(subscriber.get("/accounts/acc_1/pay").text)["request_id"]
    _refuse(services, "payments", "CreatePayment", "TEMPORARILY_UNAVAILABLE", Kind.UNAVAILABLE)

    refused = subscriber.send(
        "/accounts/acc_1/pay", "/accounts/acc_1/pay", amount="450", method="new_card", request_id=second
    )

    assert first != second
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert hidden_fields(refused.text)["request_id"] == second


@pytest.mark.parametrize(
    ("page", "address", "service", "refused", "silent", "fields", "label"),
    [
        ("/accounts/acc_1/pay", "/accounts/acc_1/pay", "payments", "CreatePayment", "ListPaymentKinds",
         {"amount": "777,77", "method": "new_card"}, "Сумма"),
        ("/accounts/acc_1/autopay", "/accounts/acc_1/autopay", "payments", "CreateAutopayRule", "ListPaymentMethods",
         {"amount": "777,77", "payment_method_id": "pm_1", "trigger": "day_of_month", "day": "31"}, "Сумма"),
        ("/accounts/new?region=54", "/accounts/new", "accounts", "LinkBillingAccount", "ListRegions",
         {"number": "777777", "proof_kind": "bill_code", "proof_value": "zz", "relation": "own"}, "Номер"),
        ("/accounts/acc_1/bill-delivery", "/accounts/acc_1/bill-delivery", "documents", "SetBillDelivery",
         "GetBillDelivery", {"email": "typed@example.ru", "consent": "1"}, "почта"),
        ("/accounts/acc_1/grants", "/accounts/acc_1/grants", "grants", "CreateGrant", "ListGrants",
         {"label": "сын", "action_view": "1"}, "Название"),
    ],
)  # fmt: skip
def test_a_form_whose_service_is_down_keeps_what_was_typed_and_its_key(
    subscriber: Browser,
    services: Services,
    page: str,
    address: str,
    service: str,
    refused: str,
    silent: str,
    fields: dict[str, str],
    label: str,
) -> None:
    script_everything(services)
    services.scripted["payments"].scripts.pop("ListAutopayRules")
    given = _given(subscriber.get(page).text)
    made = services.scripted[service].scripts[refused]

    def go_down(_request: object) -> None:
        _refuse(services, service, silent, "TEMPORARILY_UNAVAILABLE", Kind.UNAVAILABLE)
        raise Refused("TEMPORARILY_UNAVAILABLE", Kind.UNAVAILABLE)

    services.scripted[service].scripts[refused] = go_down
    answer = subscriber.send(page, address, **{**given, **fields})
    kept = _given(answer.text)
    services.scripted[service].scripts[refused] = made
    secrets = {"proof_value": "zz"} if "proof_value" in fields else {}
    again = subscriber.send("/help", address, **kept, **secrets)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Временно недоступно" in answer.text and "Повторить" in answer.text
    assert re.search(rf"<dt>[^<]*{label}[^<]*</dt><dd>{next(iter(fields.values()))}</dd>", answer.text)
    assert kept == {name: value for name, value in {**given, **fields}.items() if name != "proof_value"}
    assert again.status_code in {200, 303}
    tried = services.scripted[service].requests(refused)
    assert tried[0] == tried[-1]


def test_a_form_that_is_kept_asks_for_secrets_again(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    def go_down(_request: object) -> None:
        _refuse(services, "identity", "GetProfile", "TEMPORARILY_UNAVAILABLE", Kind.UNAVAILABLE)
        raise Refused("TEMPORARILY_UNAVAILABLE", Kind.UNAVAILABLE)

    services.scripted["identity"].scripts["ChangePassword"] = go_down

    answer = subscriber.send(
        "/profile", "/profile/password", username="anna", current_password="my old phrase", new_password="my new phrase"
    )

    assert "my old phrase" not in answer.text and "my new phrase" not in answer.text
    assert _given(answer.text) == {"username": "anna"}
    for name in ("current_password", "new_password"):
        assert re.search(rf'<label for="{name}">', answer.text)
        assert re.search(rf'<input id="{name}" name="{name}" type="password" value=""', answer.text)


def test_a_kept_form_says_what_was_wrong_with_it_too(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    key = hidden_fields(subscriber.get("/accounts/acc_1/pay").text)["request_id"]

    def refuse(_request: object) -> None:
        _refuse(services, "payments", "ListPaymentKinds", "TEMPORARILY_UNAVAILABLE", Kind.UNAVAILABLE)
        raise Refused("SIMILAR_PAYMENT", Kind.ALREADY_EXISTS, seconds_ago="2")

    services.scripted["payments"].scripts["CreatePayment"] = refuse

    asked = subscriber.send("/help", "/accounts/acc_1/pay", amount="450", method="new_card", request_id=key)

    assert (asked.status_code, asked.headers["Retry-After"]) == (503, "5")
    assert "2 с назад" in asked.text and "Сама форма сейчас не открывается" in asked.text


def test_a_refused_page_that_is_gone_is_not_offered_again(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    def vanish(_request: object) -> None:
        _refuse(services, "accounts", "GetBillingAccount", "BILLING_ACCOUNT_NOT_FOUND", Kind.NOT_FOUND)
        raise Refused("BILLING_ACCOUNT_NOT_FOUND", Kind.NOT_FOUND)

    services.scripted["payments"].scripts["CreatePayment"] = vanish

    answer = subscriber.send("/accounts/acc_1/pay", "/accounts/acc_1/pay", amount="450", method="new_card")

    assert answer.status_code == 404
    assert "Повторить" not in answer.text


@pytest.mark.parametrize("fields", [{"amount": "5", "method": ""}, {"amount": "abc", "method": "new_card"}])
def test_what_the_summary_of_a_refused_payment_leads_to_is_there(
    subscriber: Browser, services: Services, fields: dict[str, str]
) -> None:
    script_everything(services)

    html = subscriber.send("/accounts/acc_1/pay", "/accounts/acc_1/pay", **fields).text

    links = re.findall(r'<li><a href="#([^"]+)"', html)
    assert len(links) == 1
    assert f'id="{links[0]}"' in html


def test_a_refused_profile_keeps_the_language_that_was_chosen(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    kept = subscriber.send("/profile", "/profile", display_name="x" * 300, language="en")

    assert kept.status_code == 400
    assert '<option value="en" selected' in kept.text


def test_a_card_number_in_a_form_is_refused_before_anything_looks_at_it(
    subscriber: Browser, services: Services
) -> None:
    script_everything(services)

    answer = subscriber.send("/accounts/acc_1/pay", "/accounts/acc_1/pay", amount=_CARD, method="new_card")

    assert answer.status_code == 400
    assert "Не вводите здесь номер карты" in answer.text
    assert _CARD not in answer.text
    assert services.scripted["payments"].requests("CreatePayment") == []


@pytest.mark.parametrize(
    ("fields", "trigger"),
    [
        ({"trigger": "first_of_month"}, "first_of_month"),
        ({"trigger": "day_of_month", "day": "31"}, "day_of_month"),
        ({"trigger": "threshold", "minimum_balance": "100"}, "threshold"),
    ],
)
def test_autopay_is_set_up_with_one_trigger(
    subscriber: Browser, services: Services, fields: dict[str, str], trigger: str
) -> None:
    script_everything(services)
    services.scripted["payments"].scripts.pop("ListAutopayRules")
    page = "/accounts/acc_1/autopay"

    answer = subscriber.send(page, page, payment_method_id="pm_1", amount="500", **fields)

    assert answer.headers["Location"] == "/autopay/aru_1"
    (request,) = services.scripted["payments"].requests("CreateAutopayRule")
    assert request.trigger.WhichOneof("trigger") == trigger
    assert request.amount.amount_minor == 50_000


def test_consent_is_sent_only_when_it_is_ticked(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    page = "/accounts/acc_1/bill-delivery"

    subscriber.send(page, page, email="a@example.ru", consent="1")
    subscriber.send(page, page, email="a@example.ru")

    versions = [request.consent_version for request in services.scripted["documents"].requests("SetBillDelivery")]
    assert versions == ["2026-1", "none"]


def test_a_mailed_link_proves_an_address_only_by_a_click(browser: Browser, services: Services) -> None:
    script_everything(services)
    page = "/bill-delivery-confirmations/token-1"

    browser.get(page)
    looked = len(services.scripted["documents"].calls)
    clicked = browser.send(page, page)

    assert looked == 0
    assert clicked.status_code == 200
    assert "Адрес подтверждён" in clicked.text
    assert [r.token for r in services.scripted["documents"].requests("ConfirmBillDelivery")] == ["token-1"]


def test_content_is_ordered_by_a_quote_that_is_shown_first(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    quoted = subscriber.send("/catalogue/off_irony", "/catalogue/off_irony/quote", billing_account_id="acc_1")
    quote_id = hidden_fields(quoted.text)["content_quote_id"]
    ordered = subscriber.send("/catalogue/off_irony", "/catalogue/off_irony/order", content_quote_id=quote_id)

    assert "99,00\u00a0₽" in quoted.text
    assert services.scripted["content"].requests("CreateContentOrder")[0].content_quote_id == "quo_1"
    assert ordered.headers["Location"] == "/orders/ord_1"


@pytest.mark.parametrize(
    ("page", "address", "service", "method"),
    [
        ("/accounts/acc_1", "/accounts/acc_1/label", "accounts", "UpdateBillingAccount"),
        ("/accounts/acc_1/unlink", "/accounts/acc_1/unlink", "accounts", "UnlinkBillingAccount"),
        ("/cards", "/cards/pm_1/remove", "payments", "RemovePaymentMethod"),
        ("/cards", "/cards", "payments", "CreatePaymentMethod"),
        ("/autopay/aru_1", "/autopay/aru_1/stop", "payments", "StopAutopayRule"),
        ("/accounts/acc_1/bill-delivery", "/accounts/acc_1/bill-delivery/end", "documents", "EndBillDelivery"),
        ("/profile", "/profile", "identity", "UpdateProfile"),
        ("/profile", "/sessions/ses_2/end", "identity", "EndSession"),
    ],
)
def test_each_button_makes_its_one_call_and_leads_on(
    subscriber: Browser, services: Services, page: str, address: str, service: str, method: str
) -> None:
    script_everything(services)

    answer = subscriber.send(page, address)

    assert answer.status_code == 303
    assert len(services.scripted[service].requests(method)) == 1


def test_changing_the_password_says_that_it_worked(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    changed = subscriber.send(
        "/profile", "/profile/password", current_password="a long phrase", new_password="another phrase"
    )

    assert "Пароль изменён" in subscriber.get(changed.headers["Location"]).text


def test_ending_the_session_that_asks_logs_out(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.send("/profile", "/sessions/ses_1/end")

    assert answer.headers["Location"] == "/"
    assert subscriber.cookie("__Host-access") == ""
