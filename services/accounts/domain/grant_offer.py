"""The aggregate of an offered grant: open for a while, accepted once or withdrawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.billing_account import BillingAccount, valid_label
from services.accounts.domain.grant import Grant, GrantCodeSpent, GrantTerms
from services.accounts.domain.grant_code import GrantCode
from services.accounts.domain.posting import IllegalMove
from services.chassis.errors import DomainError, Kind
from services.chassis.ids import new_id

OPEN_AT_ONCE = 10
KEPT_UNACCEPTED_FOR = timedelta(days=365)


class GrantOffersTooMany(DomainError):
    """So many codes are out that nobody can tell any more who has which."""

    reason = "GRANT_OFFERS_TOO_MANY"
    kind = Kind.FAILED_PRECONDITION

    def __init__(self) -> None:
        super().__init__(f"At most {OPEN_AT_ONCE} offers are open at once.", most=str(OPEN_AT_ONCE))


class OfferState(Enum):
    """How far the offer itself has come; what becomes of the grant afterwards is told by the link that stands on it."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


_NEXT: Mapping[OfferState, frozenset[OfferState]] = {
    OfferState.OPEN: frozenset({OfferState.ACCEPTED, OfferState.WITHDRAWN}),
    OfferState.ACCEPTED: frozenset(),
    OfferState.WITHDRAWN: frozenset(),
}


@dataclass(slots=True, kw_only=True)
class GrantOffer:
    """A grant as its owner offered it. That it is accepted once is carried by the link: a grant has one, ever."""

    grant_id: str
    subscriber_id: str
    billing_account_id: str
    key: AccountKey
    terms: GrantTerms
    label: str
    code_hash: str
    request_id: str
    offered_at: datetime
    open_until: datetime
    state: OfferState = OfferState.OPEN
    settled_at: datetime | None = None
    version: int = 0

    @classmethod
    def give(
        cls,
        account: BillingAccount,
        terms: GrantTerms,
        code: GrantCode,
        /,
        *,
        label: str,
        request_id: str,
        open_for: timedelta,
        now: datetime,
    ) -> "GrantOffer":
        """Return an offer of the owner of that link. Raises `LabelInvalid`."""
        grant_id = new_id("grt")
        return cls(
            grant_id=grant_id,
            subscriber_id=account.subscriber_id,
            billing_account_id=account.billing_account_id,
            key=account.key,
            terms=terms,
            label=valid_label(label),
            code_hash=code.hash_for(grant_id),
            request_id=request_id,
            offered_at=now,
            open_until=now + open_for,
        )

    def is_open(self, *, now: datetime) -> bool:
        """Say whether it can still be accepted."""
        return self.state is OfferState.OPEN and now < self.open_until

    def opened_by(self, code: GrantCode, /) -> bool:
        """Say whether it is this offer's code."""
        return code.opens(self.grant_id, self.code_hash)

    def grant(self, *, now: datetime) -> Grant:
        """Return the grant that a link made now stands on. Raises `GrantCodeSpent`."""
        if not self.is_open(now=now):
            raise GrantCodeSpent
        return Grant(
            grant_id=self.grant_id,
            grantor_billing_account_id=self.billing_account_id,
            grantor_subscriber_id=self.subscriber_id,
            terms=self.terms,
            accepted_at=now,
        )

    def accept(self, *, now: datetime) -> None:
        """Note that a link stands on it."""
        self._move_to(OfferState.ACCEPTED, now=now)

    def withdraw(self, *, now: datetime) -> None:
        """Take it back; its code opens nothing any more."""
        self._move_to(OfferState.WITHDRAWN, now=now)

    @property
    def forgotten_at(self) -> datetime | None:
        """When an offer that nobody accepted is deleted; an accepted one stays as a record."""
        return None if self.state is OfferState.ACCEPTED else self.offered_at + KEPT_UNACCEPTED_FOR

    def _move_to(self, state: OfferState, *, now: datetime) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalMove(f"{self.state.value} -> {state.value}")
        self.state, self.settled_at = state, now
