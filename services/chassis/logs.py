"""JSON logs on standard output, one line an event; values that look like secrets or card numbers never leave."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_SECRET_NAMES = frozenset(
    {"password", "current_password", "new_password", "code", "token", "access_token", "refresh_token", "authorization"}
    | {"secret", "proof", "value", "browser_secret", "cvc", "cvv", "pan", "email"}
)
_DIGITS = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_HIDDEN = "[hidden]"


def configure(*, service: str, level: str, to: TextIO | None = None) -> None:
    """Send structlog and the standard library's loggers to standard output, or `to`, as JSON, scrubbed (I11)."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_service(service),
        structlog.processors.format_exc_info,
        scrub,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(to or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for talkative in ("pika", "amqp", "kombu", "urllib3", "pymongo"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def get_logger(name: str, /) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def scrub(_logger: object, _method: str, event: MutableMapping[str, Any], /) -> MutableMapping[str, Any]:
    """Hide secrets by their name, and card numbers and tokens by their look, in every text of a log line."""
    for name, value in event.items():
        event[name] = _HIDDEN if name.lower() in _SECRET_NAMES else _scrub_value(value)
    return event


def _scrub_value(value: Any) -> Any:
    if isinstance(value, str):
        return _JWT.sub(_HIDDEN, _DIGITS.sub(_hide_card_number, value))
    if isinstance(value, dict):
        return {name: _HIDDEN if str(name).lower() in _SECRET_NAMES else _scrub_value(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub_value(item) for item in value]
    return value


def _hide_card_number(match: re.Match[str]) -> str:
    return _HIDDEN if passes_luhn(match.group()) else match.group()


def passes_luhn(text: str, /) -> bool:
    """Tell whether the digits in a text end in the check digit that card numbers have (ISO/IEC 7812-1)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _name_service(service: str) -> structlog.types.Processor:
    def add(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    return add
