"""A running suite with people on it: who pays, what they were told, and when all of it has come to rest."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import Any

import httpx

from tests.e2e.outside import GOOD_CARD, Mailbox, Payer, RegionOffice
from tests.e2e.subscriber import Subscriber
from tests.faults.books import Books
from tests.faults.canaries import Canaries
from tests.faults.ground_truth import violations
from tests.faults.people import Member, Order
from tests.faults.processes import environment_of
from tests.faults.queues import Queues
from tests.support import eventually
from tests.support.running_suite import RunningSuite
from tests.support.servers import Broker

REGIONS = {"77": "region-moscow", "54": "region-novosibirsk", "25": "region-vladivostok"}
SETTLED_WITHIN_S = 30.0
_FIRST_NUMBER = 880_000_000
_AGAIN = {409, 429, 503}


class Stage:
    """The suite, the people, and the books."""

    def __init__(self, suite: RunningSuite, *, services: Sequence[str], seed: int) -> None:
        """Let three subscribers in, one of each region; everybody saves a card."""
        self.suite = suite
        self.random = Random(seed)
        self.payer = Payer(suite.http("acquirer"))
        self.acquirer = httpx.Client(base_url=suite.http("acquirer"), timeout=20)
        self.offices = {code: RegionOffice(suite.http(f"{name}-control")) for code, name in REGIONS.items()}
        self.queues = Queues(suite.amqp_url, services=services, node=environment_of(suite, "rabbitmq"))
        self.books = Books(suite, payer=self.payer, offices=self.offices.values())
        self.canaries = Canaries()
        self.acknowledged: set[str] = set()
        self._mailbox = Mailbox(suite.http("mailbox"))
        self._api = httpx.Client(base_url=f"{suite.url}/api/v1", timeout=20)
        self._harmed: set[str] = set()
        self._numbers = iter(range(_FIRST_NUMBER, _FIRST_NUMBER + 1000))
        self.queues.listen_in()
        self.canaries.plant("a card number", GOOD_CARD)
        self.members = [self._let_in(region) for region in REGIONS]

    def close(self) -> None:
        """Close the connections."""
        subscribers = [member.subscriber for member in self.members]
        closings: list[Callable[[], None]] = [office.close for office in self.offices.values()]
        closings += [subscriber.close for subscriber in subscribers]
        closings += [self.books.close, self._api.close, self.acquirer.close, self.payer.close, self._mailbox.close]
        for close in closings:
            close()

    def order(self, *, saved_card: bool, member: Member | None = None, account_id: str = "") -> Order:
        """Return a payment of some roubles and kopecks, by a member drawn at random unless one is given."""
        member = member or self.random.choice(self.members)
        kopecks = self.random.randint(10_000, 90_000)
        return Order(member=member, kopecks=kopecks, saved_card=saved_card, account_id=account_id or member.account_id)

    def orders(self, count: int, *, saved_card: bool) -> list[Order]:
        """Return several."""
        return [self.order(saved_card=saved_card) for _ in range(count)]

    def send(self, order: Order) -> httpx.Response:
        """Send an order once; whatever is acknowledged is noted. Raises httpx.TransportError."""
        method: dict[str, Any] = {"kind": "new_card"}
        if order.saved_card:
            method = {"kind": "saved_card", "payment_method_id": order.member.card_id}
        answer = self._api.post(
            "/payments",
            json={
                "billing_account_id": order.account_id,
                "amount": {"amount_minor": order.kopecks, "currency": "RUB"},
                "method": method,
                "return_url": f"{self.suite.url}/payments",
                "confirm_repeat": True,
            },
            headers={
                "Authorization": f"Bearer {order.member.subscriber.access_token}",
                "Idempotency-Key": order.key,
            },
        )
        if answer.is_success:
            self.acknowledged.add(answer.json()["id"])
        return answer

    def read(self, member: Member, path: str) -> httpx.Response:
        """Read something once, whatever comes back."""
        return self._api.get(path, headers={"Authorization": f"Bearer {member.subscriber.access_token}"})

    def insist(self, order: Order, *, timeout_s: float = SETTLED_WITHIN_S) -> str:
        """Send an order, with its one key, until it is acknowledged; return the payment's id."""

        def accepted() -> str | None:
            try:
                answer = self.send(order)
            except httpx.TransportError:
                return None
            if answer.status_code in _AGAIN:
                return None
            assert answer.is_success, answer.text
            payment_id: str = answer.json()["id"]
            return payment_id

        return eventually(accepted, timeout_s=timeout_s, every_s=0.2)

    def insist_on_all(self, orders: Sequence[Order], *, at_once: int = 6) -> list[str]:
        """Send orders, several at a time, until each is acknowledged."""
        with ThreadPoolExecutor(at_once) as crowd:
            return list(crowd.map(self.insist, orders))

    @contextmanager
    def under_way(self, order: Order) -> Iterator["Future[httpx.Response]"]:
        """Send an order in the background; its answer is nobody's concern, for somebody is going to be killed."""
        with ThreadPoolExecutor(1) as crowd:
            yield crowd.submit(self.send, order)

    def confirm(self, payment_id: str) -> None:
        """Pay on the acquirer's page, once the payment has one."""
        url = eventually(lambda: self._document(payment_id)["confirmation_url"], timeout_s=SETTLED_WITHIN_S)
        self.payer.confirm(url)

    def wait_for_state(self, payment_id: str, *states: str) -> None:
        """Wait until a payment has got to one of the states."""
        eventually(lambda: self._document(payment_id)["state"] in states, timeout_s=SETTLED_WITHIN_S)

    def version(self, payment_id: str) -> int:
        """Return how often a payment was written."""
        return int(self._document(payment_id)["version"])

    def state(self, payment_id: str) -> str:
        """Return the state of a payment in MongoDB."""
        return str(self._document(payment_id)["state"])

    def wait_until_hit(self) -> None:
        """Wait until somebody has run into each fault script of the acquirer."""
        eventually(lambda: not self.acquirer.get("/control/faults").json()["items"], timeout_s=20)

    def unpublished_payments(self, payment_ids: set[str]) -> int:
        """Return how many of these payments have something in their outbox."""
        waiting = {"_id": {"$in": sorted(payment_ids)}, "outbox._id": {"$exists": True}}
        return self.books.payments.count_documents(waiting)

    def charges(self, payment_id: str) -> int:
        """Return how many charges the acquirer's ledger has for a payment."""
        entries = self.acquirer.get("/control/ledger", params={"payment_id": payment_id}).json()["entries"]
        return sum(entry["kind"] == "charge" for entry in entries)

    def charged_since(self, entry_id: int) -> bool:
        """Say whether the acquirer's ledger has grown."""
        return self.last_charge() > entry_id

    def last_charge(self) -> int:
        """Return the id of the ledger's last entry."""
        return max((entry["entry_id"] for entry in self.payer.ledger()), default=0)

    def credited(self, payment_id: str) -> list[int]:
        """Return what the regions' ledgers have for a payment."""
        rows = [row for office in self.offices.values() for row in office.ledger()]
        return [row["amount_minor"] for row in rows if row["external_id"] == payment_id]

    def acquirer_id(self, payment_id: str) -> str:
        """Return the acquirer's id of a payment."""
        items = self.acquirer.get("/control/payments", params={"payment_id": payment_id}).json()["items"]
        assert len(items) == 1, items
        return str(items[0]["id"])

    def kill(self, name: str, signal_name: str = "KILL") -> None:
        """End a process and wait until that very process is gone; the supervisor starts it again."""
        pid = self.suite.pid(name)
        self._harmed.add(name)
        self.suite.kill(name, signal_name)
        eventually(lambda: self.suite.pid(name) != pid, timeout_s=20)

    def kill_at_once(self, names: Sequence[str]) -> None:
        """SIGKILL several processes, as a power cut would."""
        self._harmed.update(names)
        for name in names:
            self.suite.kill(name)

    def recover(self) -> None:
        """Wait until whatever was killed is ready again, and forget fault scripts that nobody ran into."""
        self.suite.start(*self._harmed)
        self._harmed.clear()
        self.acquirer.delete("/control/faults").raise_for_status()
        for office in self.offices.values():
            office.disarm()

    def wait_until_queues_are_on_disk(self) -> None:
        """Wait until the broker may be killed: it writes down late which queues there are."""
        node = Broker(folder=self.suite.run_dir / "rabbit", ports=self.suite.ports)
        for queue in self.queues.all_names():
            node.wait_until_remembered(queue)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Stop a process in its tracks, as a machine that hangs; it goes on afterwards if it still lives."""
        self.suite.kill(name, "STOP")
        try:
            yield
        finally:
            self.suite.kill(name, "CONT")

    def settle(self, payment_ids: Sequence[str], *, timeout_s: float = SETTLED_WITHIN_S) -> None:
        """Wait until payments are final, then hold them against everybody's books."""
        self._wait_for(lambda: self.books.unfinished(payment_ids), timeout_s=timeout_s)
        truth = self.books.truth(acknowledged=self.acknowledged).about(frozenset(payment_ids))
        assert not violations(truth), "\n".join(violations(truth))

    def come_to_rest(self) -> None:
        """Wait until nothing waits anywhere, then hold everything against everything; tells all that is wrong."""
        complaints = [
            *self._restless("outboxes", self.books.unpublished),
            *self._restless("queues", self.queues.not_empty),
            *violations(self.books.truth(acknowledged=self.acknowledged)),
            *self.leaks(),
        ]
        assert not complaints, "\n".join(complaints)

    def leaks(self) -> list[str]:
        """Return where a secret turned up in the clear."""
        return [
            *self.canaries.in_logs(self.suite.run_dir / "logs"),
            *self.canaries.in_documents(self.books.everything()),
            *self.canaries.in_messages(self.queues.overheard()),
        ]

    def open_account(self, member: Member) -> tuple[str, str]:
        """Open one more account in a member's region, link it, and return its id and its number."""
        number = str(next(self._numbers))
        self.offices[member.region].open_accounts(first_number=int(number), count=1)
        account: dict[str, Any] = member.subscriber.link(region=member.region, number=number, proof=number)
        return account["id"], number

    def _let_in(self, region: str) -> Member:
        login = f"faults.{secrets.token_hex(4)}"
        password, email = f"Буря {secrets.token_hex(8)}", f"{login}@example.test"
        subscriber = Subscriber(self.suite.url)
        subscriber.register(login=login, password=password, email=email, mailbox=self._mailbox)
        member = Member(subscriber=subscriber, region=region, number="", account_id="")
        member.account_id, member.number = self.open_account(member)
        member.card_id = self._save_card(member)
        self._plant(subscriber, password=password, code=self._mailbox.code(email))
        return member

    def _save_card(self, member: Member) -> str:
        payment = member.subscriber.pay(member.account_id, 10_000, method={"kind": "new_card", "save": True})
        self.acknowledged.add(payment["id"])
        self.payer.confirm(payment["confirmation_url"])
        member.subscriber.final_payment(payment["id"])
        card: str = member.subscriber.get("/payment-methods")["items"][0]["id"]
        return card

    def _plant(self, subscriber: Subscriber, *, password: str, code: str) -> None:
        self.canaries.plant("a password", password)
        self.canaries.plant("a code", code)
        self.canaries.plant("an access token", subscriber.access_token)
        self.canaries.plant("a refresh token", subscriber.refresh_token)

    def _document(self, payment_id: str) -> dict[str, Any]:
        document = self.books.payments.find_one({"_id": payment_id})
        assert document is not None, f"{payment_id} is not there"
        return document

    def _restless(self, what: str, waiting: Callable[[], object]) -> list[str]:
        try:
            self._wait_for(waiting)
        except AssertionError:
            return [f"I9 {what} do not empty: {waiting()}"]
        return []

    @staticmethod
    def _wait_for(waiting: Callable[[], object], *, timeout_s: float = SETTLED_WITHIN_S) -> None:
        """Wait until nothing is left; what is left is in the complaint."""

        def nothing() -> bool:
            left = waiting()
            assert not left, left
            return True

        eventually(nothing, timeout_s=timeout_s, every_s=0.1)
