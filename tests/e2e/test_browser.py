"""The web cabinet by hand: a real browser without scripts goes through a subscriber's story, page by page."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Visitor, chromium
from tests.e2e.outside import GOOD_CARD, Mailbox, Payer, RegionOffice
from tests.e2e.subscriber import Subscriber
from tests.support import eventually
from tests.support.running_suite import RunningSuite

# An account of its own: the story by the API counts every kopeck of another.
_REGION, _NUMBER, _PROOF = "77", "7700100002", "5512-MSK"
_PAYMENT_ID = re.compile(r"pay_[0-9a-f]{32}")
_KOPECKS = 123_45
_AMOUNT = "123,45"

pytestmark = pytest.mark.timeout(600)  # the suite may have to start first, and the machine may be busy


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here. It ends with them: while Playwright runs, its event loop is everybody's."""
    with chromium() as started:
        yield started


@pytest.fixture
def anna(suite: RunningSuite, browser: Browser) -> Iterator["_Anna"]:
    """A subscriber to be, in front of the cabinet's first page, and the world around."""
    visitor = _visitor(suite, browser)
    somebody = _Anna(
        visitor=visitor,
        mailbox=Mailbox(suite.http("mailbox")),
        payer=Payer(suite.http("acquirer")),
        office=RegionOffice(suite.http("region-moscow-control")),
    )
    try:
        yield somebody
        visitor.check()
    finally:
        visitor.close()
        somebody.mailbox.close()
        somebody.payer.close()
        somebody.office.close()


@dataclass(kw_only=True)
class _Anna:
    visitor: Visitor
    mailbox: Mailbox
    payer: Payer
    office: RegionOffice
    login: str = field(default_factory=lambda: f"anna.{secrets.token_hex(4)}")
    password: str = field(default_factory=lambda: f"Снег идёт, {secrets.token_hex(6)}")

    @property
    def email(self) -> str:
        return f"{self.login}@example.test"

    def register(self) -> None:
        window = self.visitor
        window.go("/register")
        window.type("Придумайте логин", self.login)
        window.type("Электронная почта", self.email)
        window.type("Пароль", self.password)
        window.tick("Принимаю условия пользования кабинетом")
        window.tick("Согласен на обработку персональных данных")
        window.press("Получить код")
        window.type("Код", self.mailbox.code(self.email))
        window.press("Подтвердить")

    def attach(self, proof: str = _PROOF, *, status: int = 200) -> None:
        window = self.visitor
        window.go(f"/accounts/new?region={_REGION}")
        window.type("Номер лицевого счёта", _NUMBER)
        window.tick("Кодовое слово договора")
        window.type("Подтверждение", proof)
        window.press("Присоединить", status=status)

    def type_card(self) -> None:
        """Fill in the acquirer's form and press its button."""
        window = self.visitor
        window.type("Номер карты", GOOD_CARD)
        window.type("Месяц", "12")
        window.type("Год", str(datetime.now(UTC).year + 2)[-2:])
        window.type("CVC", "123")
        window.press(re.compile("^Заплатить"))

    def see_credited(self) -> str:
        """Stay on the page of a payment until it is credited, hold it against both ledgers and return its id."""
        self.visitor.await_text("Деньги на вашем лицевом счёте.")
        payment_id = _PAYMENT_ID.findall(self.visitor.address)[0]
        credited = [row["amount_minor"] for row in self.office.ledger(_NUMBER) if row["external_id"] == payment_id]
        assert credited == [_KOPECKS]
        assert self.payer.charged_minor(payment_id) == _KOPECKS
        return str(payment_id)


def test_lets_people_in_by_password_and_by_social_network(suite: RunningSuite, browser: Browser, anna: _Anna) -> None:
    window = anna.visitor
    window.go("/")
    window.page.keyboard.press("Tab")
    assert window.page.locator(":focus").inner_text() == "К содержанию"

    window.press("Зарегистрироваться")
    anna.register()
    assert "Здравствуйте" in window.text

    window.press("Выйти", within="header")
    window.go("/profile")
    assert window.address == "/login?next=%2Fprofile"
    window.type("Логин", anna.login)
    window.type("Пароль", "не тот пароль, увы")
    window.press("Войти", status=401)
    assert window.page.locator(".refusal").inner_text()
    window.type("Пароль", anna.password)
    window.press("Войти")
    assert window.address == "/profile"
    assert anna.email in window.text

    with _open(suite, browser) as other:
        _enter_by_social_network(other)


