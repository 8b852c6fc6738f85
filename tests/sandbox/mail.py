"""The mailbox as a running program, and codes read from it."""

import re
from pathlib import Path

import httpx

from tests.sandbox.programs import Program
from tests.support import eventually
from tests.support.ports import free_port

_CODE = re.compile(r"(?<!\d)\d{7}(?!\d)")


def make_mailbox(folder: Path, **settings: str) -> Program:
    """Return a mailbox that was not started yet."""
    listen = f"127.0.0.1:{free_port()}"
    return Program(
        module="sandbox.mailbox",
        base_url=f"http://{listen}",
        log_file=folder / "mailbox.log",
        environment={
            "MAILBOX_SMTP_LISTEN": f"127.0.0.1:{free_port()}",
            "MAILBOX_HTTP_LISTEN": listen,
            "MAILBOX_FOLDER": str(folder / "mails"),
            "MAILBOX_HOLD_S": "30",
            "MAILBOX_SIZE_LIMIT": "200000",
            **settings,
        },
    )


def mailed_codes(mailbox: Program, address: str, *, at_least: int = 1) -> list[str]:
    """Return the ownership codes that were mailed to an address, newest first, once there are that many."""

    def found() -> list[str]:
        mails = httpx.get(f"{mailbox.base_url}/api/mails", params={"to": address}, timeout=30).json()["mails"]
        texts = [httpx.get(f"{mailbox.base_url}/api/mails/{mail['id']}", timeout=30).json()["text"] for mail in mails]
        codes = [match.group() for text in texts if (match := _CODE.search(text))]
        return codes if len(codes) >= at_least else []

    return eventually(found, timeout_s=60)
