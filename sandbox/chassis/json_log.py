"""One JSON object per line on stdout; callers name each field, so that nothing personal gets in by accident."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_logger = logging.getLogger("sandbox")


class _JsonLines(logging.Formatter):
    def __init__(self, program: str, /) -> None:
        super().__init__()
        self._program = program

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "program": self._program,
            "event": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(*, program: str, level: str) -> None:
    """Send everything to stdout as JSON lines; other libraries speak from WARNING up, for they may quote requests."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines(program))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    _logger.setLevel(level)


def info(event: str, /, **fields: object) -> None:
    """Write one line about what happened; the fields are ids, counts and states, never what a person typed."""
    _logger.info(event, extra={"fields": fields})


def warning(event: str, /, **fields: object) -> None:
    """Write one line about something that a reader of the log should look at."""
    _logger.warning(event, extra={"fields": fields})


def failure(event: str, /, **fields: object) -> None:
    """Write one line with the traceback of the exception being handled."""
    _logger.error(event, extra={"fields": fields}, exc_info=True)
