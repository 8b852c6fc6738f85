"""Take a promised payment, and know at any time whether one holds (F18)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from services.accounts.application.managed_account import ManagedAccounts
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.ordering_errors import AmountNotPositive, RequestIdMissing
from services.accounts.domain.ordering_ports import PromisedPaymentRepository, RegionalOrdering
from services.accounts.domain.promised_payment import (
    PROMISE_OPEN,
    Eligibility,
    PromisedPayment,
    PromisedPaymentState,
)
from services.chassis.clock import Clock
from services.chassis.errors import DomainError, VersionConflict
from services.chassis.money import Money

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisesOnAccount:
    """Promised payments as one subscriber sees them: on their own link to the account."""

    billing_account_id: str
    promises: Sequence[PromisedPayment]

    @property
    def only(self) -> PromisedPayment:
        (promise,) = self.promises
        return promise


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentPromise:
    """The promise that holds on an account. One that is open is looked at anew: it may have been repaid at a counter a
    minute ago. Without an answer what is known stands."""

    promises: PromisedPaymentRepository
    carry: Callable[[PromisedPayment], PromisedPayment]

    def __call__(self, key: AccountKey, /) -> PromisedPayment | None:
        promise = self.promises.held_on(key)
        if promise is not None and promise.state is PromisedPaymentState.OPEN:
            promise = self.carry(promise)
        return promise if promise is not None and promise.holds else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEligibility:
    """The region's answer of this very call, never a remembered one; one that is under way here says no as well.

    Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`, `RegionUnavailable`.
    """

    accounts: ManagedAccounts
    promises: PromisedPaymentRepository
    region: RegionalOrdering

    def __call__(self, *, subscriber_id: str, billing_account_id: str) -> Eligibility:
        account = self.accounts.link(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        told = self.region.eligibility(account.key)
        held = self.promises.held_on(account.key)
        under_way = held is not None and held.state is PromisedPaymentState.REQUESTED
        if under_way and PROMISE_OPEN not in told.reasons:
            return Eligibility(reasons=(*told.reasons, PROMISE_OPEN))
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRequest:
    """What a subscriber asks for."""

    subscriber_id: str
    request_id: str
    billing_account_id: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePromisedPayment:
    """Saved first, then told to the region within the call; without an answer the dispatcher carries it.

    Whether it may be taken says the region when it is taken: what it said before the button was pressed may be over.
    """

    accounts: ManagedAccounts
    promises: PromisedPaymentRepository
    current: CurrentPromise
    carry: Callable[[PromisedPayment], PromisedPayment]
    clock: Clock

    def __call__(self, request: PromiseRequest, /) -> PromisesOnAccount:
        """Return the request's promise, or the one that holds already.

        Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`, `RequestIdMissing`, `RequestIdReused`,
        `AmountNotPositive`.
        """
        if not request.request_id:
            raise RequestIdMissing
        if not request.amount.is_positive:
            raise AmountNotPositive
        account = self.accounts.link(subscriber_id=request.subscriber_id, billing_account_id=request.billing_account_id)
        promise = self._requested(request, account.key) or self.current(account.key)
        if promise is None:
            promise = self._begin(request, account.key)
        return PromisesOnAccount(billing_account_id=request.billing_account_id, promises=[promise])

    def _requested(self, request: PromiseRequest, key: AccountKey) -> PromisedPayment | None:
        promise = self.promises.requested_as(request.request_id, subscriber_id=request.subscriber_id)
        if promise is not None:
            promise.check_same(key=key, amount=request.amount)
        return promise

    def _begin(self, request: PromiseRequest, key: AccountKey) -> PromisedPayment:
        promise = PromisedPayment.request(
            subscriber_id=request.subscriber_id,
            request_id=request.request_id,
            key=key,
            amount=request.amount,
            now=self.clock.now(),
        )
        try:
            self.promises.save(promise)
        except VersionConflict:  # the other tap of a double one was first, or somebody else with the same account
            first = self._requested(request, key) or self.promises.held_on(key)
            if first is None:
                raise
            return first
        return self.carry(promise)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPromisedPayments:
    """What is known here; no region is asked. Raises `BillingAccountNotFound`, `ActionNotAllowed`, `ProofOutdated`."""

    accounts: ManagedAccounts
    promises: PromisedPaymentRepository

    def __call__(self, *, subscriber_id: str, billing_account_id: str) -> PromisesOnAccount:
        account = self.accounts.link(subscriber_id=subscriber_id, billing_account_id=billing_account_id)
        promises = self.accounts.theirs(account, self.promises.listed(account.key))
        return PromisesOnAccount(billing_account_id=billing_account_id, promises=promises)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckPromise:
    """After a payment: the region repays an unpaid promise first, late or in time, so ask about it now. For speed only:
    whoever loses the race, or is killed, leaves it to the next look."""

    promises: PromisedPaymentRepository
    clock: Clock

    def __call__(self, key: AccountKey, /) -> None:
        for promise in self.promises.unpaid_on(key):
            try:
                if promise.recheck(now=self.clock.now()):
                    self.promises.save(promise)
            except DomainError as problem:
                _log.info("promise_rechecked_later", region=key.region, problem=problem.reason)
