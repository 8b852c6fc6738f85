"""What an account was before: other owners, other numbers. Told by its region, and remembered with its figures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSpell:
    """A number, and when it was the account's: `since` None for always, `until` None for still. A number that the
    account has no more goes on naming it until the region gives it to another one."""

    number: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPast:
    """Nothing of it is known of most accounts. `number_since` is set once the account had another number: whatever was
    issued under the present one before is somebody else's. `former` is newest first."""

    owner_since: datetime | None = None
    number_since: datetime | None = None
    former: tuple[NumberSpell, ...] = ()

    @property
    def taken_over_at(self) -> datetime | None:
        """Since when the present number is the account's, if it came to it from another one."""
        return self.number_since if self.former else None

    def passed_on(self, at: datetime, /) -> "AccountPast":
        """Return the past after a change of owner; an older one than the known changes nothing."""
        return replace(self, owner_since=_later(self.owner_since, at))

    def renumbered(self, old_number: str, /, *, at: datetime) -> "AccountPast":
        """Return the past after a change of number."""
        spell = NumberSpell(number=old_number, since=self.number_since)
        return replace(self, number_since=at, former=(spell, *self.former))

    def goes_on_as(self, number: str, /) -> bool:
        """Say whether a former number still names the account."""
        return any(spell.number == number and spell.until is None for spell in self.former)

    def was_called(self, number: str, /, *, at: datetime, present: str) -> bool:
        """Say whether a number was the account's at a moment; `present` is the one that it has now."""
        return any(
            spell.number == number
            and (spell.since is None or spell.since <= at)
            and (spell.until is None or at < spell.until)
            for spell in self.called(present)
        )

    def without(self, number: str, /, *, at: datetime) -> "AccountPast":
        """Return the past once a former number is given to another account."""
        ended = tuple(
            replace(spell, until=at) if spell.number == number and spell.until is None else spell
            for spell in self.former
        )
        return replace(self, former=ended)

    def spells(self, number: str, /) -> Sequence[NumberSpell]:
        """Return by which numbers, and from when to when, things issued are the account's and its present owner's; the
        present number first."""
        return [replace(spell, since=_later(spell.since, self.owner_since)) for spell in self.called(number)]

    def called(self, number: str, /) -> Sequence[NumberSpell]:
        """Return by which numbers the account was called, whoever owned it; the present number first."""
        return (NumberSpell(number=number, since=self.number_since), *self.former)

    def former_numbers(self) -> tuple[str, ...]:
        """Return what the account was called, newest first."""
        return tuple(dict.fromkeys(spell.number for spell in self.former))


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    moments = [moment for moment in (one, other) if moment is not None]
    return max(moments) if moments else None
