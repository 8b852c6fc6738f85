"""Reading a region's whole list of a period, believed only when it adds up."""

from collections.abc import Sequence

from services.accounts.domain.errors import RegionAnswerInvalid
from services.accounts.domain.reconciliation import BookedPayment, Period, Totals
from services.accounts.domain.reconciliation_ports import RegionalBooks

_PAGE = 500


def regional_list(books: RegionalBooks, region: str, period: Period, /) -> Sequence[BookedPayment] | None:
    """Return what a region's books hold of our payments, None when it does not list them.

    Raises `RegionUnavailable`, and `RegionAnswerInvalid` for a list that contradicts its own totals or goes round in
    circles.
    """
    rows: list[BookedPayment] = []
    token, tokens = "", set[str]()
    while True:
        page = books.booked_payments(region, period, page_size=_PAGE, page_token=token)
        if page is None:
            return None
        rows += page.payments
        token = page.next_page_token
        if not token or len(rows) > page.totals.count:
            break
        if not page.payments or token in tokens:
            raise RegionAnswerInvalid(region=region, problem="a page of its list leads nowhere")
        tokens.add(token)
    if Totals().plus(rows) != page.totals:
        raise RegionAnswerInvalid(region=region, problem="its totals are not those of its list")
    return rows
