"""What the acquirer sends: a hint that something changed, never a fact.

Anybody can post here, so the answer tells nothing: it is the same for a payment that exists, for one that does not, and
for what is no notification at all.
"""

from typing import Any

from flask import request

from gateway.actions.payments import note_acquirer_notification
from gateway.api.answers import only_refusals
from gateway.api.routes import area
from gateway.auth import caller, public

api = area("webhooks", "Notifications of the acquirer")

_LONGEST = 100
_ANSWERS: Any = {"200": {"description": "Always, with an empty body"}, **only_refusals(413, 503)}


@api.post("/webhooks/yookassa", responses=_ANSWERS)
@public
def yookassa() -> Any:
    """Take a notification of the acquirer as a hint to ask it"""
    payment_id, event = _hint(_body())
    if payment_id and event:
        note_acquirer_notification(caller(), acquirer_payment_id=payment_id, event=event)
    return "", 200


def _body() -> Any:
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


def _hint(body: Any) -> tuple[str, str]:
    found = body.get("object") if isinstance(body, dict) else None
    payment_id = found.get("id") if isinstance(found, dict) else None
    event = body.get("event") if isinstance(body, dict) else None
    return _word(payment_id), _word(event)


def _word(value: Any) -> str:
    plain = isinstance(value, str) and len(value) <= _LONGEST and value.isascii() and value.isprintable()
    return value if plain else ""
