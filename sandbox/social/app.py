"""The social provider: oidc-provider-mock with one registered client, our pages, PKCE enforced and its debugger off."""

import ipaddress
from urllib.parse import urlsplit

import oidc_provider_mock
from flask import Flask, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from oidc_provider_mock._storage import Client, storage

from sandbox.chassis import json_log
from sandbox.social.config import Settings
from sandbox.social.demo_users import DEMO_USERS
from sandbox.social.pkce import PkceGate

_AUTHORIZE, _TOKEN, _DISCOVERY = "/oauth2/authorize", "/oauth2/token", "/.well-known/openid-configuration"
# registration of clients, a demonstration client, and a log-out that redirects wherever it is told to
_SHUT = ("/oauth2/clients", "/oidc/", "/oauth2/end_session")
_SCOPES = ("openid", "profile", "email")


def build_app(settings: Settings, /) -> Flask:
    """Return the WSGI application."""
    app = Flask(__name__)
    app.add_url_rule("/healthz", view_func=_health)
    app.before_request(lambda: _guard(settings.issuer))
    plain = app.wsgi_app
    oidc_provider_mock.init_app(
        app,
        require_client_registration=True,
        require_nonce=True,
        issue_refresh_token=False,
        user_claims=DEMO_USERS,
    )
    # init_app wraps the application in werkzeug's debugger, which runs code that a browser sends
    app.debug, app.wsgi_app = False, plain  # type: ignore[method-assign]
    _register_client(app, settings)
    _enforce_pkce(app, PkceGate(code_lifetime_s=settings.social_code_lifetime_s))
    app.view_functions["oidc-provider-mock.openid_config"] = lambda: _discovery(settings.issuer)
    app.after_request(_finish)
    return app


def _register_client(app: Flask, settings: Settings) -> None:
    """Put the client where the provider looks; its own registration endpoint would choose an id that nobody knows."""
    client = Client(
        id=settings.social_client_id,
        secret=settings.social_client_secret,
        redirect_uris=settings.social_redirect_uris,
        allowed_scopes=_SCOPES,
        token_endpoint_auth_method="client_secret_basic",
    )
    with app.test_request_context("/healthz", base_url=settings.issuer):
        app.preprocess_request()
        storage.store_client(client)


def _enforce_pkce(app: Flask, gate: PkceGate) -> None:
    def before() -> ResponseReturnValue | None:
        if request.path == _AUTHORIZE:
            return gate.before_authorize()
        return gate.before_token() if request.path == _TOKEN else None

    def after(answer: Response) -> Response:
        return gate.after_authorize(answer) if request.path == _AUTHORIZE else answer

    app.before_request(before)
    app.after_request(after)


def _guard(issuer: str) -> None:
    """Shut what the library opens for convenience; answer under the issuer's name only, for tokens carry that name."""
    if request.path == "/healthz":
        return
    if request.host != urlsplit(issuer).netloc:
        abort(421)
    if request.path.startswith(_SHUT):
        abort(404)
    if request.path.startswith("/users/") and not ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback:
        abort(404)


def _health() -> Response:
    return jsonify(status="ok")


def _discovery(issuer: str) -> Response:
    """Say what is true here: one way of client authentication, S256, no registration."""
    return jsonify(
        issuer=issuer,
        authorization_endpoint=issuer + _AUTHORIZE,
        token_endpoint=issuer + _TOKEN,
        userinfo_endpoint=f"{issuer}/userinfo",
        jwks_uri=f"{issuer}/jwks",
        response_types_supported=["code"],
        response_modes_supported=["query"],
        grant_types_supported=["authorization_code"],
        scopes_supported=list(_SCOPES),
        token_endpoint_auth_methods_supported=["client_secret_basic"],
        code_challenge_methods_supported=["S256"],
        id_token_signing_alg_values_supported=["RS256"],
        subject_types_supported=["public"],
    )


def _finish(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if request.path != "/healthz":
        json_log.info("request", method=request.method, route=str(request.url_rule), status=answer.status_code)
    return answer
