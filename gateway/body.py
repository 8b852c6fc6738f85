"""What is looked at in every body before anything else: its size, that it can be read, and that no card is in it."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask, Request, request

from gateway.errors import BodyTooLarge, BodyUnreadable, CardNumberNotAccepted
from services.chassis.logs import passes_luhn

LARGEST_BODY_BYTES = 64 * 1024
_EXEMPT = {"api_webhooks"}  # the acquirer's notifications have ids of its own, and only two words of them are used
# Whole runs of digits, as they are typed or in the groups that are printed; digits inside an id are none.
# Cards begin with 2 to 6 (ISO/IEC 7812-1, payment networks); without that, one in ten of all long numbers would pass
# for one.
_CARD_NUMBER = re.compile(
    r"(?<![\w-])(?:[2-6]\d{12,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{1,7}|3\d{3}([ -])\d{6}\2\d{5})(?![\w-])", re.ASCII
)


def check_bodies(app: Flask, /) -> None:
    """Refuse bodies that are too large, that hold a card number, or that are not the one JSON object the API takes."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    app.before_request(_check)


def _check() -> None:
    if (request.content_length or 0) > LARGEST_BODY_BYTES:
        raise BodyTooLarge("The body is too large.")
    if request.blueprint in _EXEMPT or request.method in {"GET", "HEAD"}:
        return
    if any(_holds_card_number(text) for text in _texts(request)):
        raise CardNumberNotAccepted("The body holds a card number.")
    if (request.blueprint or "").startswith("api_") and not _is_one_object(request):
        raise BodyUnreadable("The body is not one JSON object.")


def _is_one_object(incoming: Request) -> bool:
    """Tell whether a body is one JSON object, or none at all: not every route needs one.

    A string of JSON is none: flask-openapi3 would read what is inside it, which nothing here has looked at.
    """
    return not incoming.get_data() or (incoming.is_json and isinstance(_parsed(incoming), dict))


def _texts(incoming: Request) -> Iterator[str]:
    raw = incoming.get_data()
    if incoming.mimetype.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        yield from (value for _, value in incoming.form.items(multi=True))
    elif incoming.is_json and raw:
        yield from _strings(_parsed(incoming))
    else:
        yield raw.decode(errors="replace")


def _parsed(incoming: Request) -> Any:
    try:
        return incoming.get_json()
    except RecursionError as error:
        raise BodyUnreadable("The body is nested too deeply.") from error


def _strings(value: Any) -> Iterator[str]:
    """Yield every string, names of fields too; without recursion, since the depth is the sender's choice."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item


def _holds_card_number(text: str) -> bool:
    return any(passes_luhn(found.group()) for found in _CARD_NUMBER.finditer(text))
