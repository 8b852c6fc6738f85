"""The forms that fields of requests share; what they mean is checked by the services."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

_LARGEST_MINOR = 10**15  # beyond any sum, and still exact where numbers are doubles

Id = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9_:.\-]+$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z0-9_\-]+$")]
Text = Annotated[str, StringConstraints(max_length=200)]
Email = Annotated[str, StringConstraints(min_length=3, max_length=254)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Language = Literal["ru", "en"]
OptionalId = Annotated[str, StringConstraints(max_length=120, pattern=r"^[A-Za-z0-9_:.\-]*$")]
PageToken = Annotated[str, StringConstraints(max_length=500)]


class Body(BaseModel):
    """A JSON body: unknown fields are refused, and nothing is converted from another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


def misplaced(field: str, /, *, missing: bool) -> PydanticCustomError:
    """Return the error of a field that hangs on another one: it is missing, or there is no place for it."""
    return PydanticCustomError("missing" if missing else "out_of_place", "{field} hangs on a field", {"field": field})


class Query(BaseModel):
    """Parameters of an address: unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")


class Page(Query):
    """Which rows of a list."""

    page_size: int = Field(default=20, ge=1, le=100)
    page_token: PageToken = ""


class Amount(Body):
    """A sum in the currency's minor unit: 45000 is 450 roubles."""

    amount_minor: int = Field(ge=-_LARGEST_MINOR, le=_LARGEST_MINOR)
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