def test_leads_from_the_account_to_paid_billed_and_ordered(anna: _Anna) -> None:
    anna.register()

    _attach_by_the_second_try(anna)
    _see_home(anna)
    _pay_twice(anna)
    _receive_bill(anna)
    _order_film(anna)
    _look_around(anna)


def test_refuses_what_is_not_there_and_what_is_somebody_else_s_alike(suite: RunningSuite, anna: _Anna) -> None:
    boris = Subscriber(suite.url)
    login = f"boris.{secrets.token_hex(4)}"
    boris.register(login=login, password=anna.password, email=f"{login}@example.test", mailbox=anna.mailbox)
    account = boris.link(region=_REGION, number=_NUMBER, proof=_PROOF)
    payment = boris.pay(account["id"], _KOPECKS, method={"kind": "new_card"})
    boris.close()
    anna.register()

    answers = []
    for payment_id in (payment["id"], f"pay_{secrets.token_hex(16)}"):
        anna.visitor.go(f"/payments/{payment_id}", status=404)
        answers.append(anna.visitor.text.replace(payment_id, "<id>"))
    assert answers[0] == answers[1]

    anna.visitor.go(f"/accounts/{account['id']}", status=404)
    anna.visitor.go("/nowhere", status=404)
    anna.visitor.press("На главную")
    assert anna.visitor.address == "/"


def test_helps_and_shows_the_catalogue_without_a_login_in_two_languages(suite: RunningSuite, browser: Browser) -> None:
    with _open(suite, browser) as window:
        window.go("/help/attach-account")
        assert window.page.locator("article p").count() > 1
        window.go("/catalogue")
        assert window.page.locator(".offering").count() > 1
        window.go("/payments")
        assert window.address == "/login?next=%2Fpayments"

        window.language = "en"
        window.press("English", within="header")
        for address in ("/", "/login", "/register", "/help", "/help/attach-account", "/catalogue"):
            window.go(address)
        window.go("/nowhere", status=404)

        window.language = "ru"
        window.press("Русский", within="header")


def _visitor(suite: RunningSuite, browser: Browser) -> Visitor:
    return Visitor(browser, home=suite.url, neighbours=(suite.http("acquirer"), suite.http("social")))


@contextmanager
def _open(suite: RunningSuite, browser: Browser) -> Iterator[Visitor]:
    visitor = _visitor(suite, browser)
    try:
        yield visitor
        visitor.check()
    finally:
        visitor.close()


def _enter_by_social_network(window: Visitor) -> None:
    window.go("/login")
    window.press(re.compile("^Войти через"))
    window.press("Отказаться", status=401)
    assert "соцсет" in window.text.lower() or "социальн" in window.text.lower()

    window.go("/login")
    window.press(re.compile("^Войти через"))
    window.type("Другой пользователь", f"demo-{secrets.token_hex(4)}")
    window.press("Войти")
    assert window.address == "/"
    assert "Пока нет ни одного лицевого счёта" in window.text


def _attach_by_the_second_try(anna: _Anna) -> None:
    window = anna.visitor
    window.press("Присоединить счёт")
    window.page.get_by_label("Регион").select_option(_REGION)
    window.press("Продолжить")

    anna.attach("0000-MSK", status=409)
    refusal = window.page.locator(".refusal")
    assert "Не удалось подтвердить лицевой счёт" in refusal.inner_text()
    assert "попробуйте ещё раз" in refusal.inner_text()
    help_page = refusal.get_by_role("link", name="Что делать").get_attribute("href")
    assert window.page.get_by_label("Номер лицевого счёта").input_value() == _NUMBER
    window.type("Подтверждение", _PROOF)
    window.press("Присоединить")
    assert _NUMBER in window.text

    assert help_page
    window.go(help_page)


