"""Carry a due posting one step on: into the region's books, or to the next try."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.accounts.application.current_numbers import number_now
from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.posting_attempts import PostingAttempts
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import RegionalPosting
from services.accounts.domain.errors import AccountClosed, RegionAnswerInvalid, RegionNotAsked, RegionUnavailable
from services.accounts.domain.ports import BillingAccountRepository, PostingQueue, PostingRepository, RegionalBilling
from services.accounts.domain.posting import MayStillArrive, Posting, RetryPlan
from services.chassis.clock import Clock
from services.chassis.errors import DomainError, VersionConflict

# The queue leaves out what is due in a region that is left alone; this is for what was claimed at the same moment.
_PUT_BACK_FOR = timedelta(milliseconds=200)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlePosting:
    """One claim, at most three calls, one save; one more before it is sent to a region that does not deduplicate.

    Killed at any line, the lease runs out and the next claim does it again: the region applies each payment id once, or
    is sent nothing while an earlier try may still take effect there. A timeout says nothing, so the next try asks
    before it sends, and a refusal counts only when the region has nothing booked under that id.
    """

    queue: PostingQueue
    postings: PostingRepository
    accounts: BillingAccountRepository
    billing: RegionalBilling
    attempts: PostingAttempts
    observe: ObserveAccount
    recheck_promise: Callable[[AccountKey], None]
    plan: RetryPlan
    clock: Clock

    def __call__(self) -> bool:
        """Say whether there was anything to do."""
        posting = self.queue.claim()
        if posting is None:
            return False
        key = number_now(self.accounts, posting.billing_account_id, known=posting.key)
        try:
            answer = self._ask(posting, key)
            self.postings.save(posting)
        except VersionConflict:  # this lease ran out and somebody else has it: what they save is as true
            _log.info("posting_taken_over", payment_id=posting.payment_id)
            return True
        if answer is not None:
            self._show_balance(posting, key, answer)
            self.recheck_promise(key)
        return True

    def _ask(self, posting: Posting, key: AccountKey) -> RegionalPosting | None:
        """Move the posting by what the region says; return its answer when the payment is credited."""
        try:
            answer = self._found(posting) or self._sent(posting, key)
            posting.confirm(answer, number_now=key.number, now=self.clock.now())
        except AccountClosed as refusal:
            posting.refuse(refusal.reason, now=self.clock.now())
        except VersionConflict:
            raise
        except RegionNotAsked:
            posting.put_back(due_at=self.clock.now() + _PUT_BACK_FOR)
        except MayStillArrive as wait:
            posting.await_settlement(wait.settles_in, plan=self.plan, now=self.clock.now())
            self._tell(posting)
        except DomainError as problem:
            self._postpone(posting, problem)
        else:
            return answer
        return None

    def _found(self, posting: Posting) -> RegionalPosting | None:
        if not posting.outcome_unknown:
            return None
        asked_at = self.attempts.machine_clock.now()
        found = self.billing.posting(posting.key.region, payment_id=posting.payment_id)
        if found is None:
            self.attempts.check_settled(posting, asked_at=asked_at)
        return found

    def _sent(self, posting: Posting, key: AccountKey) -> RegionalPosting:
        try:
            self.attempts.begin(posting)
            return self.billing.post_payment(
                key,
                payment_id=posting.payment_id,
                amount=posting.amount,
                captured_at=posting.captured_at,
            )
        except RegionNotAsked:
            posting.call_off_attempt()
            raise
        except AccountClosed:
            # A refusal sends the money back. A region that closed the account after crediting it must not cost it
            # twice.
            booked = self.billing.posting(posting.key.region, payment_id=posting.payment_id)
            if booked is None:
                raise
            return booked

    def _postpone(self, posting: Posting, problem: DomainError) -> None:
        now = self.clock.now()
        invalid = isinstance(problem, RegionAnswerInvalid)
        outage = isinstance(problem, RegionUnavailable) and not invalid
        detail = problem.problem if isinstance(problem, RegionAnswerInvalid) else problem.reason
        posting.postpone(detail, outage=outage, plan=self.plan, now=now)
        self._tell(posting)

    @staticmethod
    def _tell(posting: Posting) -> None:
        tell = _log.error if posting.needs_person else _log.warning
        tell(
            "posting_needs_a_person" if posting.needs_person else "posting_postponed",
            payment_id=posting.payment_id,
            region=posting.key.region,
            problem=posting.last_problem,
            tries=posting.tries,
        )

    def _show_balance(self, posting: Posting, key: AccountKey, answer: RegionalPosting) -> None:
        """Show the new balance at once. For the eye only: the posting is saved, and the next refresh shows it
        anyway."""
        try:
            self.observe.balance(key, answer.balance_after, as_of=answer.posted_at)
        except DomainError as problem:
            _log.info("balance_not_shown_yet", payment_id=posting.payment_id, problem=problem.reason)
