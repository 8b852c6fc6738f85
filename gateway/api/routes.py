"""A blueprint per area under /api/v1, all of them alike."""

from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from gateway.api.answers import BEARER_OR_COOKIE, answer, refusals

BASE = "/api/v1"


def area(name: str, description: str, /) -> APIBlueprint:
    """Return the blueprint of an area."""
    return APIBlueprint(
        f"api_{name}",
        __name__,
        url_prefix=BASE,
        abp_tags=[Tag(name=name, description=description)],
        abp_security=BEARER_OR_COOKIE,
    )


def answers(status: int, shape: Any = None, /, *, name: str = "", refused: tuple[int, ...] = (401, 403, 404)) -> Any:
    """Return the `responses` of a route: what it answers, and which refusals it knows."""
    given = {str(status): answer(shape, name=name)} if shape is not None else {str(status): None}
    return {**given, **refusals(*refused)}
