"""A dispatcher that posts payments, with everything it needs, in memory."""

from datetime import timedelta

from services.accounts.application.observe_account import ObserveAccount
from services.accounts.application.posting_attempts import PostingAttempts
from services.accounts.application.settle_posting import SettlePosting
from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.posting import Posting
from services.accounts.domain.posting_terms import PostingTerms
from tests.accounts.builders import PLAN, SettableClock, make_posting
from tests.accounts.fakes import FakeBillingAccounts, FakePostings, FakeRegions, FakeSnapshots

LEASE = timedelta(seconds=15)
DEDUPLICATES = PostingTerms()


class Killed(BaseException):
    """What a SIGKILL is to the code that runs: nothing after it happens."""


class PostingOffice:
    """`clock` is the calendar's and the machine's at once, unless a test moves one of them."""

    def __init__(self, *, terms: PostingTerms = DEDUPLICATES, regions: FakeRegions | None = None) -> None:
        self.clock = SettableClock()
        self.machine_clock = self.clock
        self.postings = FakePostings(self.clock)
        self.regions = regions or FakeRegions(self.clock)
        self.snapshots = FakeSnapshots()
        self.accounts = FakeBillingAccounts()
        self.rechecked: list[AccountKey] = []
        self.terms = terms

    def settle(self) -> bool:
        """Do one step of the dispatcher."""
        observe = ObserveAccount(snapshots=self.snapshots, accounts=self.accounts, clock=self.clock)
        step = SettlePosting(
            queue=self.postings,
            postings=self.postings,
            accounts=self.accounts,
            billing=self.regions,
            attempts=PostingAttempts(
                postings=self.postings,
                terms=lambda region: self.terms,
                lease=LEASE,
                clock=self.clock,
                machine_clock=self.machine_clock,
            ),
            observe=observe,
            recheck_promise=self.rechecked.append,
            plan=PLAN,
            clock=self.clock,
        )
        return step()

    def settle_all(self, *, tries: int = 12) -> None:
        """Go on until nothing is due, over as much time as that takes."""
        for _ in range(tries):
            while self.settle():
                pass
            self.clock.advance(minutes=5)

    def requested(self, *, kopecks: int = 45000) -> Posting:
        """Take a posting over."""
        posting = make_posting(kopecks=kopecks, now=self.clock.now())
        self.postings.save(posting)
        return posting

    def found(self, posting: Posting) -> Posting:
        """Return the posting as it is kept."""
        found = self.postings.get(posting.payment_id)
        assert found is not None
        return found
