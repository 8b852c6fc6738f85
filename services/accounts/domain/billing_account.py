"""The aggregate of a link: one subscriber, one account of a region, and how far the proof reaches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.claim import Claim
from services.accounts.domain.errand import IN_HAND
from services.accounts.domain.events import BillingAccountLinked, BillingAccountUnlinked
from services.accounts.domain.grant import Grant, GrantEnd, GrantFrozen, GrantState
from services.accounts.domain.proof_ladder import (
    CONTACT_CODE,
    RUNG_OF_PROOF,
    Action,
    ActionNotAllowed,
    Relation,
    Rung,
    allowed_actions,
)
from services.chassis.errors import DomainError, FieldInvalid, Kind
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
    """An account as one subscriber has linked it. An ended link stays as a record; linking again makes a new one.

    A link stands on a proof, which `rung` weighs, or on a `grant`. What a grant is worth depends on other things than
    the link: whoever reads the link says it by `weigh`, and until then it allows nothing.
    """

    billing_account_id: str
    subscriber_id: str
    key: AccountKey
    relation: Relation
    label: str
    rung: Rung
    # Of the request that made the link, or last proved more.
    request_id: str | None
    linked_at: datetime
    # When the last proof was asked for that was verified, or the grant accepted.
    proved_at: datetime
    # Since when it goes by the present number: as proved by it, or as the account's other number.
    numbered_at: datetime
    # Since when the subscriber claims the account; None for a relative's, or when no more than a sum was proved.
    claimed_at: datetime | None = None
    # When the claim was last confirmed by a code that the region sent to the owner's contact.
    confirmed_at: datetime | None = None
    unlinked_at: datetime | None = None
    grant: Grant | None = None
    grant_end: GrantEnd | None = None
    grant_state: GrantState = field(default=GrantState.UNREAD, compare=False)
    due_at: datetime | None = None
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
        """Return a new link, in the hands of whoever saves it; its region has verified the proof, which was asked for
        at `proved_at`. Raises `LabelInvalid`."""
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
            numbered_at=proved_at or now,
            due_at=now + IN_HAND,
        )
        account._claim(now=now)
        account._announce_linking()
        return account

    @classmethod
    def link_by_grant(
        cls, grant: Grant, /, *, subscriber_id: str, key: AccountKey, label: str, request_id: str | None
    ) -> "BillingAccount":
        """Return a relative's link that stands on a grant, in the hands of whoever saves it. Raises `LabelInvalid`."""
        account = cls(
            billing_account_id=new_id("acc"),
            subscriber_id=subscriber_id,
            key=key,
            relation=Relation.RELATIVE,
            label=valid_label(label),
            rung=Rung.PAY,
            request_id=request_id,
            linked_at=grant.accepted_at,
            proved_at=grant.accepted_at,
            numbered_at=grant.accepted_at,
            grant=grant,
            due_at=grant.accepted_at + IN_HAND,
        )
        account._announce_linking()
        return account

    @property
    def is_linked(self) -> bool:
        """Say whether the link holds; one whose grant has ended does not, also before that was carried out."""
        return self.unlinked_at is None and self.grant_state is not GrantState.ENDED

    @property
    def is_owners(self) -> bool:
        """Say whether the subscriber linked the account as their own, by a proof. Grants do not cascade."""
        return self.relation is Relation.OWN and self.grant is None

    @property
    def may_have_granted(self) -> bool:
        """Say whether grants may have been given by it, also in a time before it became a relative's."""
        return self.grant is None

    @property
    def allowed_actions(self) -> Sequence[Action]:
        """What the subscriber may do with it."""
        if self.grant is None:
            return allowed_actions(self.rung, self.relation)
        return self.grant.terms.actions if self.grant_state is GrantState.ACTIVE else ()

    def allows(self, action: Action, /) -> bool:
        return action in self.allowed_actions

    def authorize(self, action: Action, /) -> None:
        """Raise `ActionNotAllowed` unless the action is allowed, `GrantFrozen` when none is for the time being."""
        if self.grant_state is GrantState.FROZEN:
            raise GrantFrozen
        if not self.allows(action):
            raise ActionNotAllowed(action)

    def rename(self, label: str, /) -> None:
        """Give it another label. Raises `LabelInvalid`."""
        self.label = valid_label(label)

    @property
    def claim(self) -> Claim | None:
        """What the subscriber claims by this link."""
        if self.claimed_at is None:
            return None
        return Claim(
            billing_account_id=self.billing_account_id, claimed_at=self.claimed_at, confirmed_at=self.confirmed_at
        )

    def gains_by(self, proof_kind: str, /) -> bool:
        """Say whether a proof of that kind adds anything: a higher rung, or that a claim is confirmed."""
        return RUNG_OF_PROOF[proof_kind].value > self.rung.value or self._is_confirmed_by(proof_kind)

    def prove(
        self,
        proof_kind: str,
        /,
        *,
        request_id: str | None,
        now: datetime,
        proved_at: datetime | None = None,
        still_holds: bool = True,
    ) -> None:
        """Note that another proof was verified, which was asked for at `proved_at`; a weaker one takes nothing away,
        unless what was proved before no longer `still_holds`: then only this one counts."""
        if not still_holds:
            self.rung, self.claimed_at, self.confirmed_at = Rung.PAY, None, None
        self.proved_at = self.numbered_at = proved_at or now
        self.due_at = now + IN_HAND
        if self._is_confirmed_by(proof_kind):
            self.confirmed_at = now
        self.rung = max(self.rung, RUNG_OF_PROOF[proof_kind], key=lambda rung: rung.value)
        self.request_id = request_id or self.request_id
        self._claim(now=now)

    def absorb(self, other: "BillingAccount", /) -> None:
        """Take over what the same subscriber proved of the same account by another link."""
        self.rung = max(self.rung, other.rung, key=lambda rung: rung.value)
        self.proved_at = max(self.proved_at, other.proved_at)
        self.claimed_at = self.claimed_at or other.claimed_at
        self.confirmed_at = other.confirmed_at or self.confirmed_at

    def renumber(self, key: AccountKey, /, *, at: datetime) -> None:
        """Go on under the account's other number, which it has since `at`."""
        self.key, self.numbered_at = key, at

    def relate(self, relation: Relation, /, *, now: datetime) -> None:
        """Change whose account it is. A relative's one is no claim any more, and what was granted by it is ended
        afterwards, as due work.

        Raises `FieldInvalid` for the other way: what is claimed must be proved, which is linking anew.
        """
        if relation is Relation.OWN and self.relation is not Relation.OWN:
            raise FieldInvalid(field="relation", rule="relative; to claim an account, unlink it and link it as own")
        if relation is Relation.RELATIVE:
            self.claimed_at = self.confirmed_at = None
        if relation is not self.relation:
            self.due_at = now
        self.relation = relation

    def _is_confirmed_by(self, proof_kind: str) -> bool:
        return proof_kind == CONTACT_CODE and self.claimed_at is not None

    def _claim(self, *, now: datetime) -> None:
        """Claim the account from now on, if it is the subscriber's own and they have shown enough for that."""
        if self.claimed_at is None and self.relation is Relation.OWN and self.rung is not Rung.PAY:
            self.claimed_at = now

    def weigh(self, state: GrantState, /) -> None:
        """Take in what the grant is worth now."""
        self.grant_state = state

    def look_again(self, at: datetime | None, /) -> None:
        """Plan when the link is to be looked after next, None for never."""
        self.due_at = at

    def unlink(self, *, now: datetime, grant_end: GrantEnd = GrantEnd.RELATIVE) -> None:
        """End the link; once it has ended, nothing more happens. `grant_end` says who ended the grant it stood on.

        What was granted by it is ended afterwards, as due work.
        """
        if self.unlinked_at is not None:
            return
        self.unlinked_at = now
        self.due_at = now if self.may_have_granted else None
        self.grant_end = grant_end if self.grant else None
        self.pending_events.append(
            BillingAccountUnlinked(
                billing_account_id=self.billing_account_id, subscriber_id=self.subscriber_id, unlinked_at=now
            )
        )

    def _announce_linking(self) -> None:
        self.pending_events.append(
            BillingAccountLinked(
                billing_account_id=self.billing_account_id,
                subscriber_id=self.subscriber_id,
                region=self.key.region,
                linked_at=self.linked_at,
            )
        )


def valid_label(text: str, /) -> str:
    """Return a label without the blanks around it. Raises `LabelInvalid`."""
    label = text.strip()
    if len(label) > _LONGEST_LABEL or not all(character.isprintable() for character in label):
        raise LabelInvalid
    return label
