"""The pages: each renders in both languages, says what the API says, and needs no script."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from kabinet.accounts.v1 import accounts_pb2, grants_pb2, ordering_pb2
from kabinet.common.v1 import figure_pb2
from kabinet.content.v1 import content_pb2
from kabinet.documents.v1 import documents_pb2
from kabinet.identity.v1 import identity_pb2
from kabinet.payments.v1 import autopay_pb2, payments_pb2

from tests.gateway import examples as make
from tests.gateway.browser import Browser
from tests.gateway.services_script import Services
from tests.gateway.whole_world import script_everything

_GATEWAY = Path(__file__).resolve().parents[2] / "gateway"
_TEMPLATES = _GATEWAY / "cabinet" / "templates"
_LITERAL = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""")
_PREFIX = re.compile(r"""\b(?:word|state)\(\s*["']([\w.]+)["']""")
_CYRILLIC = re.compile("[А-Яа-яЁё]")
PAGES = [
    "/", "/accounts/new", "/accounts/new?region=54", "/accounts/acc_1", "/accounts/acc_1/unlink",
    "/accounts/by-code", "/accounts/acc_1/grants",
    "/accounts/new/code?region=54",
    "/accounts/acc_1/tariff", "/accounts/acc_1/services", "/accounts/acc_1/promised-payment",
    "/accounts/acc_1/charges", "/accounts/acc_1/payments", "/accounts/acc_1/pay", "/payments", "/payments/pay_1",
    "/cards", "/cards/pm_1", "/autopay", "/autopay/aru_1",
    "/bills", "/accounts/acc_1/bills", "/accounts/acc_1/bill-delivery",
    "/bill-delivery-confirmations/token", "/catalogue", "/catalogue/off_irony", "/orders/ord_1", "/entitlements",
    "/help", "/help/payments", "/profile", "/register", "/register/reg_1", "/login",
]  # fmt: skip


def _texts(language: str) -> dict[str, str]:
    names = ("cabinet", "ordering", "claims", "grants", "autopay")
    files = [_GATEWAY / "texts" / f"{name}.{language}.json" for name in names]
    return {key: text for file in files for key, text in json.loads(file.read_text()).items()}


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_renders_in_both_languages(subscriber: Browser, services: Services, page: str, language: str) -> None:
    script_everything(services)

    answer = subscriber.get(page, **{"Accept-Language": language})

    assert answer.status_code == 200, answer.text
    assert f'<html lang="{language}">' in answer.text
    assert "<h1" in answer.text
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert " on" not in re.sub(r">[^<]*<", "><", answer.text).replace(" one-time", "")


@pytest.mark.parametrize("page", PAGES)
def test_every_field_has_a_label_and_every_page_its_landmarks(
    subscriber: Browser, services: Services, page: str
) -> None:
    script_everything(services)

    html = subscriber.get(page).text

    labelled = set(re.findall(r'<label for="([^"]+)"', html))
    inputs = re.findall(r"<(?:input|select)\b([^>]*)>", html)
    for attributes in inputs:
        if 'type="hidden"' not in attributes:
            found = re.search(r'\bid="([^"]+)"', attributes)
            assert found and found[1] in labelled, attributes
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids)), "an id is there twice"
    assert not [found for found in ids if re.search(r"\s", found)], "an id that nothing can refer to"
    assert html.count("<main") == html.count("<header") == html.count("<footer") == html.count("<h1") == 1
    assert 'class="skip" href="#main"' in html


@pytest.mark.parametrize("page", ["/", "/login", "/register", "/catalogue", "/help", "/help/payments"])
def test_english_pages_hold_no_russian_of_ours(browser: Browser, services: Services, page: str) -> None:
    html = browser.get(page, **{"Accept-Language": "en"}).text

    assert _CYRILLIC.findall(html.replace(">Русский<", "")) == []


def test_every_text_that_a_template_names_exists_in_both_languages() -> None:
    named = {key for file in _TEMPLATES.glob("*.html") for key in _LITERAL.findall(file.read_text())}
    prefixes = {key for file in _TEMPLATES.glob("*.html") for key in _PREFIX.findall(file.read_text())}
    wanted = named | {f"{prefix}.other" for prefix in prefixes}

    assert len(named) > 200
    for language in ("ru", "en"):
        assert sorted(wanted - _texts(language).keys()) == []


def test_both_languages_have_the_same_texts_with_the_same_placeholders() -> None:
    ru, en = _texts("ru"), _texts("en")

    assert ru.keys() == en.keys()
    assert {key: set(re.findall(r"\{\w+\}", ru[key])) for key in ru} == {
        key: set(re.findall(r"\{\w+\}", en[key])) for key in en
    }


