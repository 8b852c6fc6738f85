"""The outside world in miniature as processes of the suite: regional systems, acquirer, social provider, mailbox."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.keys import Keys
from deploy.local.ports import Ports
from deploy.local.process import GrpcReady, HttpReady, Process, Wave


@dataclass(frozen=True, slots=True)
class Region:
    """A regional billing system of the sandbox."""

    code: str
    city: str

    @property
    def process(self) -> str:
        """The name of its process, and of its port."""
        return f"region-{self.city}"


REGIONS = (
    Region("77", "moscow"),
    Region("54", "novosibirsk"),
    Region("25", "vladivostok"),
    Region("39", "kaliningrad"),
    Region("66", "yekaterinburg"),
)
SHOP_ID = "100500"
SOCIAL_CLIENT_ID = "kabinet"


def region_endpoints(ports: Ports) -> str:
    """Return where each region's billing answers, as accounts wants it: `77=host:port,54=host:port`."""
    return ",".join(f"{region.code}={ports.address(region.process)}" for region in REGIONS)


def world_processes(
    *, run_dir: Path, ports: Ports, keys: Keys, public_url: str, common: Mapping[str, str]
) -> list[Process]:
    """Return the sandbox's processes; makes the folder in which they keep their books."""
    books = run_dir / "sandbox"
    books.mkdir(parents=True, exist_ok=True)
    regions = [_region(region, books=books, ports=ports, keys=keys, common=common) for region in REGIONS]
    return [
        *regions,
        _acquirer(books=books, ports=ports, keys=keys, common=common),
        _social(ports=ports, keys=keys, public_url=public_url, common=common),
        _mailbox(books=books, ports=ports, common=common),
    ]


def _region(region: Region, *, books: Path, ports: Ports, keys: Keys, common: Mapping[str, str]) -> Process:
    return Process(
        name=region.process,
        command=(sys.executable, "-m", "sandbox.region", "--region", region.code),
        wave=Wave.WORLD,
        ready=GrpcReady(ports.address(region.process)),
        environment={
            **common,
            "REGION_LISTEN": ports.address(region.process),
            "REGION_CONTROL_LISTEN": ports.address(f"{region.process}-control"),
            "REGION_DATABASE": str(books / f"{region.process}.sqlite3"),
            "REGION_KEY_FILE": str(keys.region(region.code)),
            "TRUST_FILE": str(keys.trust_file),
            "ACCOUNTS_ADDRESS": ports.address("accounts"),
            "SMTP_URL": f"smtp://{ports.address('smtp')}",
        },
    )


def _acquirer(*, books: Path, ports: Ports, keys: Keys, common: Mapping[str, str]) -> Process:
    return Process(
        name="acquirer",
        command=(sys.executable, "-m", "sandbox.acquirer"),
        wave=Wave.WORLD,
        ready=HttpReady(f"{ports.url('acquirer')}/healthz"),
        environment={
            **common,
            "ACQUIRER_LISTEN": ports.address("acquirer"),
            "ACQUIRER_DATABASE": str(books / "acquirer.sqlite3"),
            "ACQUIRER_SHOP_ID": SHOP_ID,
            "ACQUIRER_SECRET_KEY": keys.secret("acquirer"),
            "ACQUIRER_PUBLIC_URL": ports.url("acquirer"),
            "ACQUIRER_WEBHOOK_URL": f"{ports.url('gateway')}/api/v1/webhooks/yookassa",
        },
    )


def _social(*, ports: Ports, keys: Keys, public_url: str, common: Mapping[str, str]) -> Process:
    return Process(
        name="social",
        command=(sys.executable, "-m", "sandbox.social"),
        wave=Wave.WORLD,
        ready=HttpReady(f"{ports.url('social')}/healthz"),
        environment={
            **common,
            "SOCIAL_LISTEN": ports.address("social"),
            "SOCIAL_ISSUER": ports.url("social"),
            "SOCIAL_CLIENT_ID": SOCIAL_CLIENT_ID,
            "SOCIAL_CLIENT_SECRET": keys.secret("social"),
            "SOCIAL_REDIRECT_URIS": f"{public_url}/social/callback",
        },
    )


def _mailbox(*, books: Path, ports: Ports, common: Mapping[str, str]) -> Process:
    return Process(
        name="mailbox",
        command=(sys.executable, "-m", "sandbox.mailbox"),
        wave=Wave.WORLD,
        ready=HttpReady(f"{ports.url('mailbox')}/healthz"),
        environment={
            **common,
            "MAILBOX_SMTP_LISTEN": ports.address("smtp"),
            "MAILBOX_HTTP_LISTEN": ports.address("mailbox"),
            "MAILBOX_FOLDER": str(books / "mailbox"),
        },
    )
