"""Refusals as clients see them: RFC 9457 problems with a stable code, in Russian or English."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from gateway.wording import ErrorTexts
from services.chassis.errors import DomainError, Kind

_STATUS = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.PERMISSION_DENIED: 403,
    Kind.NOT_FOUND: 404,
    Kind.ALREADY_EXISTS: 409,
    Kind.FAILED_PRECONDITION: 409,
    Kind.ABORTED: 409,
    Kind.RESOURCE_EXHAUSTED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.DEADLINE_EXCEEDED: 503,  # not 504: for a client both mean "later, with the same key"
    Kind.INTERNAL: 500,
}
_STATUS_BY_REASON = {
    "REQUEST_ID_REUSED": 422,  # the product's rule for an idempotency key with another body
    "OVERLOADED": 503,
    "METHOD_NOT_ALLOWED": 405,
    "BODY_TOO_LARGE": 413,
}
_TEXT_OF_KIND = {
    Kind.INVALID: "FIELD_INVALID",
    Kind.UNAUTHENTICATED: "CREDENTIALS_MISSING",
    Kind.PERMISSION_DENIED: "CALLER_NOT_ALLOWED",
    Kind.NOT_FOUND: "NOT_FOUND",
    Kind.ALREADY_EXISTS: "VERSION_CONFLICT",
    Kind.FAILED_PRECONDITION: "NOT_POSSIBLE_NOW",
    Kind.ABORTED: "VERSION_CONFLICT",
    Kind.RESOURCE_EXHAUSTED: "OVERLOADED",
    Kind.UNAVAILABLE: "TEMPORARILY_UNAVAILABLE",
    Kind.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
    Kind.INTERNAL: "INTERNAL",
}
_RETRY_AFTER_S = 5


class RouteNotFound(DomainError):
    """Nothing is at this address."""

    reason = "NOT_FOUND"
    kind = Kind.NOT_FOUND


class MethodRefused(DomainError):
    """The address exists, but not for this method."""

    reason = "METHOD_NOT_ALLOWED"
    kind = Kind.INVALID


class BodyTooLarge(DomainError):
    """The body is larger than any that the API takes."""

    reason = "BODY_TOO_LARGE"
    kind = Kind.INVALID


class BodyUnreadable(DomainError):
    """The body is not the one JSON object that the API takes, or the request is no HTTP that can be understood."""

    reason = "BODY_UNREADABLE"
    kind = Kind.INVALID


class CardNumberNotAccepted(DomainError):
    """The body holds a card number: those are typed on the acquirer's page only, and are not even looked at here."""

    reason = "CARD_NUMBER_NOT_ACCEPTED"
    kind = Kind.INVALID


class CsrfTokenInvalid(DomainError):
    """A request with cookies does not show that a page of ours made it."""

    reason = "CSRF_TOKEN_INVALID"
    kind = Kind.PERMISSION_DENIED


class IdempotencyKeyMissing(DomainError):
    """A request that moves money or orders something has no Idempotency-Key."""

    reason = "IDEMPOTENCY_KEY_MISSING"
    kind = Kind.INVALID


class PaymentInProgress(DomainError):
    """The first request with this key is still being answered."""

    reason = "PAYMENT_IN_PROGRESS"
    kind = Kind.ALREADY_EXISTS


class SocialLoginCancelled(DomainError):
    """The social network sent the browser back without a login."""

    reason = "SOCIAL_LOGIN_CANCELLED"
    kind = Kind.UNAUTHENTICATED


class Overloaded(DomainError):
    """As many requests are under way as can be answered in time."""

    reason = "OVERLOADED"
    kind = Kind.UNAVAILABLE


