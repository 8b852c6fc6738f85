"""The sandbox acquirer as a process of the tests' own, and the levers on it."""

import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from services.payments.adapters.yookassa_client import ShopSettings
from tests.support import eventually
from tests.support.cooked_books import CookedAcquirer
from tests.support.servers import Server

A_CARD = "2202474301322987"
A_MASTERCARD = "5555555555554444"
A_CARD_FROM_ABROAD = "4012888888881881"


@dataclass(slots=True)
class SandboxAcquirer:
    """Its address, its payer, its ledger, its fault scripts, and lies in its books."""

    server: Server
    http: httpx.Client
    shop: ShopSettings
    cooked: CookedAcquirer

    def confirm(self, acquirer_payment_id: str, *, card: str = A_CARD) -> None:
        """Pay as a payer on the acquirer's page."""
        self._ok(self.http.post(f"/control/payments/{acquirer_payment_id}/confirm", json={"card": card}))

    def confirm_binding(self, acquirer_method_id: str, *, card: str = A_CARD) -> None:
        """Type a card on the acquirer's page of a binding."""
        path = f"/control/payment-methods/{acquirer_method_id}/confirm"
        self._ok(self.http.post(path, json={"card": card}))

    def answer(self, acquirer_payment_id: str, *, outcome: str = "success") -> None:
        """Pay by SBP or WebMoney as a payer in their bank or wallet, or refuse."""
        self._ok(self.http.post(f"/control/payments/{acquirer_payment_id}/confirm", json={"outcome": outcome}))

    def break_next(self, operation: str, fault: str, *, times: int = 1) -> None:
        """Let the next calls of an operation go wrong."""
        script = {"match": {"operation": operation}, "fault": fault, "times": times}
        self._ok(self.http.post("/control/faults", json=script))

    def decide_next(self, fault: str) -> None:
        """Let the issuer decide the next payment so, or the cash register the next receipt."""
        self._ok(self.http.post("/control/faults", json={"fault": fault}))

    def repair(self) -> None:
        self.http.delete("/control/faults")

    def armed(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._ok(self.http.get("/control/faults"))["items"]
        return items

    def ledger(self, payment_id: str) -> list[tuple[str, int]]:
        """Return the money movements of one payment of ours: ("charge" or "refund", kopecks)."""
        answer = self._ok(self.http.get("/control/ledger", params={"payment_id": payment_id}))
        return [(entry["kind"], entry["amount_minor"]) for entry in answer["entries"]]

    def receipts(self, payment_id: str) -> list[dict[str, Any]]:
        """Return the receipts of one payment of ours and of its refunds."""
        answer = self._ok(self.http.get("/control/receipts", params={"payment_id": payment_id}))
        items: list[dict[str, Any]] = answer["items"]
        return items

    def position(self) -> int:
        """Return the id of the last entry in the whole ledger."""
        entries = self._ok(self.http.get("/control/ledger"))["entries"]
        return max((int(entry["entry_id"]) for entry in entries), default=0)

    def charges_after(self, position: int) -> int:
        """Return how many charges the whole ledger has after an entry."""
        entries = self._ok(self.http.get("/control/ledger", params={"after": str(position)}))["entries"]
        return sum(entry["kind"] == "charge" for entry in entries)

    def _ok(self, answer: httpx.Response) -> Any:
        assert answer.status_code < 300, answer.text
        return answer.json()


def start_acquirer(*, folder: Path, port: int) -> SandboxAcquirer:
    """Start it and wait until it answers."""
    secret = secrets.token_hex(16)
    address = f"127.0.0.1:{port}"
    server = Server(
        [sys.executable, "-m", "sandbox.acquirer"],
        log=folder / "acquirer.log",
        environment={
            "ACQUIRER_LISTEN": address,
            "ACQUIRER_DATABASE": str(folder / "acquirer.sqlite3"),
            "ACQUIRER_SHOP_ID": "100500",
            "ACQUIRER_SECRET_KEY": secret,
            "ACQUIRER_HOLD_S": "3",
            "ACQUIRER_PENDING_S": "0.3",
        },
    )
    server.start()
    http = httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=60)
    eventually(lambda: _is_up(http), timeout_s=30)
    shop = ShopSettings(api_url=f"http://{address}/v3", shop_id="100500", secret_key=secret)
    return SandboxAcquirer(server=server, http=http, shop=shop, cooked=CookedAcquirer(folder / "acquirer.sqlite3"))


def _is_up(http: httpx.Client) -> bool:
    try:
        return http.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False
