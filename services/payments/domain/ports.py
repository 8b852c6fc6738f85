"""What the use cases need of the world, as Protocols; how each is met, adapters know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol, TypeVar

from services.chassis.money import Money
from services.payments.domain.autopay_decision import Reason
from services.payments.domain.autopay_occasion import AutopayOccasion
from services.payments.domain.autopay_rule import AutopayRule
from services.payments.domain.card_binding import CardBinding
from services.payments.domain.pay_month import PayMonth
from services.payments.domain.payment import Payment, State
from services.payments.domain.payment_method import PaymentMethod
from services.payments.domain.receipt import Receipt
from services.payments.domain.similar_payment import Claim, Intent

Aggregate = TypeVar("Aggregate", covariant=True)


class AlreadySaved(Exception):
    """Another aggregate has this id or this request_id: whoever creates reads that one instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePosition:
    """The last row of a page: its time and id."""

    at: datetime
    row_id: str


class Due(Protocol[Aggregate]):
    """Work whose time has come."""

    def claim(self) -> Aggregate | None:
        """Return the longest-due one, leased to this process; None when there is none."""
        ...


class PaymentRepository(Protocol):
    """Payments. `save` raises VersionConflict for a lost race, AlreadySaved for a second one of a request."""

    def get(self, payment_id: str, /) -> Payment | None: ...

    def by_request(self, *, subscriber_id: str, request_id: str) -> Payment | None: ...

    def save(self, payment: Payment, /) -> None: ...

    def page(
        self, *, subscriber_id: str, billing_account_id: str, size: int, after: PagePosition | None
    ) -> Sequence[Payment]:
        """Return a subscriber's payments, newest first; of every account when `billing_account_id` is empty."""
        ...

    def hurry(self, *, acquirer_payment_id: str, now: datetime) -> bool:
        """Make the payment with that acquirer id due now if it is undecided; return whether there is one."""
        ...

    def states_of(self, payment_ids: Sequence[str], /) -> Mapping[str, State]:
        """Return the states of those of the payments that exist, in one query."""
        ...

    def under_way(self, *, billing_account_id: str, balance_as_of: datetime) -> Money:
        """Return the sum that was or may have been taken and that a balance of that moment does not show."""
        ...

    def by_acquirer_payment(self, acquirer_payment_id: str, /) -> Payment | None:
        """Return the payment with that acquirer id."""
        ...

    def needing_person(self, *, limit: int) -> Sequence[Payment]:
        """Return what was handed to a person, the oldest first."""
        ...

    def unsent_automatic(self, *, billing_account_id: str) -> Sequence[str]:
        """Return the ids of an account's automatic payments of which the acquirer knows nothing yet."""
        ...


class ReceiptRepository(Protocol):
    """Receipts. `save` raises VersionConflict, AlreadySaved for a second one of its id."""

    def get(self, receipt_id: str, /) -> Receipt | None: ...

    def needing_person(self, *, limit: int) -> Sequence[Receipt]:
        """Return what was handed to a person, the oldest first."""
        ...

    def save(self, receipt: Receipt, /) -> None: ...


class ContactsSilent(Exception):
    """Whoever knows the payer's address does not answer now."""


class Contacts(Protocol):
    """Where to write to subscribers."""

    def email_of(self, subscriber_id: str, /) -> str:
        """Return the address, empty when there is none. Raises ContactsSilent."""
        ...


class IntentRegister(Protocol):
    """Who means to pay what. Every method is one atomic step."""

    def claim(self, intent: Intent, /, *, now: datetime, older_than: datetime) -> Claim | None:
        """Take a meaning that nobody holds, that this request holds, or whose claim is that old; None when taken.

        Otherwise return the claim in the way. Of several at once exactly one takes it.
        """
        ...

    def take_over(self, intent: Intent, held: Claim, /, *, now: datetime) -> bool:
        """Take a meaning from exactly that claim; say whether it was still there."""
        ...

    def take(self, intent: Intent, /, *, now: datetime) -> None:
        """Take a meaning, whoever holds it."""
        ...

    def release(self, intent: Intent, /) -> None:
        """Give a meaning up if this request holds it."""
        ...


class PaymentMethodRepository(Protocol):
    """Saved cards. `save` raises VersionConflict, AlreadySaved."""

    def get(self, payment_method_id: str, /) -> PaymentMethod | None: ...

    def usable_of(self, *, subscriber_id: str) -> Sequence[PaymentMethod]:
        """Return what was not removed, newest first."""
        ...

    def save(self, method: PaymentMethod, /) -> None: ...


class CardBindingRepository(Protocol):
    """Cards that are being bound. `save` raises VersionConflict, AlreadySaved for a second one of a request."""

    def get(self, payment_method_id: str, /) -> CardBinding | None: ...

    def by_request(self, *, subscriber_id: str, request_id: str) -> CardBinding | None: ...

    def save(self, binding: CardBinding, /) -> None: ...

    def hurry(self, *, acquirer_method_id: str, now: datetime) -> None:
        """Make the open binding with that acquirer id due now. An id that nobody has is ignored."""
        ...


