"""Whatever a deployable imports, through the chassis too, is in its lock: an image without it would not start."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CHASSIS = ROOT / "services" / "chassis"
OWN = frozenset({"services", "gateway", "sandbox", "kabinet"})
DEPLOYABLES = (
    "services/identity",
    "services/accounts",
    "services/payments",
    "services/documents",
    "services/content",
    "gateway",
    "sandbox",
)


@pytest.mark.parametrize("deployable", DEPLOYABLES)
def test_lock_holds_whatever_the_code_imports(deployable: str) -> None:
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / deployable / "requirements.lock").read_text(), re.MULTILINE))

    missing = {
        f"{module} (in {file.relative_to(ROOT)})"
        for file in _reachable(sorted((ROOT / deployable).rglob("*.py")))
        for module in _foreign(file, everything=CHASSIS not in file.parents)
        if not _distributions(module) & locked
    }

    assert not missing


def test_reaches_through_the_chassis() -> None:
    reached = {file.name for file in _reachable([ROOT / "services" / "chassis" / "outbox.py"])}

    assert "ids.py" in reached  # outbox imports events, which imports ids


def _reachable(files: list[Path]) -> set[Path]:
    seen: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += [target for name in _imports(file) if (target := _chassis_file(name))]
    return seen


def _chassis_file(name: str) -> Path | None:
    """Return the file of a chassis module; `from services.chassis.money import Money` names what is in one."""
    for candidate in (name, name.rpartition(".")[0]):
        file = ROOT.joinpath(*candidate.split(".")).with_suffix(".py")
        if candidate.startswith("services.chassis.") and file.exists():
            return file
    return None


def _foreign(file: Path, *, everything: bool) -> set[str]:
    """Return the libraries a file imports; of the chassis only what it imports as soon as it is imported itself.

    The chassis imports inside a function what not every deployable has: eventlet, for whoever has a worker.
    """
    names = _imports(file) if everything else _imports_at_once(file)
    return {name.partition(".")[0] for name in names} - OWN - sys.stdlib_module_names - {"_typeshed"}


@cache
def _imports(file: Path) -> frozenset[str]:
    return frozenset(_names(ast.walk(ast.parse(file.read_text()))))


@cache
def _imports_at_once(file: Path) -> frozenset[str]:
    return frozenset(_names(ast.parse(file.read_text()).body))


def _names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _distributions(module: str) -> set[str]:
    return {canonicalize_name(name) for name in _all_distributions().get(module, [])}


@cache
def _all_distributions() -> dict[str, list[str]]:
    # `google` is shared by protobuf and others; each of them counts as its home.
    return {module: list(homes) for module, homes in packages_distributions().items()}
