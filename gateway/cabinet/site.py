"""The web cabinet as a whole: its areas, and refusals as pages."""

from typing import Any
from urllib.parse import quote

from flask import Flask, request

from gateway.auth import log_out
from gateway.cabinet import (
    accounts,
    autopay,
    catalogue,
    claims,
    documents,
    entry,
    grants,
    help_pages,
    home,
    ordering,
    payments,
    profile,
)
from gateway.cabinet.pages import LOGIN_NEEDED, render, see
from gateway.errors import Problem

_AREAS = (
    entry,
    home,
    accounts,
    claims,
    grants,
    ordering,
    payments,
    autopay,
    documents,
    catalogue,
    help_pages,
    profile,
)


def register(app: Flask, /) -> None:
    """Put all pages on an app."""
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.template_folder = "cabinet/templates"
    for area in _AREAS:
        app.register_blueprint(area.pages)


def refuse(problem: Problem, /) -> Any:
    """Return a refusal as a page: in the words of the API's problems, with what to do next.

    Who is not logged in, or no longer, is led to the login and back.
    """
    if problem.code in LOGIN_NEEDED:
        log_out()
        wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return see(f"/login?next={quote(wanted, safe='')}")
    headers = {} if problem.retry_after_s is None else {"Retry-After": str(problem.retry_after_s)}
    return render("error.html", refusal=problem), problem.status, headers
