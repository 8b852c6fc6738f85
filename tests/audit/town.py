"""A subscriber of two regions who has paid and been given back, and the means to make each book lie about it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import pymongo

from deploy.audit.commands import local_services
from tests.e2e.outside import Mailbox, Payer, RegionOffice
from tests.e2e.subscriber import Subscriber
from tests.support import eventually
from tests.support.cooked_books import CookedAcquirer, CookedRegion
from tests.support.running_suite import RunningSuite

_OFFICES = {"54": "region-novosibirsk", "77": "region-moscow"}
_CREDITED = {"54": (100_01, 200_02), "77": (300_03, 400_04)}
_REFUSED, _GIVEN_BACK = 500_05, 600_06
_SETTLES_WITHIN = timedelta(minutes=5)


class Town:
    """The suite, its people and its books."""

    def __init__(self, suite: RunningSuite) -> None:
        self.suite = suite
        self.credited: list[str] = []
        self.given_back_after_crediting = ""
        self.disputed_minor = 0
        self._ahead = timedelta()
        self._paid_later_minor = 0
        self._payer = Payer(suite.http("acquirer"))
        self._mailbox = Mailbox(suite.http("mailbox"))
        self._offices = {code: RegionOffice(suite.http(f"{name}-control")) for code, name in _OFFICES.items()}
        self._subscriber = Subscriber(suite.url)
        self._accounts: dict[str, str] = {}
        self._mongo: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(suite.mongo_url)
        self._cooked_acquirer = CookedAcquirer(suite.run_dir / "sandbox" / "acquirer.sqlite3")

    def close(self) -> None:
        """Close the connections."""
        self._mongo.close()

    @property
    def expected_sums(self) -> Mapping[str, tuple[int, int, int]]:
        """Captured, refunded and shown by the region, of what is settled."""
        novosibirsk, moscow = sum(_CREDITED["54"]), sum(_CREDITED["77"])
        return {
            "54": (novosibirsk + _REFUSED, _REFUSED, novosibirsk),
            "77": (moscow + self._paid_later_minor, 0, moscow + self._paid_later_minor),
        }

    def pay_and_give_back(self) -> None:
        """Pay in both regions; have one payment given back that no region took, and one that was credited."""
        self._subscriber.register(
            login="audit.anna", password="Снег идёт, 184 шага", email="anna@example.test", mailbox=self._mailbox
        )
        self._accounts = {code: self._account(code, 880_000_001) for code in _OFFICES}
        for code, sums in _CREDITED.items():
            self.credited += [self._pay(self._accounts[code], kopecks, "posted") for kopecks in sums]
        self._offices["54"].open_accounts(first_number=880_000_009, count=1)
        doomed = self._subscriber.link(region="54", number="880000009", proof="880000009")["id"]
        self._offices["54"].close_account("880000009")
        self._pay(doomed, _REFUSED, "refunded")
        self.given_back_after_crediting = self._pay(self._accounts["77"], _GIVEN_BACK, "posted")
        self._give_back(self.given_back_after_crediting)
        self._dispute(self.credited[0])
        self.settle()

    def settle(self) -> None:
        """Let so much time pass that what was paid is no longer under way."""
        self._ahead += _SETTLES_WITHIN
        self.suite.move_clock(self._ahead)
        self._subscriber.renew()

    def pay_until(self, stopped: Event) -> int:
        """Pay one payment after the other in Moscow; return how many there were."""
        count = 0
        while not stopped.is_set() or not count:
            count += 1
            self._pay(self._accounts["77"], 100_00 + count, "posted")
            self._paid_later_minor += 100_00 + count
        return count

    @contextmanager
    def acquirer_says(self, payment_id: str, amount_minor: int) -> Iterator[None]:
        """Have the acquirer's registry tell another sum."""
        document = self._payments.find_one({"_id": payment_id})
        assert document is not None
        self._cooked_acquirer.change(document["acquirer_payment_id"], amount_minor=amount_minor)
        yield
        self._cooked_acquirer.change(document["acquirer_payment_id"], amount_minor=document["amount"]["amount_minor"])

    @contextmanager
    def payments_say(self, payment_id: str, amount_minor: int) -> Iterator[None]:
        """Have the payment's document tell another sum."""
        with self._rewritten(self._payments, payment_id, amount_minor):
            yield

    @contextmanager
    def accounts_say(self, payment_id: str, amount_minor: int) -> Iterator[None]:
        """Have the posting tell another sum."""
        with self._rewritten(self._mongo[self.suite.database("accounts")]["postings"], payment_id, amount_minor):
            yield

    @contextmanager
    def region_says(self, payment_id: str, amount_minor: int) -> Iterator[None]:
        """Have the ledger of Moscow tell another sum."""
        document = self._payments.find_one({"_id": payment_id})
        assert document is not None
        ledger = CookedRegion(self.suite.run_dir / "sandbox" / "region-moscow.sqlite3")
        ledger.change(payment_id, amount_minor=amount_minor)
        yield
        ledger.change(payment_id, amount_minor=document["amount"]["amount_minor"])

    @property
    def _payments(self) -> "pymongo.collection.Collection[dict[str, Any]]":
        return self._mongo[self.suite.database("payments")]["payments"]

    @contextmanager
    def _rewritten(
        self, collection: "pymongo.collection.Collection[dict[str, Any]]", payment_id: str, amount_minor: int
    ) -> Iterator[None]:
        before = collection.find_one_and_update({"_id": payment_id}, {"$set": {"amount.amount_minor": amount_minor}})
        assert before is not None
        yield
        collection.update_one({"_id": payment_id}, {"$set": {"amount": before["amount"]}})

    def _account(self, code: str, number: int) -> str:
        self._offices[code].open_accounts(first_number=number, count=1)
        return str(self._subscriber.link(region=code, number=str(number), proof=str(number))["id"])

    def _pay(self, account_id: str, kopecks: int, state: str) -> str:
        payment_id = self._subscriber.pay(account_id, kopecks, method={"kind": "new_card"})["id"]
        self._payer.confirm(eventually(lambda: self._subscriber.get(f"/payments/{payment_id}")["confirmation_url"]))
        eventually(lambda: self._state(payment_id) == state, timeout_s=60)
        return str(payment_id)

    def _state(self, payment_id: str) -> str:
        document = self._payments.find_one({"_id": payment_id})
        return str(document["state"]) if document else ""

    def _give_back(self, payment_id: str) -> None:
        """As an operator does; the region's books still show it afterwards."""
        self._operate(
            "refund", "--payment", payment_id, "--amount-minor", "100", "--reference", "T-1", "--reason", "moved out"
        )
        eventually(lambda: self._state(payment_id) == "reversal_due", timeout_s=40)

    def _dispute(self, payment_id: str) -> None:
        document = self._payments.find_one({"_id": payment_id})
        assert document is not None
        self.disputed_minor = document["amount"]["amount_minor"]
        registry = self.suite.run_dir / "chargebacks.csv"
        registry.write_text(
            "chargeback_id,payment_id,amount,currency,reason,received_at\n"
            f"cb-1,{document['acquirer_payment_id']},100.01,RUB,not_recognised,2026-11-27T10:00:00+03:00\n"
        )
        self._operate("import-chargebacks", "--registry", str(registry))

    def _operate(self, *arguments: str) -> None:
        payments, _ = local_services(run_dir=self.suite.run_dir, port_base=self.suite.ports.base)
        assert list(payments.lines(*arguments))