class Unexpected(DomainError):
    """Something that nobody foresaw; its text stays in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """What is wrong with one field: `rule` is a key of texts/fields.*.json, or a word of the service that refused."""

    field: str
    rule: str
    limit: str = ""


class FieldsInvalid(DomainError):
    """The request does not have the form that the contract asks for."""

    reason = "FIELD_INVALID"
    kind = Kind.INVALID

    def __init__(self, problems: Sequence[FieldProblem], /) -> None:
        super().__init__("Fields are not valid.", field=problems[0].field, rule=problems[0].rule)
        self.problems = tuple(problems)


_RULES = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "literal_error": "not_offered",
    "out_of_place": "out_of_place",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
}


def request_invalid(error: ValidationError, /) -> DomainError:
    """Return what pydantic found in a request to the API: that there is no body at all, or which fields are wrong."""
    if any(found["type"] == "model_type" and not found["loc"] for found in _found_in(error)):
        return BodyUnreadable("There is no body.")
    return fields_invalid(error)


def fields_invalid(error: ValidationError, /) -> FieldsInvalid:
    """Return what pydantic found, without the values: they may be personal."""
    return FieldsInvalid([_field_problem(found) for found in _found_in(error)])


def _found_in(error: ValidationError) -> Sequence[ErrorDetails]:
    return error.errors(include_url=False, include_input=False)


def _field_problem(found: ErrorDetails) -> FieldProblem:
    """Return a problem by its field; the rules of a whole model name theirs themselves (`bodies.fields.misplaced`)."""
    told = found.get("ctx") or {}
    place = [*found["loc"], told["field"]] if "field" in told else found["loc"]
    return FieldProblem(
        field=".".join(str(part) for part in place),
        rule=_RULES.get(found["type"], "not_valid"),
        limit=str(told.get("max_length") or told.get("min_length") or ""),
    )


def from_http(error: HTTPException, /) -> DomainError:
    """Return what an error of the framework means."""
    match error:
        case NotFound():
            return RouteNotFound("Nothing is at this address.")
        case MethodNotAllowed():
            return MethodRefused("The address does not take this method.")
        case RequestEntityTooLarge():
            return BodyTooLarge("The body is too large.")
        case _ if error.code is not None and error.code < 500:
            return BodyUnreadable("The request cannot be understood.")
        case _:
            return Unexpected("Something went wrong.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A refusal in words, for the API and for the pages."""

    status: int
    code: str
    title: str
    detail: str
    next_step: str
    help_slug: str
    fields: tuple[Mapping[str, str], ...]
    retry_after_s: int | None

    def as_mapping(self, *, public_url: str, request_id: str) -> dict[str, Any]:
        """Return the RFC 9457 form; `next_step` and `help_url` are members of our own."""
        return {
            "type": f"urn:kabinet:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "next_step": self.next_step,
            "help_url": f"{public_url}/help/{self.help_slug}",
            "instance": f"urn:kabinet:request:{request_id}",
            "errors": [dict(field) for field in self.fields],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """Finds the words for refusals."""

    errors: ErrorTexts
    field_rules: Mapping[str, Mapping[str, str]]

    def of(self, error: DomainError, /, *, language: str) -> Problem:
        """Return a refusal in words."""
        text = self.errors.of(
            error.reason, otherwise=_TEXT_OF_KIND[error.kind], language=language, metadata=error.metadata
        )
        return Problem(
            status=_STATUS_BY_REASON.get(error.reason, _STATUS[error.kind]),
            code=error.reason,
            title=text.title,
            detail=text.detail,
            next_step=text.next_step,
            help_slug=text.help_slug,
            fields=tuple(self._field(problem, language) for problem in _fields_of(error)),
            retry_after_s=_retry_after_s(error),
        )

    def _field(self, problem: FieldProblem, language: str) -> Mapping[str, str]:
        rules = self.field_rules[language]
        detail = rules.get(problem.rule, rules["not_valid"]).replace("{limit}", problem.limit)
        code = problem.rule if problem.rule in rules else "not_valid"
        return {"field": problem.field, "code": code.upper(), "detail": detail}


def _fields_of(error: DomainError) -> Sequence[FieldProblem]:
    if isinstance(error, FieldsInvalid):
        return error.problems
    field = error.metadata.get("field", "")
    return (FieldProblem(field=field, rule=error.metadata.get("rule", "")),) if field else ()


def _retry_after_s(error: DomainError) -> int | None:
    told = error.metadata.get("retry_after_s", "")
    if told.isdigit():
        return int(told)
    waits = error.kind in {Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.RESOURCE_EXHAUSTED}
    return _RETRY_AFTER_S if waits or isinstance(error, PaymentInProgress) else None
