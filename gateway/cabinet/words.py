"""How values look to people: texts, sums, times and states in the reader's language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.errors import FieldProblem, FieldsInvalid
from gateway.views.values import MoneyView
from gateway.wording import NARROW_SPACE, NO_BREAK, sum_in_words

MOSCOW = "Europe/Moscow"
_ROUBLES = re.compile(r"^\s*(\d{1,9})(?:[.,](\d{1,2}))?\s*(?:₽|руб\.?)?\s*$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Words:
    """Everything a template says, in one language and at one moment."""

    texts: Mapping[str, str]
    language: str
    now: datetime

    def t(self, key: str, /, **values: object) -> str:
        """Return a text. A key that is missing is a mistake of ours and raises `KeyError`."""
        text = self.texts[key]
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def word(self, prefix: str, value: str, /) -> str:
        """Return the text of a constant word of a service; one that is not known yet gets the words for "other"."""
        return self.texts.get(f"{prefix}.{value.lower()}") or self.texts[f"{prefix}.other"].replace("{value}", value)

    def money(self, sum_: MoneyView | None, /) -> str:
        """Return a sum with its currency; a dash for none."""
        if sum_ is None:
            return "—"
        return sum_in_words(sum_["amount_minor"], sum_["currency"], language=self.language)

    def moment(self, value: str | None, zone: str = MOSCOW, /) -> str:
        """Return a time in a zone: `14:05` when it is today there, with its day otherwise; a dash for none."""
        if not value:
            return "—"
        there = zone_of(zone)
        at, today = datetime.fromisoformat(value).astimezone(there), self.now.astimezone(there).date()
        clock = f"{at:%H:%M}"
        return clock if at.date() == today else f"{self._day(at.date(), today)}, {clock}"

    def day(self, value: str | None, /) -> str:
        """Return a calendar day such as `2014-07-01` in words; a dash for none."""
        if not value:
            return "—"
        return self._day(date.fromisoformat(value[:10]), self.now.date())

    def day_of(self, value: str | None, zone: str = MOSCOW, /) -> str:
        """Return the calendar day that a time falls on in a zone; a dash for none."""
        if not value:
            return "—"
        there = zone_of(zone)
        return self._day(datetime.fromisoformat(value).astimezone(there).date(), self.now.astimezone(there).date())

    def month_name(self, month: str, /) -> str:
        """Return a month such as `2026-10` in words."""
        return f"{self.t('months.alone').split()[int(month[5:]) - 1]} {month[:4]}"

    def _day(self, day: date, today: date) -> str:
        words = f"{day.day}{NO_BREAK}{self.t('months').split()[day.month - 1]}"
        return words if day.year == today.year else f"{words} {day.year}"


def kopecks(text: str, /, *, field: str) -> int:
    """Return the kopecks of roubles as people type them (`450`, `450,50`), by whole numbers only (I10).

    Raises `FieldsInvalid`.
    """
    found = _ROUBLES.match(text.replace(NARROW_SPACE, "").replace(NO_BREAK, "").replace(" ", ""))
    if found is None:
        raise FieldsInvalid([FieldProblem(field=field, rule="not_a_sum")])
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def zone_of(name: str, /) -> ZoneInfo:
    """Return a time zone; Moscow's for a name that is none."""
    try:
        return ZoneInfo(name or MOSCOW)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(MOSCOW)
