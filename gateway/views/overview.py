"""The overview as JSON has it: sections that stand for themselves, so that one service can be missing."""

from typing_extensions import TypedDict

from gateway.views.accounts import BillingAccountView
from gateway.views.documents import CustomerBillView
from gateway.views.identity import ProfileView
from gateway.views.payments import PaymentView
from gateway.views.values import MoneyView


class SectionStatus(TypedDict):
    """`ok`, or `unavailable` with the seconds after which to ask again."""

    status: str
    retry_after_s: int | None


class ProfileSection(SectionStatus):
    """Who it is."""

    value: ProfileView | None


class AccountsSection(SectionStatus):
    """The billing accounts with their figures."""

    items: list[BillingAccountView]


class PaymentsSection(SectionStatus):
    """The last payments."""

    items: list[PaymentView]


class BillsSection(SectionStatus):
    """The last bills of all accounts, newest first."""

    items: list[CustomerBillView]


class Renewal(TypedDict):
    """Something that will be charged by itself; `amount` is null when it is not known yet.

    `amount_kind` says how it comes about, as in the rule: `target` is then the balance that it tops up to.
    """

    kind: str
    autopay_rule_id: str
    billing_account_id: str
    amount_kind: str
    amount: MoneyView | None
    target: MoneyView | None
    renews_at: str


class RenewalsSection(SectionStatus):
    """What is charged next, soonest first."""

    items: list[Renewal]


class Notice(TypedDict):
    """Something that the subscriber should know."""

    code: str
    title: str
    detail: str
    billing_account_id: str
    help_url: str


class OverviewView(TypedDict):
    """Everything at one glance."""

    profile: ProfileSection
    billing_accounts: AccountsSection
    payments: PaymentsSection
    bills: BillsSection
    renewals: RenewalsSection
    notices: list[Notice]
