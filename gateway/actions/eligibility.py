"""Why a promised payment cannot be taken now, in the subscriber's language: the regions say it in constant words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.views.ordering import EligibilityReason

_OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityTexts:
    """Finds the words for the reasons: each says why, and what to do next."""

    texts: Mapping[str, Mapping[str, str]]

    def of(self, reasons: Sequence[str], /, *, language: str) -> list[EligibilityReason]:
        """Return all reasons in words; one that a region has added since gets the words for "other"."""
        words = self.texts[language]
        return [{"code": reason, "detail": words.get(reason, words[_OTHER])} for reason in reasons]
