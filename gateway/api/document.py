"""The OpenAPI document of the API, made from the routes themselves."""

from typing import Any

from flask import Flask, Response, jsonify
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from gateway.api import (
    accounts,
    autopay,
    content,
    documents,
    grants,
    identity,
    ordering,
    overview,
    payments,
    webhooks,
)
from gateway.api.answers import SECURITY_SCHEMES, ProblemDocument
from gateway.api.routes import BASE
from gateway.auth import is_public, public

_AREAS = (identity, accounts, grants, ordering, payments, autopay, documents, content, overview, webhooks)
_INFO = Info(
    title="Kabinet",
    version="1.0.0",
    description=(
        "The unified personal account. Money is in kopecks, times are RFC 3339 in UTC, refusals are RFC 9457 problems "
        "in Russian or English by Accept-Language."
    ),
)


def make_app(name: str, /, *, on_invalid: Any, **options: Any) -> OpenAPI:
    """Return the Flask app that knows how to describe its routes."""
    return OpenAPI(
        name,
        info=_INFO,
        security_schemes=SECURITY_SCHEMES,
        validation_error_status=400,
        validation_error_model=ProblemDocument,
        validation_error_callback=on_invalid,
        doc_ui=False,
        **options,
    )


def register(app: OpenAPI, /) -> None:
    """Put all areas and the document itself on an app."""
    for area in _AREAS:
        app.register_api(area.api)

    @app.route(f"{BASE}/openapi.json", endpoint="openapi_document")
    @public
    def document() -> Response:
        return jsonify(describe(app))


def describe(app: OpenAPI, /) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document; a route that needs no login says so."""
    described: dict[str, Any] = app.api_doc
    for path, method, endpoint in _operations(app):
        operation = described["paths"].get(path, {}).get(method)
        if operation is not None and is_public(endpoint):
            operation["security"] = []
    return described


def _operations(app: Flask) -> list[tuple[str, str, str]]:
    return [
        (rule.rule.replace("<string:", "{").replace(">", "}"), method.lower(), rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    ]
