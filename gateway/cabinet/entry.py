"""Getting in and out: registration, login, social login, logout, language."""

import secrets
from contextlib import suppress
from typing import Any

from flask import Blueprint, request

from gateway.actions import identity as actions
from gateway.auth import caller, has_cookies, log_in, log_out, public, require_login
from gateway.bodies import identity as bodies
from gateway.cabinet.pages import local_path, refused_on, render, see, typed
from gateway.errors import Problem, SocialLoginCancelled
from gateway.language import LANGUAGE_COOKIE
from gateway.parts import parts
from gateway.views.identity import SocialProviderView
from gateway.wording import LANGUAGES
from services.chassis.errors import DomainError
from services.chassis.grpc_errors import RemoteError

pages = Blueprint("cabinet_entry", __name__)

CONSENT_VERSION = "1"  # of the texts that the registration page shows
_SOCIAL_COOKIE = "__Host-social"
_SOCIAL_LIFETIME_S = 600
_LANGUAGE_LIFETIME_S = 365 * 24 * 3600


@pages.get("/register")
@public
def register(problem: Problem | None = None) -> Any:
    return render("register.html", problem=problem, providers=_providers())


@pages.post("/register")
@public
@refused_on(register)
def start_registration() -> Any:
    form = request.form
    consents = [{"kind": kind, "version": CONSENT_VERSION} for kind in ("terms", "personal_data") if form.get(kind)]
    body = typed(
        bodies.NewRegistration,
        {
            "login": form.get("login", "").strip(),
            "password": form.get("password", ""),
            "email": form.get("email", "").strip(),
            "consents": consents,
        },
    )
    registration = actions.start_registration(caller(), body)
    return see(f"/register/{registration['id']}")


@pages.get("/register/<registration_id>")
@public
def enter_code(registration_id: str, problem: Problem | None = None) -> Any:
    return render("register_code.html", problem=problem, registration_id=registration_id)


@pages.post("/register/<registration_id>")
@public
@refused_on(enter_code)
def confirm_registration(registration_id: str) -> Any:
    body = typed(bodies.Confirmation, {"code": request.form.get("code", "").strip()})
    log_in(actions.confirm_registration(caller(), registration_id, body, clock=parts().clock))
    return see("/")


@pages.get("/login")
@public
def login(problem: Problem | None = None) -> Any:
    wanted = local_path(request.values.get("next", "/"))
    return render("login.html", problem=problem, providers=_providers(), wanted=wanted)


@pages.post("/login")
@public
@refused_on(login)
def create_session() -> Any:
    form = request.form
    body = typed(bodies.NewSession, {"login": form.get("login", "").strip(), "password": form.get("password", "")})
    log_in(actions.create_session(caller(), body, clock=parts().clock))
    return see(local_path(form.get("next", "/")))


@pages.post("/logout")
@public
def end_session() -> Any:
    if has_cookies():
        _end_quietly()
    log_out()
    return see("/")


@pages.post("/social-login")
@public
@refused_on(login)
def start_social_login() -> Any:
    secret = secrets.token_urlsafe(32)
    body = typed(
        bodies.NewSocialLogin,
        {
            "provider": request.form.get("provider", ""),
            "return_url": f"{parts().settings.public_url}/social/callback",
            "browser_secret": secret,
        },
    )
    response = see(actions.start_social_login(caller(), body)["authorization_url"])
    response.set_cookie(
        _SOCIAL_COOKIE, secret, max_age=_SOCIAL_LIFETIME_S, path="/", secure=True, httponly=True, samesite="Lax"
    )
    return response


@pages.get("/social/callback")
@public
def complete_social_login() -> Any:
    if "error" in request.args:
        raise SocialLoginCancelled("The social network was not allowed to tell who it is.")
    body = typed(
        bodies.SocialCompletion,
        {
            "code": request.args.get("code", ""),
            "state": request.args.get("state", ""),
            "browser_secret": request.cookies.get(_SOCIAL_COOKIE, "").ljust(16),  # without one it fits no login
        },
    )
    log_in(actions.complete_social_login(caller(), "", body, clock=parts().clock))
    response = see("/")
    response.delete_cookie(_SOCIAL_COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    return response


@pages.post("/language")
@public
def choose_language() -> Any:
    response = see(local_path(request.form.get("back", "/")))
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=_LANGUAGE_LIFETIME_S, path="/", secure=True, httponly=True, samesite="Lax"
        )
    return response


def _providers() -> list[SocialProviderView]:
    """Return the social networks; none when identity does not answer, since the form itself still helps."""
    try:
        return actions.list_social_providers(caller())["items"]
    except RemoteError:
        return []


def _end_quietly() -> None:
    """End the session at identity. When that does not work the cookies go all the same: the reader asked to leave."""
    with suppress(DomainError):
        require_login()
        actions.end_session(caller(), "current")
