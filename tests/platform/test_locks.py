"""What each deployable brings along is complete, pinned and no more than its part of the suite may use."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
DEPLOYABLES = (
    "services/identity",
    "services/accounts",
    "services/payments",
    "services/documents",
    "services/content",
    "gateway",
    "sandbox",
)
LOCKS = ("requirements-dev.lock", *(f"{deployable}/requirements.lock" for deployable in DEPLOYABLES))


@pytest.mark.parametrize("deployable", DEPLOYABLES)
def test_lock_holds_everything_the_manifest_asks_for(deployable: str) -> None:
    locked = _pins(f"{deployable}/requirements.lock")

    for requirement in _requirements(deployable):
        name = canonicalize_name(requirement.name)
        assert name in locked, f"run `make lock`: {name} is not locked"
        assert locked[name] in requirement.specifier, f"run `make lock`: {requirement} is not met by {locked[name]}"


@pytest.mark.parametrize("deployable", DEPLOYABLES)
def test_lock_is_a_part_of_what_the_tests_run_with(deployable: str) -> None:
    tested = _pins("requirements-dev.lock").items()

    assert _pins(f"{deployable}/requirements.lock").items() <= tested


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_index_and_has_a_hash_for_each_file(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b", text, re.MULTILINE)
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_gateway_reaches_neither_database_nor_broker() -> None:
    assert not _pins("gateway/requirements.lock").keys() & {"pymongo", "pika", "nameko", "kombu", "eventlet"}


@pytest.mark.parametrize("service", [d for d in DEPLOYABLES if d.startswith("services/")])
def test_service_carries_no_web_framework(service: str) -> None:
    assert not _pins(f"{service}/requirements.lock").keys() & {"flask", "gunicorn", "flask-openapi3"}


def test_only_services_with_a_worker_carry_nameko() -> None:
    carriers = {deployable for deployable in DEPLOYABLES if "nameko" in _pins(f"{deployable}/requirements.lock")}

    assert carriers == {"services/accounts", "services/payments", "services/documents", "services/content"}


def _pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))


def _requirements(deployable: str) -> Iterator[Requirement]:
    manifest = tomllib.loads((ROOT / deployable / "pyproject.toml").read_text())
    yield from map(Requirement, manifest["project"]["dependencies"])
