"""One subscriber's story through the whole suite, by its public API: what `make demo` shows and a test holds on to."""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.e2e.outside import Mailbox, Payer, RegionOffice, SocialUser
from tests.e2e.subscriber import Subscriber
from tests.support import eventually

REGION, NUMBER, PROOF = "54", "5400200001", "1207-NSK"
BILLED_NUMBER, BILLED_PROOF = "5400200002", "2218-NSK"  # pays afterwards: its last bill is still to be paid
_REGION_PROCESS = "region-novosibirsk"
_AMOUNT = 80_000
_TOP_UP = 30_000


class Scene(Protocol):
    """A running suite, whoever started it."""

    @property
    def url(self) -> str:
        """The gateway, as a browser sees it."""
        ...

    def http(self, name: str) -> str:
        """Return the http URL of a part."""
        ...

    def stop(self, *names: str) -> None:
        """Stop processes."""
        ...

    def start(self, *names: str) -> None:
        """Start processes and wait until they are ready."""
        ...


Told = Iterator[tuple[str, object]]


@dataclass(kw_only=True)
class Story:
    """The steps, in their order; each yields what it did and what came back, and fails where it must not go on."""

    scene: Scene
    login: str = field(default_factory=lambda: f"anna.{secrets.token_hex(4)}")
    password: str = field(default_factory=lambda: f"Снег идёт, {secrets.token_hex(6)}")

    def __post_init__(self) -> None:
        self.email = f"{self.login}@example.test"
        self.subscriber = Subscriber(self.scene.url)
        self.mailbox = Mailbox(self.scene.http("mailbox"))
        self.payer = Payer(self.scene.http("acquirer"))
        self.office = RegionOffice(self.scene.http(f"{_REGION_PROCESS}-control"))
        self.account_id = ""
        self.card_id = ""

    def steps(self) -> list[tuple[str, Callable[[], Told]]]:
        """Return the steps with their titles."""
        return [
            ("1. Register, confirm by mail, log in; a second login by a social network", self.enter),
            ("2. Attach a billing account by a proof that its region verifies", self.attach),
            ("3. The overview, with the region alive and dead", self.look),
            ("4. Pay by a new card and save it, then by the saved card", self.pay),
            ("5. Autopay fires once at the threshold, and shows its decision", self.set_autopay),
            ("6. E-bill: consent, PDF, one mail, identical downloads", self.receive_bill),
            ("7. A film by another form of its word, ordered on the account; help", self.order_film),
        ]

    def enter(self) -> Told:
        self.subscriber.register(login=self.login, password=self.password, email=self.email, mailbox=self.mailbox)
        yield "registered and confirmed", self.subscriber.get("/profile")
        self.subscriber.log_in(login=self.login.upper(), password=self.password)
        yield "logged in by password", [s["current"] for s in self.subscriber.get("/sessions")["items"]]
        other = Subscriber(self.scene.url)
        created = other.log_in_by_social_network(SocialUser(f"demo-{secrets.token_hex(4)}"))
        yield "logged in by the social network", {"created": created, "profile": other.get("/profile")}
        problem = Subscriber(self.scene.url).refusal("POST", "/sessions", {"login": "77-123456", "password": "x" * 12})
        assert problem["code"] == "LOGIN_IS_REGIONAL", problem
        yield "a regional login gets its fixed answer", problem["detail"]

    def attach(self) -> Told:
        wrong = {"region": REGION, "number": NUMBER, "relation": "own", "label": "Дом"}
        problem = self.subscriber.refusal(
            "POST", "/billing-accounts", wrong | {"proof": {"kind": "contract_code", "value": "0000-NSK"}}
        )
        assert problem["code"] == "OWNERSHIP_NOT_PROVED", problem
        yield "a wrong proof is refused", problem["detail"]
        account = self.subscriber.link(region=REGION, number=NUMBER, proof=PROOF, label="Дом")
        if account["standing"] == "disputed":  # the story was told before, and its hero of then has the account too
            account = self._confirmed(NUMBER)
            yield "somebody else claims it too: confirmed by a code to the owner's contact", account["standing"]
        self.account_id = account["id"]
        yield "attached", {name: account[name] for name in ("id", "region", "number", "label", "allowed_actions")}

    def _confirmed(self, number: str) -> Any:
        return self.subscriber.link_by_contact(
            region=REGION, number=number, mailbox=self.mailbox, contact=f"owner-{number}@example.test"
        )

    def look(self) -> Told:
        account = eventually(self._fresh_account, timeout_s=30, every_s=0.5)
        assert {service["kind"] for service in account["services"]["value"]} == {"telephony", "internet", "tv"}
        assert account["last_charges"]["value"]
        assert account["last_payments"]["value"]
        yield "the region answers", _figures(account)
        self.scene.stop(_REGION_PROCESS)
        try:
            account = eventually(self._stale_account, timeout_s=30, every_s=0.5)
        finally:
            self.scene.start(_REGION_PROCESS)
        assert account["balance"]["value"] is not None
        yield "the region is dead: last known figures and their age", _figures(account)
        eventually(self._fresh_account, timeout_s=30, every_s=0.5)

    def pay(self) -> Told:
        before = self.office.account(NUMBER)["balance_minor"]
        payment = self.subscriber.pay(self.account_id, _AMOUNT, method={"kind": "new_card", "save": True})
        assert payment["confirmation_url"].startswith(self.scene.http("acquirer")), payment
        yield "created; the payer goes to the acquirer's page", payment
        self.payer.confirm(payment["confirmation_url"])
        payment = self.subscriber.final_payment(payment["id"])
        yield "credited in the region", payment["stages"]
        self._check_posted(payment, before=before)
        eventually(lambda: self._has_receipt(payment["id"]), timeout_s=30, every_s=0.3)
        yield "its receipt is registered and sent to her", self.subscriber.get(f"/payments/{payment['id']}")["stages"]
        self.card_id = self.subscriber.get("/payment-methods")["items"][0]["id"]
        payment = self.subscriber.pay(
            self.account_id, _AMOUNT, method={"kind": "saved_card", "payment_method_id": self.card_id}
        )
        payment = self.subscriber.final_payment(payment["id"])
        self._check_posted(payment, before=before + _AMOUNT)
        yield "paid once more by the saved card", {"state": payment["state"], "stages": payment["stages"]}

    def _has_receipt(self, payment_id: str) -> bool:
        stages = self.subscriber.get(f"/payments/{payment_id}")["stages"]
        return any(stage["stage"] == "receipt" and stage["reached_at"] for stage in stages)

    def set_autopay(self) -> Told:
        balance = self.office.account(NUMBER)["balance_minor"]
        terms = {"payment_method_id": self.card_id, "amount": _rubles(_TOP_UP)}
        threshold = {"kind": "threshold", "minimum_balance": _rubles(balance - 10_000)}
        rule = self.subscriber.post(
            "/autopay-rules", {"billing_account_id": self.account_id, "trigger": threshold} | terms
        )
        yield "the rule", rule
        self.office.charge(NUMBER, charge_id=f"fee-{secrets.token_hex(8)}", amount_minor=10_000)
        decision = eventually(lambda: self._charge_decision(rule["id"]), timeout_s=40, every_s=0.3)
        yield "the balance reached the minimum; the decision record", decision
        payment = self.subscriber.final_payment(decision["payment_id"])
        self._check_posted(payment, before=balance - 10_000, amount=_TOP_UP)
        yield "the automatic payment", {"state": payment["state"], "stages": payment["stages"]}
        rule = self.subscriber.put(
            f"/autopay-rules/{rule['id']}", {"trigger": {"kind": "day_of_month", "day": 31}} | terms
        )
        forecast = self.subscriber.get(f"/autopay-rules/{rule['id']}/forecast")["items"]
        assert len(forecast) >= 11, forecast
        yield "changed to the 31st of each month: the forecast", [item["local_date"] for item in forecast]
        self.subscriber.delete(f"/autopay-rules/{rule['id']}")

    def receive_bill(self) -> Told:
        billed_id = self.subscriber.link(region=REGION, number=BILLED_NUMBER, proof=BILLED_PROOF)["id"]
        path = f"/billing-accounts/{billed_id}/bill-delivery"
        consent = {"version": self.subscriber.get(path)["consent_version"]}
        delivery = self.subscriber.put(path, {"email": self.email, "consent": consent})
        yield "consented; the address is to be proved", {name: delivery[name] for name in ("state", "email")}
        link = self.mailbox.link(self.email, containing="/bill-delivery-confirmations/")
        token = link.rsplit("/", 1)[-1]
        self.subscriber.post(f"/bill-delivery-confirmations/{token}", None)
        assert self.subscriber.get(path)["state"] == "on"
        self.office.charge(BILLED_NUMBER, charge_id=f"fee-{secrets.token_hex(8)}", amount_minor=_AMOUNT)
        issued = self.office.issue_bill(BILLED_NUMBER)
        bill = eventually(lambda: self._mailed_bill(issued["bill_number"]), timeout_s=40, every_s=0.3)
        assert bill["amount_due"]["amount_minor"] == int(issued["amount_due"]["amount_minor"]) > 0
        yield "issued by the region, rendered with its payment QR, archived, mailed", bill
        mail = self.mailbox.wait_for(self.email, containing=issued["bill_number"])
        attached = self.mailbox.attachment(mail["attachments"][0]["url"])
        downloads = [self._download(bill["id"]) for _ in range(2)]
        assert downloads[0] == downloads[1] == attached
        assert hashlib.sha256(attached).hexdigest() == bill["pdf_sha256"]
        mails = [mail["subject"] for mail in self.mailbox.mails(self.email) if BILLED_NUMBER in mail["subject"]]
        assert len(mails) == 1, mails
        yield "two downloads and the attachment are the same bytes", {"bytes": len(attached), "mail": mail["subject"]}

    def order_film(self) -> Told:
        found = self.subscriber.get("/catalog/offerings", query="иронией судьбы")["items"]
        film = found[0]
        yield "found by «иронией судьбы»", {name: film[name] for name in ("id", "title", "price", "age_mark")}
        quote = self.subscriber.post(
            "/content-quotes", {"offering_id": film["id"], "billing_account_id": self.account_id}
        )
        orders = [self.subscriber.post("/content-orders", {"content_quote_id": quote["id"]}) for _ in range(2)]
        assert orders[0]["id"] == orders[1]["id"], "a double tap made two orders"
        entitlement = eventually(lambda: self._entitlement(orders[0]["id"]), timeout_s=20, every_s=0.2)
        yield "ordered on the account; the entitlement", entitlement
        billed = [row for row in self.office.ledger(NUMBER) if row["external_id"] == orders[0]["id"]]
        assert [row["amount_minor"] for row in billed] == [film["price"]["amount_minor"]]
        article = self.subscriber.get("/help/articles/attach-account")
        yield "a help article", {"title": article["title"], "summary": article["summary"]}

    def _check_posted(self, payment: dict[str, Any], *, before: int, amount: int = _AMOUNT) -> None:
        """Hold the payment against both ledgers: taken once, credited once, the same kopecks, no commission."""
        assert payment["state"] == "posted", payment
        assert payment["commission"]["amount_minor"] == 0
        assert self.payer.charged_minor(payment["id"]) == amount
        credited = [row["amount_minor"] for row in self.office.ledger(NUMBER) if row["external_id"] == payment["id"]]
        assert credited == [amount]
        assert self.office.account(NUMBER)["balance_minor"] == before + amount
        eventually(lambda: self.subscriber.balance_minor(self.account_id) == before + amount, timeout_s=20)

    def _account(self) -> dict[str, Any]:
        account: dict[str, Any] = self.subscriber.overview()["billing_accounts"]["items"][0]
        return account

    def _fresh_account(self) -> dict[str, Any] | None:
        account = self._account()
        return account if account["balance"]["freshness"] == "fresh" else None

    def _stale_account(self) -> dict[str, Any] | None:
        account = self._account()
        return None if account["region_available"] else account

    def _charge_decision(self, rule_id: str) -> dict[str, Any] | None:
        decisions = self.subscriber.get(f"/autopay-rules/{rule_id}/decisions")["items"]
        assert len(decisions) <= 1, "fired more than once"
        return decisions[0] if decisions and decisions[0]["payment_id"] else None

    def _mailed_bill(self, bill_number: str) -> dict[str, Any] | None:
        bills = self.subscriber.get("/customer-bills")["items"]
        return next((bill for bill in bills if bill["bill_number"] == bill_number and bill["mailed_at"]), None)

    def _download(self, bill_id: str) -> bytes:
        return self.subscriber.download(f"/customer-bills/{bill_id}/pdf")

    def _entitlement(self, order_id: str) -> dict[str, Any] | None:
        items = self.subscriber.get("/entitlements")["items"]
        return next((item for item in items if item["content_order_id"] == order_id), None)


def _rubles(kopecks: int) -> dict[str, Any]:
    return {"amount_minor": kopecks, "currency": "RUB"}


def _figures(account: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of an account, each with its time and freshness."""
    return {
        "region_available": account["region_available"],
        "balance": account["balance"],
        "tariff_plan": account["tariff_plan"],
        "services": [f"{service['name']}: {service['state']}" for service in account["services"]["value"]],
        "last_charges": len(account["last_charges"]["value"]),
        "last_payments": len(account["last_payments"]["value"]),
    }
