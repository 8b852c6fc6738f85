"""The Flask app: hooks in their order, routes, and the one place that turns every error into an answer."""

from typing import Any

from flask import Flask, Response, g, jsonify, request
from flask_wtf.csrf import CSRFError
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway import auth, body, headers, observing, shedding
from gateway.api import document
from gateway.api.answers import problem_response
from gateway.cabinet import site
from gateway.config import Settings
from gateway.errors import CsrfTokenInvalid, Problem, Unexpected, from_http, request_invalid
from gateway.language import language_of
from gateway.observing import request_id
from gateway.parts import build_parts, keep, parts
from services.chassis.errors import DomainError
from services.chassis.logs import get_logger

_log = get_logger(__name__)


def create_app(settings: Settings, /) -> Flask:
    """Return the app. It connects to nothing before the first request."""
    app = document.make_app("gateway.app", on_invalid=_refuse_fields, static_folder="cabinet/static")
    app.secret_key = settings.secret_key_file.read_text()
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # JSON is UTF-8: Russian takes a third of the bytes
    app.url_map.merge_slashes = False  # an address with too many slashes is refused as any other unknown one
    held = build_parts(settings)
    keep(held, app.extensions)
    observing.observe(app)
    shedding.shed_overload(app, held.under_way)
    auth.guard(app)
    body.check_bodies(app)
    headers.secure(app, form_action_origins=settings.form_action_origins)
    document.register(app)
    site.register(app)
    _add_health(app)
    _add_error_handlers(app)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
    return app


def _add_health(app: Flask) -> None:
    @app.route("/healthz", endpoint="healthz")
    @auth.public
    def healthz() -> Response:
        return jsonify({"status": "alive"})

    @app.route("/readyz", endpoint="readyz")
    @auth.public
    def readyz() -> Response:
        # Not whether the services answer: one that is down costs its own part only, and no gateway would be better.
        _ = parts().clients
        return jsonify({"status": "ready"})


def _add_error_handlers(app: Flask) -> None:
    app.register_error_handler(DomainError, _answer_refusal)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)


def _answer_refusal(error: DomainError) -> Any:
    g.reason = error.reason
    problem = parts().problems.of(error, language=language_of(request))
    if _speaks_json():
        return problem_response(problem, public_url=parts().settings.public_url, request_id=request_id())
    return site.refuse(problem)


def _answer_http(error: HTTPException) -> Any:
    if error.response is not None or error.code is None or error.code < 400:
        return error  # a redirect of the framework's own
    if isinstance(error, CSRFError):
        return _answer_refusal(CsrfTokenInvalid("The form token is missing or not valid."))
    answer = _answer_refusal(from_http(error))
    _allow(answer, error)
    return answer


def _answer_unexpected(error: Exception) -> Any:
    _log.error("request_failed", request_id=request_id(), endpoint=request.endpoint, exc_info=error)
    return _answer_refusal(Unexpected("Something went wrong."))


def _refuse_fields(error: ValidationError) -> None:
    raise request_invalid(error)


def _allow(answer: Any, error: HTTPException) -> None:
    methods = getattr(error, "valid_methods", None)
    if methods and isinstance(answer, Response):
        answer.headers["Allow"] = ", ".join(sorted(methods))


def _speaks_json() -> bool:
    return f"/{request.path.lstrip('/')}".startswith("/api/") or request.endpoint in {"healthz", "readyz"}


__all__ = ["Problem", "create_app"]