def _see_home(anna: _Anna) -> None:
    anna.visitor.go("/")

    card = anna.visitor.page.locator(".account").inner_text()
    for words in ("Дом: всё сразу", "Телефония", "Интернет", "Интерактивное ТВ", "по данным на", "свежие"):
        assert words in card
    balance = anna.office.account(_NUMBER)["balance_minor"]
    assert _kopecks(anna.visitor.page.locator(".account .balance").inner_text()) == balance


def _pay_twice(anna: _Anna) -> None:
    window = anna.visitor
    before = anna.office.account(_NUMBER)["balance_minor"]
    window.press(f"Пополнить {_NUMBER}")
    window.type("Сумма", _AMOUNT)
    window.tick("Банковская карта")
    window.tick("Сохранить новую карту")
    window.press("Перейти к оплате")
    anna.type_card()
    first = anna.see_credited()

    window.press(f"Счёт {_NUMBER}")
    window.press("Пополнить")
    window.type("Сумма", _AMOUNT)
    window.tick(f"Мир •••• {GOOD_CARD[-4:]}")
    window.press("Перейти к оплате")
    second = anna.see_credited()

    assert first != second
    assert anna.office.account(_NUMBER)["balance_minor"] == before + 2 * _KOPECKS
    window.go("/payments")
    assert window.page.locator(".badge-posted").count() == 2


def _receive_bill(anna: _Anna) -> None:
    window = anna.visitor
    window.go("/")
    window.press(f"Счёт {_NUMBER}")
    window.press("Доставка счетов")
    window.type("Куда присылать", anna.email)
    window.tick("Согласен получать счета в электронном виде вместо бумажных")
    window.press("Получать по почте")
    window.go(anna.mailbox.link(anna.email, containing="bill-delivery-confirmations"))
    window.press("Подтвердить адрес")
    assert "Адрес подтверждён" in window.text

    number = anna.office.issue_bill(_NUMBER, month=datetime.now(UTC))["bill_number"]
    mail = anna.mailbox.wait_for(anna.email, containing=number, timeout_s=60)
    attached = anna.mailbox.attachment(mail["attachments"][0]["url"])
    eventually(lambda: _reload(window, "/bills", number), timeout_s=60, every_s=0.5)
    downloaded = window.download(number)
    assert downloaded.startswith(b"%PDF-")
    assert hashlib.sha256(downloaded).digest() == hashlib.sha256(attached).digest()


def _order_film(anna: _Anna) -> None:
    window = anna.visitor
    window.go("/catalogue")
    window.type("Что найти", "иронией судьбы")
    window.press("Найти")
    title = window.page.locator(".offering a").first.inner_text()
    assert "Ирония судьбы" in title
    window.press(title)
    window.press("Узнать цену и заказать")
    assert title in window.text
    window.press(re.compile("^Заказать за"))
    window.await_text("Можно смотреть и слушать.")
    window.press("Моя фильмотека")
    assert title in window.text


def _look_around(anna: _Anna) -> None:
    """Visit what the story did not lead to, in both languages."""
    window = anna.visitor
    window.go("/")
    account = str(window.page.get_by_role("link", name=f"Счёт {_NUMBER}").get_attribute("href"))
    addresses = ["/", "/payments", "/cards", "/autopay", "/bills", "/profile", "/entitlements", account]
    addresses += [f"{account}/{page}" for page in ("charges", "payments", "bills", "bill-delivery", "pay", "autopay")]
    for address in [*addresses, f"{account}/unlink", "/accounts/new?region=54"]:
        window.go(address)
    window.language = "en"
    window.press("English", within="header")
    for address in addresses:
        window.go(address)


def _reload(window: Visitor, address: str, text: str) -> bool:
    """Open a page again and tell whether it offers the file that is called so."""
    window.go(address)
    return window.page.get_by_role("link", name=text).count() > 0


def _kopecks(text: str) -> int:
    """Return the sum that a page shows."""
    sign = -1 if "\u2212" in text else 1
    return sign * int(re.sub(r"[^0-9]", "", text))