class AutopayRuleRepository(Protocol):
    """Rules. `save` raises VersionConflict, AlreadySaved, and AutopayRuleExists for a second active one."""

    def get(self, autopay_rule_id: str, /) -> AutopayRule | None: ...

    def by_request(self, *, subscriber_id: str, request_id: str) -> AutopayRule | None: ...

    def of_subscriber(self, *, subscriber_id: str) -> Sequence[AutopayRule]:
        """Return all of them, newest first."""
        ...

    def of_account(self, *, billing_account_id: str) -> Sequence[AutopayRule]:
        """Return all rules that an account has had, newest first."""
        ...

    def active_of_account(self, *, billing_account_id: str) -> AutopayRule | None: ...

    def active_on_method(self, *, payment_method_id: str) -> Sequence[AutopayRule]: ...

    def active_thresholds_in(self, *, region: str) -> int:
        """Return how many active rules of a region wait for a threshold."""
        ...

    def due_by_date(self, *, now: datetime, limit: int) -> Sequence[AutopayRule]:
        """Return active rules whose next date has come, the longest waiting first."""
        ...

    def due_to_announce(self, *, now: datetime, limit: int) -> Sequence[AutopayRule]:
        """Return active rules whose next date is to be announced, the longest waiting first."""
        ...

    def save(self, rule: AutopayRule, /) -> None: ...


class AutopayOccasionRepository(Protocol):
    """Occasions with their decisions. `save` raises VersionConflict, AlreadySaved for a second one of its id."""

    def get(self, decision_id: str, /) -> AutopayOccasion | None: ...

    def save(self, occasion: AutopayOccasion, /) -> None: ...

    def undecided_of(self, *, autopay_rule_id: str) -> Sequence[str]:
        """Return the decision ids of a rule's occasions that are to be decided, for the first time or anew."""
        ...

    def held_of_account(self, *, billing_account_id: str, besides: str) -> bool:
        """Say whether another occasion of the account waits for its subscriber's word."""
        ...

    def decided_of(self, *, autopay_rule_id: str, size: int, after: PagePosition | None) -> Sequence[AutopayOccasion]:
        """Return those that are decided, newest first."""
        ...


class PayMonthRepository(Protocol):
    """Months with a limit. `save` raises VersionConflict for a lost race."""

    def get(self, pay_month_id: str, /) -> PayMonth:
        """Return the month, an empty one when nothing was set aside."""
        ...

    def save(self, month: PayMonth, /) -> None: ...


class Action(Enum):
    """What a subscriber wants to do with a billing account."""

    PAY = "pay"
    MANAGE = "manage"


class AccountGone(Exception):
    """No such billing account, or it was unlinked."""


class AccountsSilent(Exception):
    """Accounts, or the region behind it, does not answer now: nothing may be decided."""


class PostingRefusedByAccounts(Exception):
    """Accounts will never take this posting as it is: a person has to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionBalance:
    """A balance that money may be decided on, and whether the region's own autopay may still debit the account."""

    balance: Money
    as_of: datetime
    old_mandate_active: bool = False


class PostingState(Enum):
    """How far the crediting has come."""

    REQUESTED = "requested"
    POSTED = "posted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """The crediting of a payment as accounts tells it."""

    state: PostingState
    posted_at: datetime | None = None
    service_restored_at: datetime | None = None
    refusal_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """They may, in that region and zone; in a month no more than the owner of the account allows, None for any sum."""

    time_zone: str
    region: str = ""
    monthly_pay_limit: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AutopayTerms:
    """A rule may charge, on these terms, and this is what its region told of the account."""

    permission: Permission
    told: DecisionBalance


AUTOPAY = (Action.MANAGE, Action.PAY)
"""What a rule takes: it is a standing order, which may charge as long as it might be made."""


class Accounts(Protocol):
    """The billing accounts and their regions."""

    def authorize(self, *, subscriber_id: str, billing_account_id: str, actions: Sequence[Action]) -> Permission:
        """Return on what terms they may do all of it. Raises the DomainError that the subscriber is to see."""
        ...

    def autopay_permission(self, *, subscriber_id: str, billing_account_id: str) -> Permission | Reason:
        """Return on what terms the subscriber's rule may charge for the account now, or why it may not. Raises
        AccountsSilent, also for a refusal that is not known here: then nothing is charged either."""
        ...

    def autopay_terms(self, *, subscriber_id: str, billing_account_id: str) -> AutopayTerms | Reason:
        """Return what `autopay_permission` returns, together with the balance as the region tells it now. Raises
        AccountsSilent, also when the region does not answer."""
        ...

    def check_linked(self, *, subscriber_id: str, billing_account_id: str) -> None:
        """Raise AccountGone when the subscriber has no such link any more, AccountsSilent when nobody can say."""
        ...

    def decision_balance(self, *, billing_account_id: str) -> DecisionBalance:
        """Return the balance as the region tells it now. Raises AccountGone, AccountsSilent."""
        ...

    def request_posting(self, payment: Payment, /) -> Posting:
        """Have a captured payment credited, or ask how far it is. Raises AccountsSilent, PostingRefusedByAccounts."""
        ...
