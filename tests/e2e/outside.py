"""The people and systems around the suite, as tests and the demo play them: mailbox, payer, region's office, social
user."""

import re
import weakref
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support import eventually

GOOD_CARD = "2202474301322987"
_CODE = re.compile(r"(?<!\d)\d{8}(?!\d)")
_OWNERSHIP_CODE = re.compile(r"(?<!\d)\d{7}(?!\d)")
_LINK = re.compile(r"https?://\S+")


def client_of(owner: object, url: str, *, timeout_s: float, headers: dict[str, str] | None = None) -> httpx.Client:
    """Return a client that is closed together with its owner, so that no test has to remember it."""
    client = httpx.Client(base_url=url, timeout=timeout_s, headers=headers)
    weakref.finalize(owner, client.close)
    return client


class Mailbox:
    """Everybody's mail."""

    def __init__(self, url: str) -> None:
        self._http = client_of(self, url, timeout_s=10)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def mails(self, address: str) -> list[dict[str, Any]]:
        """Return the mails to an address, newest first."""
        items: list[dict[str, Any]] = self._http.get("/api/mails", params={"to": address}).json()["mails"]
        return items

    def wait_for(self, address: str, *, containing: str = "", timeout_s: float = 20) -> dict[str, Any]:
        """Return the newest mail to an address whose text contains something, whole, once it is there."""

        def find() -> dict[str, Any] | None:
            for mail in self.mails(address):
                whole: dict[str, Any] = self._http.get(f"/api/mails/{mail['id']}").json()
                if containing in (whole["text"] or "") + whole["subject"]:
                    return whole
            return None

        return eventually(find, timeout_s=timeout_s)

    def code(self, address: str) -> str:
        """Return the code that was mailed to an address."""
        match = _CODE.search(str(self.wait_for(address)["text"]))
        assert match, "the mail holds no code"
        return match.group()

    def ownership_codes(self, contact: str) -> list[str]:
        """Return the codes that a region has mailed to the contact of an account so far, newest first."""
        texts = [str(self._http.get(f"/api/mails/{mail['id']}").json()["text"]) for mail in self.mails(contact)]
        return [match.group() for text in texts if (match := _OWNERSHIP_CODE.search(text))]

    def next_ownership_code(self, contact: str, *, after: int) -> str:
        """Return the newest code once there are more than `after` of them."""

        def find() -> str | None:
            codes = self.ownership_codes(contact)
            return codes[0] if len(codes) > after else None

        return eventually(find, timeout_s=20)

    def link(self, address: str, *, containing: str) -> str:
        """Return the first link with `containing` in it that was mailed to an address."""
        text: str = self.wait_for(address, containing=containing)["text"]
        links: list[str] = [link.rstrip(".,") for link in _LINK.findall(text)]
        return next(link for link in links if containing in link)

    def attachment(self, link: str) -> bytes:
        """Return an attachment's bytes."""
        return self._http.get(link).content


class Payer:
    """Somebody in front of the acquirer's page, and the acquirer's own books."""

    def __init__(self, url: str) -> None:
        self._http = client_of(self, url, timeout_s=20)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def confirm(self, confirmation_url: str, *, card: str = GOOD_CARD) -> None:
        """Pay on the page that a confirmation URL leads to, as a browser without scripts does."""
        page = self._http.get(confirmation_url)
        page.raise_for_status()
        payment_id = (
            parse_qs(urlsplit(confirmation_url).query).get("orderId", [""])[0] or confirmation_url.rsplit("/", 1)[-1]
        )
        answer = self._http.post(f"/control/payments/{payment_id}/confirm", json={"card": card})
        answer.raise_for_status()

    def charged_minor(self, payment_id: str) -> int:
        """Return what the acquirer took for a payment of ours, by its ledger."""
        charged: int = self._http.get("/control/ledger", params={"payment_id": payment_id}).json()["charged_minor"]
        return charged

    def ledger(self) -> list[dict[str, Any]]:
        """Return every movement of money."""
        entries: list[dict[str, Any]] = self._http.get("/control/ledger").json()["entries"]
        return entries

    def arm(self, *, fault: str, times: int = 1, **match: str) -> None:
        """Script a fault."""
        answer = self._http.post("/control/faults", json={"match": match, "fault": fault, "times": times})
        answer.raise_for_status()


class RegionOffice:
    """The back office of a regional billing system."""

    def __init__(self, url: str) -> None:
        self._http = client_of(self, url, timeout_s=60)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def charge(self, number: str, *, charge_id: str, amount_minor: int, description: str = "Абонентская плата") -> None:
        """Bill a regular fee, which may overdraw the account."""
        body = {"charge_id": charge_id, "amount_minor": amount_minor, "description": description}
        self._http.post(f"/control/accounts/{number}/charges", json=body).raise_for_status()

    def issue_bill(self, number: str, *, month: datetime | None = None) -> dict[str, Any]:
        """Issue the bill of a month; of the present one of the region's calendar when none is named."""
        body = {"month": month.strftime("%Y-%m")} if month else {}
        answer = self._http.post(f"/control/accounts/{number}/bills", json=body)
        answer.raise_for_status()
        bill: dict[str, Any] = answer.json()
        return bill

    def open_accounts(self, *, first_number: int, count: int, balance_minor: int = 50_000) -> None:
        """Open plain accounts; the number is the proof of ownership, too."""
        body = {"first_number": first_number, "count": count, "balance_minor": balance_minor}
        self._http.post("/control/accounts", json=body).raise_for_status()

    def close_account(self, number: str) -> None:
        """Close an account for good."""
        self._http.post(f"/control/accounts/{number}/closing", json={}).raise_for_status()

    def change_owner(self, number: str, *, payer_name: str, code: str) -> None:
        """Let a contract pass to another person; the code proves it from then on."""
        body = {"payer_name": payer_name, "contract_code": code, "bill_code": code}
        self._http.post(f"/control/accounts/{number}/owner", json=body).raise_for_status()

    def change_number(self, number: str, *, new_number: str) -> None:
        """Let an account go on under another number; the ledger goes on under the first one."""
        self._http.post(f"/control/accounts/{number}/number", json={"new_number": new_number}).raise_for_status()

    def account(self, number: str) -> dict[str, Any]:
        """Return an account's row."""
        rows: list[dict[str, Any]] = self._http.get("/control/accounts").json()["items"]
        return next(row for row in rows if row["number"] == number)

    def ledger(self, number: str | None = None) -> list[dict[str, Any]]:
        """Return the entries of an account, or of all."""
        entries: list[dict[str, Any]] = self._http.get(
            "/control/ledger", params={"number": number} if number else None
        ).json()["items"]
        return entries

    def arm(self, **script: Any) -> None:
        """Script a fault."""
        self._http.post("/control/faults", json=script).raise_for_status()

    def turn_on_profile(self, name: str) -> None:
        """Give the region the habits of a bad billing system; the empty name takes them away."""
        self._http.put("/control/profile", json={"name": name}).raise_for_status()

    def disarm(self) -> None:
        """Forget every fault."""
        self._http.delete("/control/faults").raise_for_status()


class SocialUser:
    """Somebody with an account at the social network."""

    def __init__(self, subject: str) -> None:
        self._subject = subject

    def allow(self, authorization_url: str) -> dict[str, str]:
        """Log in at the provider and return what it hands to the browser for us: code and state."""
        answer = httpx.post(authorization_url, data={"sub": self._subject}, timeout=10)
        assert answer.is_redirect, answer.text
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}
