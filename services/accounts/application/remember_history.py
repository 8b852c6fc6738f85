"""Remember what a region told of an account's fees or payments, month by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from services.accounts.domain.account_key import AccountKey
from services.accounts.domain.account_report import Row
from services.accounts.domain.figures import FigureKind
from services.accounts.domain.history import BEGINNING, Span
from services.accounts.domain.history_month import HistoryMonth, Reading, month_of, span_of
from services.accounts.domain.ports import HistoryRepository
from services.chassis.errors import VersionConflict

_TRIES = 4

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberHistory:
    """Idempotent: what was read later replaces what was read before, whoever comes first. Nothing hangs on it but what
    can be shown while the region is away, so a lost race costs no more than that.

    `held_since` is since when the number was the account's, as it was known before the region was asked. So what was
    read of whom the number named before, however late it comes, lies where the present account's is not looked for.
    """

    history: HistoryRepository

    def __call__(
        self, key: AccountKey, kind: FigureKind, reading: Reading[Row], /, *, held_since: datetime | None
    ) -> None:
        if held_since is not None and reading.as_of < held_since:
            return
        if not reading.is_in_order:
            _log.warning("history_out_of_order", region=key.region, kind=kind.value)
            return
        for month in self._months_of(key, kind, reading, held_since=held_since):
            self._take(month, reading)

    def _months_of(
        self, key: AccountKey, kind: FigureKind, reading: Reading[Row], *, held_since: datetime | None
    ) -> Sequence[HistoryMonth[Row]]:
        """Return the months that a reading tells of; where nothing is older, that is said to all before them, too."""
        named = self.history.named(key, kind, reading.months(), held_since=held_since)
        oldest = named[-1].month
        if not reading.is_last or oldest == month_of(BEGINNING):
            return named
        before = Span(BEGINNING, span_of(oldest).begins_at)
        older = self.history.months(key, kind, before, held_since=held_since)
        return [*named, *(month for month in older if month.month < oldest)]

    def _take(self, month: HistoryMonth[Row], reading: Reading[Row]) -> None:
        for _ in range(_TRIES):
            if not month.take(reading):
                return
            try:
                return self.history.save(month)
            except VersionConflict:  # somebody else read the same at this moment
                (month,) = self.history.named(month.key, month.kind, [month.month], held_since=month.held_since)
        _log.info("history_not_remembered", region=month.key.region, kind=month.kind.value)
