"""The aggregate of a link: one subscriber, one account of a region, and how far the proof reaches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.events import BillingAccountLinked, BillingAccountUnlinked
from services.accounts.domain.proof_ladder import Action, ActionNotAllowed, Relation, Rung, allowed_actions
from services.chassis.errors import DomainError, Kind
from services.chassis.events import Event
from services.chassis.ids import new_id

_LONGEST_LABEL = 60


class LabelInvalid(DomainError):
    """A label is a short line of text."""

    reason = "LABEL_INVALID"
    kind = Kind.INVALID

    def __init__(self) -> None:
        super().__init__(
            f"A label has at most {_LONGEST_LABEL} characters, all of them visible.", longest=str(_LONGEST_LABEL)
        )


class AlreadyLinked(DomainError):
    """The subscriber has linked this account already; raised by a repository when two links race, and settled within
    the service."""

    reason = "BILLING_ACCOUNT_ALREADY_LINKED"
    kind = Kind.ABORTED

    def __init__(self) -> None:
        super().__init__("The account was linked at the same moment.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReference:
    """A link by its id, and when its proof was verified."""

    billing_account_id: str
    proved_at: datetime


@dataclass(slots=True, kw_only=True)
class BillingAccount:
    """An account as one subscriber has linked it. An ended link stays as a record; linking again makes a new one."""

    billing_account_id: str
    subscriber_id: str
    key: AccountKey
    relation: Relation
    label: str
    rung: Rung
    request_id: str | None
    linked_at: datetime
    proved_at: datetime
    unlinked_at: datetime | None = None
    version: int = 0
    pending_events: list[Event] = field(default_factory=list)

    @classmethod
    def link(
        cls,
        *,
        subscriber_id: str,
        key: AccountKey,
        relation: Relation,
        label: str,
        rung: Rung,
        request_id: str | None,
        now: datetime,
        proved_at: datetime | None = None,
    ) -> "BillingAccount":
        """Return a new link; its region has verified the proof, which was asked at `proved_at`. Raises
        `LabelInvalid`."""
        account = cls(
            billing_account_id=new_id("acc"),
            subscriber_id=subscriber_id,
            key=key,
            relation=relation,
            label=valid_label(label),
            rung=rung,
            request_id=request_id,
            linked_at=now,
            proved_at=proved_at or now,
        )
        account.pending_events.append(
            BillingAccountLinked(
                billing_account_id=account.billing_account_id,
                subscriber_id=subscriber_id,
                region=key.region,
                linked_at=now,
            )
        )
        return account

    @property
    def is_linked(self) -> bool:
        return self.unlinked_at is None

    @property
    def allowed_actions(self) -> Sequence[Action]:
        """What the subscriber may do with it."""
        return allowed_actions(self.rung, self.relation)

    def allows(self, action: Action, /) -> bool:
        return action in self.allowed_actions

    def authorize(self, action: Action, /) -> None:
        """Raise `ActionNotAllowed` unless the action is allowed."""
        if not self.allows(action):
            raise ActionNotAllowed(action)

    def rename(self, label: str, /) -> None:
        """Give it another label. Raises `LabelInvalid`."""
        self.label = valid_label(label)

    def climb(self, rung: Rung, /) -> None:
        """Note that a stronger proof was verified; a weaker one takes nothing away."""
        if rung.value > self.rung.value:
            self.rung = rung

    def prove(self, rung: Rung, /, *, at: datetime, still_holds: bool) -> None:
        """Note that a proof asked at that moment was verified; what was proved before counts only while it
        `still_holds`."""
        if still_holds:
            self.climb(rung)
        else:
            self.rung = rung
        self.proved_at = at

    def renumber(self, key: AccountKey, /) -> None:
        """Go on under the account's other number."""
        self.key = key

    def unlink(self, *, now: datetime) -> None:
        """End the link; once it has ended, nothing more happens."""
        if not self.is_linked:
            return
        self.unlinked_at = now
        self.pending_events.append(
            BillingAccountUnlinked(
                billing_account_id=self.billing_account_id, subscriber_id=self.subscriber_id, unlinked_at=now
            )
        )


def valid_label(text: str, /) -> str:
    """Return a label without the blanks around it. Raises `LabelInvalid`."""
    label = text.strip()
    if len(label) > _LONGEST_LABEL or not all(character.isprintable() for character in label):
        raise LabelInvalid
    return label
