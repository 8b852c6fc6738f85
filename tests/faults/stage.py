"""A running suite with people on it: who pays, what they were told, and when all of it has come to rest."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from threading import Event
from typing import Any

import httpx

from tests.e2e.outside import Mailbox, Payer, RegionOffice
from tests.faults.books import Books
from tests.faults.canaries import Canaries
from tests.faults.failpoints import FailPoints
from tests.faults.ground_truth import violations
from tests.faults.links import Links
from tests.faults.people import Admission, Member, Order
from tests.faults.processes import environment_of
from tests.faults.queues import Queues
from tests.support import eventually
from tests.support.running_suite import RunningSuite
from tests.support.servers import Broker

REGIONS = {"77": "region-moscow", "54": "region-novosibirsk", "25": "region-vladivostok"}
SETTLED_WITHIN_S = 150.0  # within it comes the fifth question about what nobody tells, by the suite's backoff
_AGAIN = {409, 429, 503}
_SENT_AGAIN_AFTER_S = 0.2
_FOR_LONG = 1000


class Stage:
    """The suite, the people, and the books."""

    def __init__(self, suite: RunningSuite, *, links: Links, services: Sequence[str], seed: int) -> None:
        """Let three subscribers in, one of each region; everybody saves a card."""
        self.suite = suite
        self.links = links
        self.seed = seed
        self.random = Random(seed)
        self.payer = Payer(suite.http("acquirer"))
        self.acquirer = httpx.Client(base_url=suite.http("acquirer"), timeout=20)
        self.offices = {code: RegionOffice(suite.http(f"{name}-control")) for code, name in REGIONS.items()}
        self.queues = Queues(suite.amqp_url, services=services, node=environment_of(suite, "rabbitmq"))
        self.books = Books(suite, payer=self.payer, offices=self.offices.values())
        self.failpoints = FailPoints(suite.mongo_url)
        self.payments_name = f"{suite.database('payments')}.payments"
        self.receipts_name = f"{suite.database('payments')}.receipts"
        self.postings_name = f"{suite.database('accounts')}.postings"
        self.snapshots_name = f"{suite.database('accounts')}.snapshots"
        self.canaries = Canaries()
        self.acknowledged: set[str] = set()
        self.mailbox = Mailbox(suite.http("mailbox"))
        self._api = httpx.Client(base_url=f"{suite.url}/api/v1", timeout=20)
        self._harmed: set[str] = set()
        self._admission = Admission(suite.url, mailbox=self.mailbox, payer=self.payer, offices=self.offices)
        self.queues.listen_in()
        self.members = [self._let_in(region) for region in REGIONS]

    def close(self) -> None:
        """Close the connections."""
        subscribers = [member.subscriber for member in self.members]
        closings: list[Callable[[], None]] = [office.close for office in self.offices.values()]
        closings += [subscriber.close for subscriber in subscribers]
        closings += [
            self.books.close,
            self.failpoints.close,
            self._api.close,
            self.acquirer.close,
            self.payer.close,
            self.mailbox.close,
        ]
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
            headers={**self._credentials(order.member), "Idempotency-Key": order.key},
        )
        if answer.is_success:
            self.acknowledged.add(answer.json()["id"])
        return answer

    def read(self, member: Member, path: str) -> httpx.Response:
        """Read something once, whatever comes back."""
        return self._api.get(path, headers=self._credentials(member))

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

        return eventually(accepted, timeout_s=timeout_s, every_s=_SENT_AGAIN_AFTER_S)

    def insist_on_all(self, orders: Sequence[Order], *, at_once: int = 6) -> list[str]:
        """Send orders, several at a time, until each is acknowledged."""
        with ThreadPoolExecutor(at_once) as crowd:
            return list(crowd.map(self.insist, orders))

    @contextmanager
    def under_way(self, order: Order) -> Iterator[None]:
        """Send an order in the background, again and again while it is refused for the moment: somebody who was killed
        by the test before may not have been found again by everybody. What else comes back is nobody's concern, for
        somebody is going to be killed."""
        over = Event()

        def send() -> None:
            while self.send(order).status_code in _AGAIN and not over.wait(_SENT_AGAIN_AFTER_S):
                pass

        with ThreadPoolExecutor(1) as crowd:
            crowd.submit(send)
            try:
                yield
            finally:
                over.set()

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

    def states(self, payment_id: str) -> list[str]:
        """Return the states that a payment has come through."""
        return [step["state"] for step in self._document(payment_id)["history"]]

    def wait_until_hit(self, *, operation: str) -> None:
        """Wait until the acquirer's fault scripts for an operation are used up."""
        eventually(lambda: operation not in self._scripted_operations(), timeout_s=20)

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
        self.wait_until_gone(self.end(name, signal_name))

    def end(self, name: str, signal_name: str) -> tuple[str, int]:
        """Tell a process to end; return its name and its process id."""
        pid = self.suite.pid(name)
        self._harmed.add(name)
        self.suite.kill(name, signal_name)
        return name, pid

    def wait_until_gone(self, ended: tuple[str, int]) -> None:
        """Wait until that very process is gone."""
        name, pid = ended
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

    @contextmanager
    def acquirer_tells_nothing(self) -> Iterator[None]:
        """Let every question about a payment or a refund fail at the acquirer while this lasts; it still takes orders.

        What was scripted before is forgotten with it.
        """
        for operation in ("get_payment", "list_payments", "get_refund", "list_refunds"):
            self.payer.arm(fault="error_500_before", operation=operation, times=_FOR_LONG)
        yield
        self.acquirer.delete("/control/faults").raise_for_status()

    @contextmanager
    def regions_tell_nothing(self) -> Iterator[None]:
        """Let every question about a posting fail in the regions while this lasts; they still take postings.

        What was scripted before is forgotten with it.
        """
        for office in self.offices.values():
            office.arm(fault="error_before", method="GetPosting", times=_FOR_LONG)
        yield
        for office in self.offices.values():
            office.disarm()

    def wait_until_queues_are_empty(self, *, timeout_s: float = SETTLED_WITHIN_S) -> None:
        """Wait until every message is handled, those included that wait on a retry ladder."""
        self._wait_for(self.queues.not_empty, timeout_s=timeout_s)

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

    @contextmanager
    def away(self, name: str) -> Iterator[None]:
        """Kill a process and keep it from coming back while this lasts."""
        self.kill(name)
        self.suite.stop(name)
        try:
            yield
        finally:
            self.suite.start(name)

    def settle(self, payment_ids: Sequence[str], *, timeout_s: float = SETTLED_WITHIN_S) -> None:
        """Wait until payments are final, then hold them against everybody's books."""
        self._wait_for(lambda: self.books.unfinished(payment_ids), timeout_s=timeout_s)
        truth = self.books.truth(acknowledged=self.acknowledged).about(frozenset(payment_ids))
        assert not violations(truth), "\n".join(violations(truth))

    def settle_for_good(self, payment_ids: Sequence[str]) -> None:
        """Settle payments, then wait for what follows by itself: their receipts, and events that are told and heard."""
        self.settle(payment_ids)
        self._wait_for(lambda: self.books.without_receipt(payment_ids))
        self._wait_for(self.books.unpublished)
        self.wait_until_queues_are_empty()

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
            *self.canaries.in_messages(self.queues.heard()),
        ]

    def open_account(self, member: Member) -> tuple[str, str]:
        """Open one more account in a member's region, link it, and return its id and its number."""
        return self._admission.open_account(member)

    def _let_in(self, region: str) -> Member:
        member, payment_id = self._admission.let_in(region, canaries=self.canaries)
        self.acknowledged.add(payment_id)
        return member

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

    def _scripted_operations(self) -> set[str]:
        return {script["match_operation"] for script in self.acquirer.get("/control/faults").json()["items"]}

    @staticmethod
    def _credentials(member: Member) -> dict[str, str]:
        return {"Authorization": f"Bearer {member.subscriber.access_token}"}

    @staticmethod
    def _wait_for(waiting: Callable[[], object], *, timeout_s: float = SETTLED_WITHIN_S) -> None:
        """Wait until nothing is left; what is left is in the complaint."""

        def nothing() -> bool:
            left = waiting()
            assert not left, left
            return True

        eventually(nothing, timeout_s=timeout_s, every_s=0.1)
