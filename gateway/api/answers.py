"""How the API's answers stand in the OpenAPI document, and how refusals look: RFC 9457 problems."""

from typing import Any

from flask import Response, jsonify
from pydantic import BaseModel, Field, RootModel
from werkzeug.http import dump_header

from gateway.errors import Problem

BEARER_OR_COOKIE: list[dict[str, list[str]]] = [{"bearer": []}, {"cookies": []}]
SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookies": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-access",
        "description": "The web cabinet's cookies; methods that change something need X-CSRF-Token as well.",
    },
}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    code: str
    detail: str


class ProblemDocument(BaseModel):
    """A refusal (RFC 9457): `code` is stable, the texts are in the language asked for."""

    type: str
    title: str
    status: int
    code: str
    detail: str = Field(description="What happened, and why")
    next_step: str = Field(description="What to do next, in one sentence")
    help_url: str
    instance: str
    errors: list[FieldError] = Field(description="Per field; empty when the refusal is not about the form")


def answer(shape: Any, /, *, name: str) -> type[BaseModel]:
    """Return the model of an answer for the document; answers themselves are made as plain mappings."""
    model: type[BaseModel] = type(name, (RootModel[shape],), {"__doc__": shape.__doc__, "__module__": __name__})
    return model


def refusals(*statuses: int) -> dict[str, Any]:
    """Return the refusals that every route knows, and those of this one."""
    return only_refusals(*{400, 401, 413, 429, 500, 503, *statuses})


def only_refusals(*statuses: int) -> dict[str, Any]:
    """Return exactly these refusals."""
    return {str(status): {"description": "Refused", "content": _PROBLEM} for status in sorted(statuses)}


def problem_response(problem: Problem, /, *, public_url: str, request_id: str) -> Response:
    """Return a refusal as JSON."""
    response = jsonify(problem.as_mapping(public_url=public_url, request_id=request_id))
    response.status_code = problem.status
    response.mimetype = "application/problem+json"
    if problem.retry_after_s is not None:
        response.headers["Retry-After"] = str(problem.retry_after_s)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = dump_header(["Bearer"])
    return response
