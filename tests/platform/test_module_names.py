"""A module and a folder beside it never share a name: an import would mean either, by the taste of the tool."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("services", "gateway", "sandbox", "kabinet_conformance", "deploy", "tests")


def test_no_module_stands_beside_a_folder_of_its_name() -> None:
    modules = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]

    doubled = [str(file.relative_to(ROOT)) for file in modules if file.with_suffix("").is_dir()]

    assert len(modules) > 300
    assert doubled == []