def test_every_state_of_the_contracts_has_words() -> None:
    texts = _texts("ru")
    words = {
        "payment.state": (payments_pb2.PaymentState, "PAYMENT_STATE_"),
        "payment.explained": (payments_pb2.PaymentState, "PAYMENT_STATE_"),
        "pay.kind": (payments_pb2.PaymentKind, "PAYMENT_KIND_"),
        "autopay.state": (payments_pb2.AutopayRuleState, "AUTOPAY_RULE_STATE_"),
        "autopay.kind": (payments_pb2.AutopayAmountKind, "AUTOPAY_AMOUNT_KIND_"),
        "occasion": (payments_pb2.AutopayDecisionState, "AUTOPAY_DECISION_STATE_"),
        "autopay_link": (autopay_pb2.AutopayLinkAction, "AUTOPAY_LINK_ACTION_"),
        "autopay_link.done": (autopay_pb2.AutopayLinkAction, "AUTOPAY_LINK_ACTION_"),
        "delivery.state": (documents_pb2.BillDeliveryState, "BILL_DELIVERY_STATE_"),
        "delivery.explained": (documents_pb2.BillDeliveryState, "BILL_DELIVERY_STATE_"),
        "order.state": (content_pb2.ContentOrderState, "CONTENT_ORDER_STATE_"),
        "order.explained": (content_pb2.ContentOrderState, "CONTENT_ORDER_STATE_"),
        "price": (content_pb2.PriceModel, "PRICE_MODEL_"),
        "offering": (content_pb2.OfferingKind, "OFFERING_KIND_"),
        "cutover": (accounts_pb2.Cutover, "CUTOVER_"),
        "grant.state": (grants_pb2.GrantState, "GRANT_STATE_"),
        "grant.ended_by": (grants_pb2.GrantEnd, "GRANT_END_"),
        "grant.action": (accounts_pb2.Action, "ACTION_"),
        "tariff.state": (ordering_pb2.TariffChangeState, "TARIFF_CHANGE_STATE_"),
        "tariff.explained": (ordering_pb2.TariffChangeState, "TARIFF_CHANGE_STATE_"),
        "service_order.state": (ordering_pb2.ServiceOrderState, "SERVICE_ORDER_STATE_"),
        "service_order.explained": (ordering_pb2.ServiceOrderState, "SERVICE_ORDER_STATE_"),
        "promise.state": (ordering_pb2.PromisedPaymentState, "PROMISED_PAYMENT_STATE_"),
        "promise.explained": (ordering_pb2.PromisedPaymentState, "PROMISED_PAYMENT_STATE_"),
    }

    missing = [
        f"{prefix}.{name.removeprefix(start).lower()}"
        for prefix, (enum, start) in words.items()
        for name, number in enum.items()
        if number and f"{prefix}.{name.removeprefix(start).lower()}" not in texts
    ]

    assert missing == []


