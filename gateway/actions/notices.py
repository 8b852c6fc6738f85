"""What the overview points at: things that wait for the subscriber or stopped working, in their language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.views.accounts import BillingAccountView
from gateway.views.overview import Notice
from gateway.views.payments import AutopayRuleView, PaymentView

_HELP = {
    "ACCOUNT_DISPUTED": "disputed-account",
    "REGION_NOT_ANSWERING": "figures-and-freshness",
    "PAYMENT_NOT_CONFIRMED": "payments",
    "PAYMENT_BEING_CHECKED": "payments",
    "OWNER_CHANGED": "attach-account",
    "AUTOPAY_STOPPED": "autopay",
    "OLD_AUTOPAY_ACTIVE": "regions-cutover",
    "GRANT_FROZEN": "attach-account",
    "GRANT_ENDS_SOON": "attach-account",
}
_SOON_DAYS = 7
_BY_THE_SUBSCRIBER = {"", "SUBSCRIBER", "ACCOUNT_UNLINKED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTexts:
    """Makes notices from the parts of an overview."""

    texts: Mapping[str, Mapping[str, str]]
    public_url: str

    def about(
        self,
        *,
        accounts: Sequence[BillingAccountView],
        payments: Sequence[PaymentView],
        rules: Sequence[AutopayRuleView],
        language: str,
        now: datetime,
    ) -> list[Notice]:
        """Return the notices, the most urgent first."""
        waiting = [payment for payment in payments if payment["state"] == "awaiting_confirmation"]
        unknown = [payment for payment in payments if payment["state"] == "unknown"]
        stopped = [rule for rule in rules if _stopped_by_itself(rule, rules)]
        passed_on = [account for account in accounts if account["standing"] == "owner_changed"]
        silent = [account for account in accounts if not account["region_available"]]
        disputed = [account for account in accounts if account["standing"] == "disputed"]
        found = [("ACCOUNT_DISPUTED", item["id"]) for item in disputed]
        found += [("PAYMENT_NOT_CONFIRMED", item["billing_account_id"]) for item in waiting]
        found += [("PAYMENT_BEING_CHECKED", item["billing_account_id"]) for item in unknown]
        found += [("OWNER_CHANGED", item["id"]) for item in passed_on]
        found += [("AUTOPAY_STOPPED", item["billing_account_id"]) for item in stopped]
        found += [("OLD_AUTOPAY_ACTIVE", item["id"]) for item in accounts if item["old_autopay_active"]]
        found += [("GRANT_FROZEN", item["id"]) for item in accounts if item["grant"] and item["grant"]["frozen"]]
        found += [("GRANT_ENDS_SOON", item["id"]) for item in accounts if _ends_soon(item, now=now)]
        found += [("REGION_NOT_ANSWERING", item["id"]) for item in silent]
        names = {account["id"]: account["label"] or account["number"] for account in accounts}
        return [self._notice(code, account_id, names.get(account_id, ""), language) for code, account_id in found]

    def _notice(self, code: str, billing_account_id: str, name: str, language: str) -> Notice:
        words = self.texts[language]
        return {
            "code": code,
            "title": words[f"{code}.title"],
            "detail": words[f"{code}.detail"].replace("{account}", name),
            "billing_account_id": billing_account_id,
            "help_url": f"{self.public_url}/help/{_HELP[code]}",
        }


def _ends_soon(account: BillingAccountView, *, now: datetime) -> bool:
    """Say whether what the owner granted ends within a week of the region's calendar."""
    grant = account["grant"]
    if grant is None or grant["ends_on"] is None:
        return False
    today = now.astimezone(ZoneInfo(account["time_zone"])).date()
    return (date.fromisoformat(grant["ends_on"]) - today).days <= _SOON_DAYS


def _stopped_by_itself(rule: AutopayRuleView, rules: Sequence[AutopayRuleView]) -> bool:
    if rule["state"] != "stopped" or rule["stop_reason"] in _BY_THE_SUBSCRIBER:
        return False
    return not any(
        other["state"] == "active" and other["billing_account_id"] == rule["billing_account_id"] for other in rules
    )
