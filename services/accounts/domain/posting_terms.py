"""How the billing system of a region takes postings: what a posting may rely upon there."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingTerms:
    """By its contract a region applies each payment id once (`deduplicates`), so that sending again is harmless.

    One that cannot is sent to again only when its books do not hold the payment and nothing can be on its way any more:
    `settles_after` is how long after the end of a call that was not answered its effect may still show up.
    """

    deduplicates: bool = True
    settles_after: timedelta = timedelta(0)