def test_says_how_old_each_figure_is_in_the_accounts_own_time(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    html = subscriber.get("/").text

    assert "по данным на 20\u00a0ноября, 19:00" in html  # 12:00 UTC in Novosibirsk
    assert "450,00\u00a0₽" in html


def test_says_clearly_that_a_region_does_not_answer(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    account = make.make_account(available=False)
    services.scripted["accounts"].scripts["ListBillingAccounts"] = lambda _: accounts_pb2.ListBillingAccountsResponse(
        billing_accounts=[account]
    )

    assert "Регион сейчас не отвечает" in subscriber.get("/").text


def test_an_account_of_another_owner_says_what_to_do_and_shows_nothing(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    account = accounts_pb2.BillingAccount(
        billing_account_id="acc_1",
        region="54",
        number="541000000018",
        former_numbers=["541000000017"],
        allowed_actions=[accounts_pb2.ACTION_PAY],
        standing=accounts_pb2.ACCOUNT_STANDING_OWNER_CHANGED,
        region_available=True,
    )
    services.scripted["accounts"].scripts |= {
        "ListBillingAccounts": lambda _: accounts_pb2.ListBillingAccountsResponse(billing_accounts=[account]),
        "GetBillingAccount": lambda _: accounts_pb2.GetBillingAccountResponse(billing_account=account),
    }

    for page in ("/", "/accounts/acc_1"):
        html = subscriber.get(page).text
        assert "сменился владелец" in html
        assert "/accounts/new?region=54" in html
        assert "прежний № 541000000017" in html
        assert "/accounts/acc_1/autopay" not in html


def test_a_section_whose_service_is_down_says_so_and_the_rest_stands(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    services.take_down("documents")
    try:
        answer = subscriber.get("/")
    finally:
        services.bring_back("documents")

    assert answer.status_code == 200
    assert "Этот раздел сейчас не отвечает" in answer.text
    assert "Домашний максимум" in answer.text


def test_an_articles_html_stays_text(browser: Browser, services: Services) -> None:
    script_everything(services)

    html = browser.get("/help/payments").text

    assert "<strong>счёт</strong>" in html
    assert "&lt;script&gt;alert(1)" in html


def test_text_from_outside_cannot_become_markup(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    account = make.make_account(label='<img src=x onerror="alert(1)">')
    services.scripted["accounts"].scripts["GetBillingAccount"] = lambda _: accounts_pb2.GetBillingAccountResponse(
        billing_account=account
    )

    assert "<img" not in subscriber.get("/accounts/acc_1").text


@pytest.mark.parametrize(
    ("state", "reloads"),
    [
        (payments_pb2.PAYMENT_STATE_CAPTURED, True),
        (payments_pb2.PAYMENT_STATE_UNKNOWN, True),
        (payments_pb2.PAYMENT_STATE_POSTED, False),
        (payments_pb2.PAYMENT_STATE_DECLINED, False),
    ],
)
def test_a_payments_page_reloads_until_it_is_final(
    subscriber: Browser, services: Services, state: "payments_pb2.PaymentState.ValueType", reloads: bool
) -> None:
    script_everything(services)
    services.scripted["payments"].scripts["GetPayment"] = lambda _: payments_pb2.GetPaymentResponse(
        payment=make.make_payment(state=state)
    )

    assert ('http-equiv="refresh"' in subscriber.get("/payments/pay_1").text) is reloads


def test_a_bill_downloads_as_it_is(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    answer = subscriber.get("/bills/bill_1.pdf")

    assert answer.data == b"%PDF-rest"
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bill_1.pdf"'


def test_a_refusal_is_a_page_in_the_words_of_the_problem(subscriber: Browser, app: Flask) -> None:
    answer = subscriber.get("/nothing-here", **{"Accept-Language": "en"})

    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert 'href="/help/security"' in answer.text


def test_the_chosen_language_wins_over_the_browsers(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    chosen = subscriber.send("/payments", "/language", language="en", back="/payments")

    assert chosen.headers["Location"] == "/payments"
    assert '<html lang="en">' in subscriber.get("/payments", **{"Accept-Language": "ru"}).text


@pytest.mark.parametrize(("rental_hours", "expected"), [(48, "48 ч с первого просмотра"), (0, "без ограничения срока")])
def test_says_how_long_what_was_ordered_lasts(
    subscriber: Browser, services: Services, rental_hours: int, expected: str
) -> None:
    entitlement = content_pb2.Entitlement(
        entitlement_id="ent_1", offering_id="off_irony", granted_at=make.make_time(), rental_hours=rental_hours
    )
    services.scripted["content"].scripts |= {
        "ListEntitlements": lambda _: content_pb2.ListEntitlementsResponse(entitlements=[entitlement]),
    }

    assert expected in subscriber.get("/entitlements").text


@pytest.mark.parametrize("page", ["/", "/bills", "/accounts/acc_1/bills"])
def test_a_bill_was_mailed_in_the_accounts_own_time(subscriber: Browser, services: Services, page: str) -> None:
    script_everything(services)
    bill = make.make_bill()
    bill.mailed_at.CopyFrom(make.make_time())
    services.scripted["documents"].scripts["ListCustomerBills"] = lambda _: documents_pb2.ListCustomerBillsResponse(
        customer_bills=[bill]
    )

    assert "отправлен 20\u00a0ноября, 19:00" in subscriber.get(page).text  # 12:00 UTC in Novosibirsk


@pytest.mark.parametrize("bill_id", ["a%0d%0ab", "a%22", "%d1%84", "a%20b"])
def test_what_cannot_be_a_bills_id_is_no_page(subscriber: Browser, services: Services, bill_id: str) -> None:
    script_everything(services)

    answer = subscriber.get(f"/bills/{bill_id}.pdf")

    assert answer.status_code == 404
    assert services.scripted["documents"].calls == []


@pytest.mark.parametrize(
    ("freshness", "told", "not_told"),
    [
        (figure_pb2.FRESHNESS_UNKNOWN, "регион ещё не сообщил", "нет."),
        (figure_pb2.FRESHNESS_STALE, "нет.", "регион ещё не сообщил"),
    ],
)
@pytest.mark.parametrize("page", ["/accounts/acc_1", "/accounts/acc_1/charges", "/accounts/acc_1/payments"])
def test_what_was_never_read_is_not_told_as_nothing(
    subscriber: Browser,
    services: Services,
    page: str,
    freshness: "figure_pb2.Freshness.ValueType",
    told: str,
    not_told: str,
) -> None:
    script_everything(services)
    account = make.make_account()
    for figure in (account.last_charges, account.last_payments):
        figure.ClearField("items")
        figure.status.freshness = freshness
    services.scripted["accounts"].scripts |= {
        "GetBillingAccount": lambda _: accounts_pb2.GetBillingAccountResponse(billing_account=account),
        "ListCharges": lambda _: accounts_pb2.ListChargesResponse(charges=account.last_charges),
        "ListCreditedPayments": lambda _: accounts_pb2.ListCreditedPaymentsResponse(payments=account.last_payments),
    }

    lists = subscriber.get(page).text.partition("<h1>")[2]

    said = re.findall(r'<p class="faint">([^<]*(?:нет\.|сообщил)[^<]*)</p>', lists)
    assert len(said) == (2 if page == "/accounts/acc_1" else 1)
    assert all(told in text and not_told not in text for text in said)


@pytest.mark.parametrize(
    ("freshness", "hint"),
    [
        (figure_pb2.FRESHNESS_FRESH, "Баланс: 450,00\u00a0₽ · по данным на 20\u00a0ноября, 19:00, свежие"),
        (
            figure_pb2.FRESHNESS_STALE,
            "Баланс: 450,00\u00a0₽ · по данным на 20\u00a0ноября, 19:00, давно не обновлялись",
        ),
        (figure_pb2.FRESHNESS_UNKNOWN, "Баланс: 450,00\u00a0₽ · ещё нет данных"),
    ],
)
def test_an_offering_says_how_old_the_balance_beside_an_account_is(
    subscriber: Browser, services: Services, freshness: "figure_pb2.Freshness.ValueType", hint: str
) -> None:
    script_everything(services)
    account = make.make_account()
    account.balance.status.freshness = freshness
    services.scripted["accounts"].scripts["ListBillingAccounts"] = lambda _: accounts_pb2.ListBillingAccountsResponse(
        billing_accounts=[account]
    )

    assert hint in subscriber.get("/catalogue/off_irony").text.replace("\n", " ")


def test_an_offering_says_nothing_of_a_balance_that_is_not_the_readers_to_see(
    subscriber: Browser, services: Services
) -> None:
    script_everything(services)
    account = make.make_account()
    account.allowed_actions[:] = [accounts_pb2.ACTION_ORDER_CONTENT]
    services.scripted["accounts"].scripts["ListBillingAccounts"] = lambda _: accounts_pb2.ListBillingAccountsResponse(
        billing_accounts=[account]
    )

    html = subscriber.get("/catalogue/off_irony").text

    assert 'id="billing_account_id-acc_1"' in html
    assert "Баланс" not in html
    assert "billing_account_id-acc_1-hint" not in html


def test_the_day_of_the_registration_is_a_day_of_moscow(subscriber: Browser, services: Services) -> None:
    script_everything(services)
    profile = make.make_profile()
    profile.created_at.CopyFrom(make.make_time(datetime(2026, 11, 20, 22, 30, tzinfo=UTC)))
    services.scripted["identity"].scripts["GetProfile"] = lambda _: identity_pb2.GetProfileResponse(profile=profile)

    assert "<dd>21\u00a0ноября</dd>" in subscriber.get("/profile").text


@pytest.mark.parametrize("revision", [1, 2])
def test_tells_a_corrected_bill_from_the_first_one(subscriber: Browser, services: Services, revision: int) -> None:
    script_everything(services)
    bill = make.make_bill()
    bill.revision = revision
    services.scripted["documents"].scripts |= {
        "ListCustomerBills": lambda _: documents_pb2.ListCustomerBillsResponse(customer_bills=[bill]),
    }

    assert ("исправлен, редакция 2" in subscriber.get("/bills").text) is (revision == 2)


def test_another_language_keeps_the_page_with_its_question(browser: Browser) -> None:
    assert 'name="back" value="/help?query=card&amp;page=2"' in browser.get("/help?query=card&page=2").text


def test_an_account_that_may_only_be_paid_says_so_instead_of_showing_holes(
    subscriber: Browser, services: Services
) -> None:
    script_everything(services)
    account = make.make_account()
    account.allowed_actions[:] = [accounts_pb2.ACTION_PAY]
    services.scripted["accounts"].scripts |= {
        "GetBillingAccount": lambda _: accounts_pb2.GetBillingAccountResponse(billing_account=account),
        "ListBillingAccounts": lambda _: accounts_pb2.ListBillingAccountsResponse(billing_accounts=[account]),
    }

    for page in ("/", "/accounts/acc_1"):
        html = subscriber.get(page).text
        assert "можно только пополнять" in html
        assert "/accounts/acc_1/charges" not in html
        assert 'class="balance' not in html


def test_offers_autopay_for_accounts_without_a_rule_only(subscriber: Browser, services: Services) -> None:
    script_everything(services)

    assert "/accounts/acc_1/autopay" not in subscriber.get("/autopay").text

    services.scripted["payments"].scripts["ListAutopayRules"] = lambda _: payments_pb2.ListAutopayRulesResponse()
    assert "/accounts/acc_1/autopay" in subscriber.get("/autopay").text
