"""The web cabinet by hand: a real browser without scripts goes through a subscriber's story, page by page."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Visitor, chromium
from tests.e2e.by_hand import KOPECKS, NUMBER, PROOF, REGION, Anna
from tests.e2e.outside import Mailbox, Payer, RegionOffice
from tests.e2e.subscriber import Subscriber
from tests.support.running_suite import RunningSuite

pytestmark = pytest.mark.timeout(600)  # the suite may have to start first, and the machine may be busy


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here. It ends with them: while Playwright runs, its event loop is everybody's."""
    with chromium() as started:
        yield started


def test_sees_what_is_wrong_with_a_page(browser: Browser) -> None:
    flawed = """<!doctype html><html lang="en"><title>Nothing</title><style>div { width: 500px }</style>
        <h1>One</h1><h1>Two</h1><div id="a">wide</div><p id="a"></p><input aria-describedby="b"><button></button>
        <label>Имя <input></label><img src="http://elsewhere.test/spy.png" alt="">"""
    window = Visitor(browser, home="http://cabinet.test", language="en")
    window.context.route("**/*", lambda route: route.fulfill(body=flawed, content_type="text/html; charset=utf-8"))

    with pytest.raises(AssertionError) as refusal:
        window.go("/")
    for flaw in (
        "main heading",
        "is called",
        "unlabelled",
        "nameless",
        "repeated",
        "dangling",
        "link to its main part",
    ):
        assert flaw in str(refusal.value)
    assert "pixels wide" in str(refusal.value)
    assert "says in Russian" in str(refusal.value)
    with pytest.raises(AssertionError, match=r"elsewhere\.test"):
        window.check()
    window.close()


@pytest.fixture
def anna(suite: RunningSuite, browser: Browser) -> Iterator[Anna]:
    """A subscriber to be, in front of the cabinet's first page, and the world around."""
    visitor = _visitor(suite, browser)
    somebody = Anna(
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


def test_lets_people_in_by_password_and_by_social_network(suite: RunningSuite, browser: Browser, anna: Anna) -> None:
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


def test_leads_from_the_account_to_paid_billed_and_ordered(anna: Anna) -> None:
    anna.register()

    anna.attach_by_the_second_try()
    anna.see_home()
    anna.pay_twice()
    anna.set_autopay_and_stop_it()
    anna.receive_bill()
    anna.order_film()
    anna.look_around()


def test_attaches_by_a_letter_to_the_owner_and_settles_a_dispute(suite: RunningSuite, anna: Anna) -> None:
    number = f"77{secrets.randbelow(10**8):08d}"
    contact = f"owner-{number}@example.test"
    anna.office.open_accounts(first_number=int(number), count=1)
    anna.register()
    window = anna.visitor

    anna.attach_by_letter(number, contact)
    assert "Баланс" in window.text
    account = window.address
    boris = Subscriber(suite.url)
    login = f"boris.{secrets.token_hex(4)}"
    boris.register(login=login, password=anna.password, email=f"{login}@example.test", mailbox=anna.mailbox)
    boris.link(region=REGION, number=number, proof=number)
    boris.close()

    window.go("/")
    assert "На счёт заявил права кто-то ещё." in window.text
    window.go(account)
    assert window.page.get_by_role("link", name="Пополнить").count() == 0
    window.press("Что делать")
    window.language = "en"
    window.press("English", within="header")
    window.go(f"/accounts/new/code?region={REGION}")
    window.language = "ru"
    window.press("Русский", within="header")
    window.go(f"{account}/claim")
    anna.confirm_by_letter(contact)
    assert window.address == account
    window.press("Пополнить")


def test_refuses_what_is_not_there_and_what_is_somebody_else_s_alike(suite: RunningSuite, anna: Anna) -> None:
    boris = Subscriber(suite.url)
    login = f"boris.{secrets.token_hex(4)}"
    boris.register(login=login, password=anna.password, email=f"{login}@example.test", mailbox=anna.mailbox)
    account = boris.link(region=REGION, number=NUMBER, proof=PROOF, relation="relative")
    payment = boris.pay(account["id"], KOPECKS, method={"kind": "new_card"})
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
        window.go("/help?query=card")

        window.language = "ru"
        window.press("Русский", within="header")
        assert window.address == "/help?query=card"


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
