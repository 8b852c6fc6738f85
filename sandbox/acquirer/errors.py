"""Refusals in YooKassa's form, `{type: error, id, code, description, parameter}`; whoever refuses decides when."""

import uuid


class ApiError(Exception):
    """A refusal that the caller of the API gets to see.

    https://yookassa.ru/developers/using-api/response-handling/http-codes
    """

    def __init__(self, *, status: int, code: str, description: str, parameter: str | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.code = code
        self.description = description
        self.parameter = parameter

    def body(self) -> dict[str, str]:
        """Return the JSON body; its id is new each time, as with the original."""
        body = {"type": "error", "id": str(uuid.uuid4()), "code": self.code, "description": self.description}
        return body if self.parameter is None else body | {"parameter": self.parameter}


def invalid_request(description: str, /, *, parameter: str | None = None) -> ApiError:
    """The request breaks the rules of the API, in form or in logic."""
    return ApiError(status=400, code="invalid_request", description=description, parameter=parameter)


def not_found(thing: str, /, *, parameter: str) -> ApiError:
    """The thing does not exist, or is another shop's: the answer is the same."""
    return ApiError(
        status=404, code="not_found", description=f"{thing} doesn't exist or access denied", parameter=parameter
    )


def invalid_credentials() -> ApiError:
    """The shop id or the secret key is wrong or missing."""
    return ApiError(
        status=401, code="invalid_credentials", description="Basic authentication failed", parameter="Authorization"
    )


def forbidden(description: str, /, *, parameter: str) -> ApiError:
    """The shop has no right to do this."""
    return ApiError(status=403, code="forbidden", description=description, parameter=parameter)


def internal_server_error() -> ApiError:
    """Something broke; the caller cannot know whether the request took effect."""
    return ApiError(
        status=500, code="internal_server_error", description="Technical error. Try again with the same key"
    )
