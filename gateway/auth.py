"""Who a request speaks for: a bearer token, or the cabinet's cookies with proof that a page of ours made it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request, session
from flask_wtf.csrf import CSRFProtect, generate_csrf
from kabinet.identity.v1 import identity_pb2

from gateway.actions.identity import refresh_session
from gateway.clients import Caller
from gateway.language import language_of
from gateway.parts import parts
from gateway.views.identity import TokensView
from services.chassis.caller import CredentialsMissing
from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from services.chassis.tokens import TokenInvalid

View = TypeVar("View", bound=Callable[..., Any])

ACCESS_COOKIE = "__Host-access"
REFRESH_COOKIE = "__Host-refresh"
_REFRESH_LIFETIME = timedelta(days=30)
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_USER_AGENT_LENGTH = 200
_TAKES_NO_TOKEN = {"api_webhooks"}  # the acquirer speaks for nobody; whatever its header says, its notification counts

_csrf = CSRFProtect()


def public(view: View, /) -> View:
    """Mark a view that answers without a login. Every other one refuses before it looks at the request."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def is_public(endpoint: str | None, /) -> bool:
    """Tell whether an endpoint answers without a login; what does not exist does."""
    if endpoint is None or endpoint == "static":
        return True
    return bool(getattr(current_app.view_functions.get(endpoint), "is_public", False))


def guard(app: Flask, /) -> None:
    """Make every request of an app say who it speaks for, and keep the cookies up to date."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # a bearer token needs none: no browser adds it by itself
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a form may stay open; its token ends with the session
    app.config.update(SESSION_COOKIE_NAME="__Host-session", SESSION_COOKIE_SECURE=True, SESSION_COOKIE_PATH="/")
    app.config.update(SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax")
    _csrf.init_app(app)
    app.before_request(_admit)
    app.after_request(_keep_cookies)


def caller() -> Caller:
    """Return who the request at hand speaks for."""
    found: Caller = g.caller
    return found


def require_login() -> None:
    """Make sure, in a view that is open to all, that the calls to come speak for a subscriber."""
    if not g.caller.access_token:
        _log_in_again(g.caller)


def has_cookies() -> bool:
    """Tell whether the browser is logged in, as far as its cookies say."""
    return bool(request.cookies.get(ACCESS_COOKIE) or request.cookies.get(REFRESH_COOKIE))


def log_in(tokens: TokensView, /) -> None:
    """Give the browser its cookies, and new form tokens: those of before may be known to somebody else."""
    session.clear()
    g.tokens = tokens


def log_out() -> None:
    """Take the browser's cookies away."""
    session.clear()
    g.forget = True


def csrf_token() -> str:
    """Return the token that a request with cookies has to bring again."""
    return str(generate_csrf())


def _admit() -> None:
    bearer = _bearer()
    uses_cookies = bearer is None
    g.caller = Caller(
        clients=parts().clients,
        access_token=_clean(request.cookies.get(ACCESS_COOKIE, "")) if bearer is None else bearer,
        language=language_of(request),
        client=identity_pb2.Client(
            ip_address=request.remote_addr or "", user_agent=request.user_agent.string[:_USER_AGENT_LENGTH]
        ),
        renew=_renew if uses_cookies and request.cookies.get(REFRESH_COOKIE) else None,
    )
    if request.endpoint is None:
        return
    login_needed = not is_public(request.endpoint)
    if uses_cookies and request.method not in _SAFE_METHODS and (login_needed or _is_page()):
        _require_csrf_token(login_needed)
    if login_needed:
        require_login()


def _require_csrf_token(login_needed: bool) -> None:
    if login_needed and not has_cookies():
        raise CredentialsMissing("This needs a login.")
    _csrf.protect()


def _bearer() -> str | None:
    header = request.headers.get("Authorization")
    if header is None or request.blueprint in _TAKES_NO_TOKEN:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not _clean(token):
        raise TokenInvalid("The Authorization header is not one bearer token.")
    return token


def _clean(token: str) -> str:
    """Return the token, or nothing when it could not even travel in a header."""
    return token if token.isascii() and token.isprintable() and " " not in token else ""


def _is_page() -> bool:
    return (request.blueprint or "").startswith("cabinet")


def _log_in_again(who: Caller) -> None:
    """Use the refresh token when the browser has dropped the access token, which it does when that ends."""
    if who.renew is None:
        raise CredentialsMissing("This needs a login.")
    who.access_token, who.renew = who.renew(), None


def _renew() -> str:
    try:
        tokens = refresh_session(g.caller, request.cookies[REFRESH_COOKIE], clock=parts().clock)
    except RemoteError as error:
        g.forget = error.kind is Kind.UNAUTHENTICATED
        raise
    g.tokens = tokens
    return tokens["access_token"]


def _keep_cookies(response: Response) -> Response:
    tokens: TokensView | None = g.get("tokens")
    if tokens is not None:
        _set(response, ACCESS_COOKIE, tokens["access_token"], tokens["expires_in"])
        _set(response, REFRESH_COOKIE, tokens["refresh_token"], int(_REFRESH_LIFETIME.total_seconds()))
    elif g.get("forget", False):
        for name in (ACCESS_COOKIE, REFRESH_COOKIE):
            response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")
    return response


def _set(response: Response, name: str, value: str, max_age: int) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="Lax")
