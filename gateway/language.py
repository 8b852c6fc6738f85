"""In which language to answer: what the reader chose on a page, else what the browser asks for, else Russian."""

from flask import Request

from gateway.wording import DEFAULT_LANGUAGE, LANGUAGES

LANGUAGE_COOKIE = "__Host-language"


def language_of(request: Request, /) -> str:
    """Return `ru` or `en`. The API goes by `Accept-Language` alone."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES and not request.path.startswith("/api/"):
        return chosen
    return request.accept_languages.best_match(LANGUAGES, default=DEFAULT_LANGUAGE)
