"""A subscriber's client: the public API and nothing else, as a mobile application would use it."""

import secrets
import threading
import time
from typing import Any

import httpx

from tests.e2e.outside import Mailbox, SocialUser, client_of
from tests.support import eventually

CONSENTS = [{"kind": "terms", "version": "2014-07"}, {"kind": "personal_data", "version": "2014-07"}]
_PARTS = ("profile", "billing_accounts", "payments", "bills", "renewals")
_FINAL = {"posted", "declined", "refunded"}


class Refused(AssertionError):
    """The API answered with a problem where the caller counted on success."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
        self.status = answer.status_code
        self.problem: dict[str, Any] = answer.json() if "json" in answer.headers.get("content-type", "") else {}


class Subscriber:
    """Somebody with an application on a phone."""

    def __init__(self, url: str) -> None:
        """`url` is the gateway's, as a browser sees it."""
        self.url = url
        self._access_token = ""
        self.refresh_token = ""
        self._renew_at = 0.0
        self._renewing = threading.Lock()
        self._http = client_of(self, f"{url}/api/v1", timeout_s=15, headers={"Accept-Language": "ru"})

    @property
    def access_token(self) -> str:
        """A token with minutes left, renewed on the way as an application does it; the old one while nobody renews
        it."""
        with self._renewing:
            if self._access_token and time.monotonic() > self._renew_at:
                self._renew()
            return self._access_token

    def close(self) -> None:
        """Close the connections now rather than with this object."""
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """Return what a resource is now."""
        return self._call("GET", path, params=query)

    def overview(self) -> Any:
        """Return the overview once none of its parts is missing: what is late is left out of it."""

        def look() -> Any:
            seen = self.get("/overview")
            return seen if all(seen[part]["status"] == "ok" for part in _PARTS) else None

        return eventually(look, timeout_s=60, every_s=0.3)

    def post(self, path: str, body: Any, *, key: str = "") -> Any:
        """Create something; `key` is the Idempotency-Key."""
        return self._call("POST", path, json=body, headers={"Idempotency-Key": key} if key else None)

    def put(self, path: str, body: Any) -> Any:
        """Replace something."""
        return self._call("PUT", path, json=body)

    def patch(self, path: str, body: Any) -> Any:
        """Change a part of something."""
        return self._call("PATCH", path, json=body)

    def delete(self, path: str) -> Any:
        """Remove something."""
        return self._call("DELETE", path)

    def download(self, path: str) -> bytes:
        """Return the bytes of a file."""
        answer = self._http.get(path, headers=self._credentials())
        if not answer.is_success:
            raise Refused(answer)
        return answer.content

    def refusal(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Do what must not succeed, and return the problem."""
        try:
            self._call(method, path, json=body)
        except Refused as refused:
            return refused.problem
        raise AssertionError(f"{method} {path} was not refused")

    def register(self, *, login: str, password: str, email: str, mailbox: Mailbox) -> None:
        """Register, read the code from the mailbox, confirm."""
        registration = self.post(
            "/registrations", {"login": login, "password": password, "email": email, "consents": CONSENTS}
        )
        self._keep(self.post(f"/registrations/{registration['id']}/confirmation", {"code": mailbox.code(email)}))

    def log_in(self, *, login: str, password: str) -> None:
        """Open a session by login and password."""
        self._keep(self.post("/sessions", {"login": login, "password": password}))

    def log_in_by_social_network(self, user: SocialUser) -> bool:
        """Open a session by the first social network there is; tell whether that created the subscriber."""
        provider = self.get("/social-providers")["items"][0]["provider"]
        begun = self.post("/social-logins", {"provider": provider, "return_url": f"{self.url}/social/callback"})
        answer = user.allow(begun["authorization_url"]) | {"browser_secret": begun["browser_secret"]}
        answer.pop("iss", None)
        tokens = self.post(f"/social-logins/{begun['id']}/completion", answer)
        self._keep(tokens)
        return bool(tokens["created"])

    def link(
        self,
        *,
        region: str,
        number: str,
        proof: str,
        label: str = "",
        kind: str = "contract_code",
        relation: str = "own",
    ) -> Any:
        """Link a billing account by a proof, the code of its contract unless another kind is named."""
        given = {"kind": kind, "value": proof}
        body = {"region": region, "number": number, "relation": relation, "label": label, "proof": given}
        return self.post("/billing-accounts", body)

    def link_by_contact(self, *, region: str, number: str, mailbox: Mailbox, contact: str) -> Any:
        """Have the region mail a code to the owner's contact, read it there, and link by it, or confirm a claim."""
        before = len(mailbox.ownership_codes(contact))
        self.post("/ownership-codes", {"region": region, "number": number})
        code = mailbox.next_ownership_code(contact, after=before)
        return self.link(region=region, number=number, proof=code, kind="contact_code")

    def pay(self, account_id: str, kopecks: int, *, method: dict[str, Any], key: str = "") -> Any:
        """Create a payment, and mean it when it is the same as the one before."""
        body = {
            "confirm_repeat": True,
            "billing_account_id": account_id,
            "amount": {"amount_minor": kopecks, "currency": "RUB"},
            "method": method,
            "return_url": f"{self.url}/payments",
        }
        return self.post("/payments", body, key=key or secrets.token_hex(16))

    def final_payment(self, payment_id: str, *, timeout_s: float = 30) -> Any:
        """Return a payment once nothing more will happen to it."""

        def look() -> Any:
            payment = self.get(f"/payments/{payment_id}")
            return payment if payment["state"] in _FINAL else None

        return eventually(look, timeout_s=timeout_s, every_s=0.2)

    def balance_minor(self, account_id: str) -> int:
        """Return the balance of an account in kopecks, as it is shown."""
        kopecks: int = self.get(f"/billing-accounts/{account_id}/balance")["value"]["amount_minor"]
        return kopecks

    def renew(self) -> None:
        """Get new tokens now: the suite's clock has passed the end of the old ones."""
        self._renew()

    def _keep(self, tokens: dict[str, Any]) -> None:
        self._access_token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]
        self._renew_at = time.monotonic() + tokens["expires_in"] / 2

    def _renew(self) -> None:
        try:
            answer = self._http.post("/sessions/refresh", json={"refresh_token": self.refresh_token})
        except httpx.TransportError:  # the gateway is being killed just now: the token in hand is good for a while
            return
        if answer.is_success:
            self._keep(answer.json())

    def _credentials(self) -> dict[str, str]:
        token = self.access_token
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **request: Any) -> Any:
        answer = self._http.request(method, path, headers=self._credentials() | (headers or {}), **request)
        if not answer.is_success:
            raise Refused(answer)
        return answer.json() if answer.content else None
