"""Puts the acquirer together: routes, errors, health, log; what they do is elsewhere."""

import time
from collections.abc import Callable, Sequence

from flask import Blueprint, Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.acquirer import errors
from sandbox.acquirer.api import Api
from sandbox.acquirer.control import Control
from sandbox.chassis import json_log
from sandbox.chassis.sqlite import Database


def build_app(
    *, database: Database, api: Api, pages: Sequence[Blueprint], control: Control, on_answer: Callable[[], None]
) -> Flask:
    """Return the WSGI application; `on_answer` is called after every changing request."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(api.blueprint())
    for blueprint in pages:
        app.register_blueprint(blueprint)
    app.register_blueprint(control.blueprint())
    app.add_url_rule("/healthz", view_func=lambda: _health(database))
    app.register_error_handler(errors.ApiError, _refuse)
    app.register_error_handler(Exception, _fail)
    app.before_request(_start_watch)
    app.after_request(lambda answer: _log(answer, on_answer))
    return app


def _health(database: Database) -> Response:
    database.read().execute("SELECT 1 FROM ledger LIMIT 1").fetchone()
    return jsonify(status="ok")


def _refuse(error: errors.ApiError) -> tuple[Response, int]:
    return jsonify(error.body()), error.status


def _fail(error: Exception) -> tuple[Response, int] | HTTPException:
    if isinstance(error, HTTPException):
        return error
    json_log.failure("request failed", route=str(request.url_rule))
    return _refuse(errors.internal_server_error())


def _start_watch() -> None:
    g.started_at = time.monotonic()


def _log(answer: Response, on_answer: Callable[[], None]) -> Response:
    if request.method != "GET":
        on_answer()
    if str(request.url_rule) != "/healthz":
        json_log.info(
            "request",
            method=request.method,
            route=str(request.url_rule),
            status=answer.status_code,
            duration_ms=round((time.monotonic() - g.started_at) * 1000, 1),
            object_id=(request.view_args or {}).get("payment_id"),
        )
    return answer
