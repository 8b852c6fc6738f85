"""What the catalogue and help routes take in."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from gateway.bodies.fields import Body, Id, Page, Query

SearchWords = Annotated[str, StringConstraints(max_length=200)]
OfferingKind = Literal["", "film", "series", "music"]


class OfferingsPage(Page):
    """Which offerings."""

    query: SearchWords = ""
    kind: OfferingKind = ""


class OfferingPath(Body):
    """Which offering."""

    offering_id: Id


class NewContentQuote(Body):
    """Asks for a fixed price; `adult` states to be of age, needed from 18+."""

    offering_id: Id
    billing_account_id: Id
    adult: bool = False


class NewContentOrder(Body):
    """Orders what a quote offers."""

    content_quote_id: Id


class ContentOrderPath(Body):
    """Which order."""

    content_order_id: Id


class HelpQuery(Query):
    """Which help articles."""

    query: SearchWords = ""


class HelpArticlePath(Body):
    """Which article."""

    slug: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[a-z0-9\-]+$")]
