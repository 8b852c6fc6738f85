"""The profile: name, language, password, and where one is logged in."""

from typing import Any

from flask import Blueprint, request

from gateway.actions import identity as actions
from gateway.auth import caller, log_out
from gateway.bodies import identity as bodies
from gateway.cabinet.devices import device
from gateway.cabinet.pages import refused_on, render, see, typed
from gateway.errors import Problem

pages = Blueprint("cabinet_profile", __name__)


@pages.get("/profile")
def profile(problem: Problem | None = None) -> Any:
    who = caller()
    return render(
        "profile.html",
        problem=problem,
        profile=actions.get_profile(who),
        sessions=actions.list_sessions(who)["items"],
        device=device,
        done=request.args.get("done", ""),
    )


@pages.post("/profile")
@refused_on(profile)
def change_profile() -> Any:
    form = request.form
    body = typed(
        bodies.ProfileChange,
        {"display_name": form.get("display_name", "").strip(), "language": form.get("language", "ru")},
    )
    actions.update_profile(caller(), body)
    return see("/profile?done=profile")


@pages.post("/profile/password")
@refused_on(profile)
def change_password() -> Any:
    form = request.form
    body = typed(
        bodies.PasswordChange,
        {"current_password": form.get("current_password", ""), "new_password": form.get("new_password", "")},
    )
    actions.change_password(caller(), body)
    return see("/profile?done=password")


@pages.post("/sessions/<session_id>/end")
@refused_on(lambda problem, session_id: profile(problem))
def end_session(session_id: str) -> Any:
    mine = {session["id"] for session in actions.list_sessions(caller())["items"] if session["current"]}
    actions.end_session(caller(), session_id)
    if session_id in mine or session_id == "current":
        log_out()
        return see("/")
    return see("/profile?done=session")
