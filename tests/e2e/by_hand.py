"""A subscriber's story as she goes through it by hand, page by page; what each page shows is held against the books."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.e2e.browser import Visitor
from tests.e2e.outside import GOOD_CARD, Mailbox, Payer, RegionOffice
from tests.support import eventually

# An account of its own: the story by the API counts every kopeck of another.
REGION, NUMBER, PROOF = "77", "7700100002", "5512-MSK"
_PAYMENT_ID = re.compile(r"pay_[0-9a-f]{32}")
KOPECKS = 123_45
_AMOUNT = "123,45"


@dataclass(kw_only=True)
class Anna:
    """A subscriber who does everything by hand, and the world around that answers her."""

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

    def attach(self, proof: str = PROOF, *, status: int = 200) -> None:
        window = self.visitor
        window.go(f"/accounts/new?region={REGION}")
        window.type("Номер лицевого счёта", NUMBER)
        window.tick("Кодовое слово договора")
        window.type("Подтверждение", proof)
        window.press("Присоединить", status=status)

    def attach_by_letter(self, number: str, contact: str) -> None:
        """Have the region write to the owner, and type what the letter says."""
        window = self.visitor
        before = len(self.mailbox.ownership_codes(contact))
        window.go(f"/accounts/new?region={REGION}")
        window.press("Прислать код")
        window.type("Номер лицевого счёта", number)
        window.press("Прислать код")
        assert "код уже отправлен" in window.text
        window.type("Код из сообщения", self.mailbox.next_ownership_code(contact, after=before))
        window.press("Присоединить")

    def confirm_by_letter(self, contact: str) -> None:
        """Do the same on the page of a disputed account, after a mistake."""
        window = self.visitor
        before = len(self.mailbox.ownership_codes(contact))
        window.press("Прислать код")
        code = self.mailbox.next_ownership_code(contact, after=before)
        window.type("Код из сообщения", f"{(int(code) + 1) % 10**7:07d}")
        window.press("Подтвердить", status=409)
        window.type("Код из сообщения", code)
        window.press("Подтвердить")

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
        credited = [row["amount_minor"] for row in self.office.ledger(NUMBER) if row["external_id"] == payment_id]
        assert credited == [KOPECKS]
        assert self.payer.charged_minor(payment_id) == KOPECKS
        return str(payment_id)

    def attach_by_the_second_try(self) -> None:
        window = self.visitor
        window.press("Присоединить счёт")
        window.page.get_by_label("Регион").select_option(REGION)
        window.press("Продолжить")

        self.attach("0000-MSK", status=409)
        refusal = window.page.locator(".refusal")
        assert "Не удалось подтвердить лицевой счёт" in refusal.inner_text()
        assert "попробуйте ещё раз" in refusal.inner_text()
        help_page = refusal.get_by_role("link", name="Что делать").get_attribute("href")
        assert window.page.get_by_label("Номер лицевого счёта").input_value() == NUMBER
        window.type("Подтверждение", PROOF)
        window.press("Присоединить")
        assert NUMBER in window.text

        assert help_page
        window.go(help_page)

    def see_home(self) -> None:
        eventually(self._home_is_whole, timeout_s=60, every_s=0.5)
        balance = self.office.account(NUMBER)["balance_minor"]
        assert _kopecks(self.visitor.page.locator(".account .balance").inner_text()) == balance

    def _home_is_whole(self) -> bool:
        self.visitor.go("/")
        card = " ".join(self.visitor.page.locator(".account").all_inner_texts())
        for words in ("Дом: всё сразу", "Телефония", "Интернет", "Интерактивное ТВ", "по данным на", "свежие"):
            assert words in card
        return True

    def pay_twice(self) -> None:
        window = self.visitor
        before = self.office.account(NUMBER)["balance_minor"]
        window.press(f"Пополнить {NUMBER}")
        window.type("Сумма", _AMOUNT)
        window.tick("Банковская карта")
        window.tick("Сохранить новую карту")
        window.press("Перейти к оплате")
        self.type_card()
        first = self.see_credited()

        window.press(f"Счёт {NUMBER}")
        window.press("Пополнить")
        window.type("Сумма", _AMOUNT)
        window.tick(f"Мир •••• {GOOD_CARD[-4:]}")
        window.press("Перейти к оплате", status=409)
        window.press("Да, заплатить ещё раз")
        second = self.see_credited()

        assert first != second
        assert self.office.account(NUMBER)["balance_minor"] == before + 2 * KOPECKS
        window.go("/payments")
        assert window.page.locator(".badge-posted").count() == 2

    def set_autopay_and_stop_it(self) -> None:
        window = self.visitor
        window.go("/")
        window.press(f"Счёт {NUMBER}")
        window.press("Автоплатёж")
        window.type("Сумма", _AMOUNT)
        window.tick("В выбранный день месяца")
        window.type("День месяца", "31")
        window.press("Подключить")
        assert "31-го числа каждого месяца" in window.text
        assert window.page.locator("[aria-labelledby=forecast] .row").count() in {11, 12}  # of 365 days

        window.press("Остановить автоплатёж")
        assert "Остановлен" in window.text

    def receive_bill(self) -> None:
        window = self.visitor
        window.go("/")
        window.press(f"Счёт {NUMBER}")
        window.press("Доставка счетов")
        window.type("Куда присылать", self.email)
        window.tick("Согласен получать счета в электронном виде вместо бумажных")
        window.press("Получать по почте")
        window.go(self.mailbox.link(self.email, containing="bill-delivery-confirmations"))
        window.press("Подтвердить адрес")
        assert "Адрес подтверждён" in window.text

        last_month = datetime.now(UTC).replace(day=1) - timedelta(days=1)
        number = self.office.issue_bill(NUMBER, month=last_month)["bill_number"]
        mail = self.mailbox.wait_for(self.email, containing=number, timeout_s=60)
        attached = self.mailbox.attachment(mail["attachments"][0]["url"])
        eventually(lambda: _reload(window, "/bills", number), timeout_s=60, every_s=0.5)
        downloaded = window.download(number)
        assert downloaded.startswith(b"%PDF-")
        assert hashlib.sha256(downloaded).digest() == hashlib.sha256(attached).digest()

    def order_film(self) -> None:
        window = self.visitor
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

    def look_around(self) -> None:
        """Visit what the story did not lead to, in both languages."""
        window = self.visitor
        window.go("/")
        account = str(window.page.get_by_role("link", name=f"Счёт {NUMBER}").get_attribute("href"))
        addresses = ["/", "/payments", "/cards", "/autopay", "/bills", "/profile", "/entitlements", account]
        addresses += [
            f"{account}/{page}" for page in ("charges", "payments", "bills", "bill-delivery", "pay", "autopay")
        ]
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
