"""How every page is rendered, and how a form that was refused comes back with what was typed."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar
from uuid import uuid4

from flask import g, redirect, render_template, request
from pydantic import BaseModel, ValidationError
from werkzeug.wrappers import Response

from gateway.auth import csrf_token, has_cookies
from gateway.cabinet.words import Words
from gateway.errors import Problem, fields_invalid
from gateway.language import language_of
from gateway.parts import parts
from services.chassis.errors import DomainError, Kind

Body = TypeVar("Body", bound=BaseModel)
Shown = TypeVar("Shown")

LOGIN_NEEDED = frozenset({"CREDENTIALS_MISSING", "TOKEN_INVALID", "SESSION_ENDED"})
_PASSING = frozenset({Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED})
# By the names that forms send, what the API calls it, for its label: what is never shown again, and what else people
# type by hand.
_SECRETS = {
    "password": "password",
    "current_password": "current_password",
    "new_password": "new_password",
    "code": "code",
    "proof_value": "proof.value",
}
_TYPED = {
    "login": "login",
    "email": "email",
    "display_name": "display_name",
    "number": "number",
    "label": "label",
    "amount": "amount",
    "monthly_pay_limit": "monthly_pay_limit",
    "ends_on": "ends_on",
    "until": "until",
    "day": "trigger.day",
    "minimum_balance": "trigger.minimum_balance",
    "per_charge": "caps.per_charge",
    "per_day": "caps.per_day",
    "per_month": "caps.per_month",
}


def words() -> Words:
    """Return the words of the reader."""
    language = language_of(request)
    return Words(parts().pages[language], language, parts().clock.now())


def render(template: str, /, *, problem: Problem | None = None, **values: Any) -> str:
    """Return a page. `problem` is shown as a summary above the form that it is about."""
    said = words()
    return render_template(
        template,
        t=said.t,
        word=said.word,
        money=said.money,
        moment=said.moment,
        day=said.day,
        day_of=said.day_of,
        month_name=said.month_name,
        language=said.language,
        logged_in=has_cookies() and not g.get("forget", False),
        csrf_token=csrf_token,
        problem=problem,
        entered=_entered(),
        **values,
    )


def refused_on(show: Callable[..., Any], /) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Show the page of a form again when what was sent is refused: with the reason, and with what was typed.

    Where that page cannot be shown now either, a small one keeps what was typed, and the key under which it acts once.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**path: str) -> Any:
            try:
                return view(**path)
            except DomainError as error:
                if error.reason in LOGIN_NEEDED:
                    raise
                g.reason = error.reason
                problem = parts().problems.of(error, language=language_of(request))
                shown, silence = if_answered(lambda: show(problem=problem, **path))
                if silence is not None:
                    return _form_kept(problem), silence.status, _retry_after(silence)
                return shown, problem.status, _retry_after(problem)

        return guarded

    return decorate


def if_answered(read: Callable[[], Shown], /) -> tuple[Shown | None, Problem | None]:
    """Return what a part of a page reads, or why it cannot be shown now: the rest of the page stands without it."""
    try:
        return read(), None
    except DomainError as error:
        if error.kind not in _PASSING:
            raise
        return None, parts().problems.of(error, language=language_of(request))


def typed(model: type[Body], fields: Mapping[str, Any], /) -> Body:
    """Return what a form says in the form that the API takes. Raises `FieldsInvalid`."""
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        raise fields_invalid(error) from None


def new_request_id() -> str:
    """Return the key under which a form acts once; the one that came in when the form is shown again."""
    return request.form.get("request_id") or str(uuid4())


def see(address: str, /) -> Response:
    """Lead to another page after a POST, so that reloading repeats nothing."""
    return redirect(address, code=303)


def local_path(address: str, /) -> str:
    """Return an address of ours to go on to; the home page for any other."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain else "/"


def _form_kept(refusal: Problem) -> str:
    """Return a page of the form's fields only, since nothing else can be read now."""
    form = request.form
    return render(
        "form_kept.html",
        refusal=refusal,
        typed=[(field, form[name]) for name, field in _TYPED.items() if form.get(name)],
        repeated=[(name, value) for name, value in form.items(multi=True) if name not in {*_SECRETS, "csrf_token"}],
        secrets=[(name, field) for name, field in _SECRETS.items() if name in form],
    )


def _entered() -> Mapping[str, str]:
    if request.method != "POST":
        return {}
    return {name: value for name, value in request.form.items() if name not in _SECRETS}


def _retry_after(problem: Problem) -> dict[str, str]:
    return {} if problem.retry_after_s is None else {"Retry-After": str(problem.retry_after_s)}
