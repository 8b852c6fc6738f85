"""`python -m kabinet_conformance` as a vendor runs it: report, JSON, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conformance import bugs
from tests.conformance.conftest import StartRegion
from tests.conformance.region_server import ACCOUNT, PROOF, REGION, RunningRegion

_ROOT = Path(__file__).resolve().parents[2]


def _run(region: RunningRegion, *arguments: str, endpoint: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "kabinet_conformance", "--endpoint", endpoint or region.target.endpoint),
            *("--region", REGION, "--key-file", str(region.key_file), "--account", ACCOUNT),
            *("--proof", f"contract_code={PROOF}", "--deadline-s", "30", *arguments),
        ],
        cwd=_ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{_ROOT}:{_ROOT}/protos/gen/python", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_says_what_was_not_checked_and_ends_well_when_nothing_is_broken(region: RunningRegion) -> None:
    done = _run(region, "--only", "RB-10", "RB-11", "RB-12", "RB-13", "RB-18", "RB-5")

    assert done.returncode == 0, done.stderr
    assert "RB-10  passed" in done.stdout
    assert "needs --closed-account" in done.stdout
    assert "needs --code-command" in done.stdout
    assert done.stdout.endswith("5 passed, 0 failed, 2 skipped\n")


def test_reads_codes_by_a_command_and_shows_none(region: RunningRegion) -> None:
    done = _run(region, "--code-command", "printf 0000000", "--only", "RB-17")

    assert "the code was not good for whoever asked for it" in done.stdout
    assert "0000000" not in done.stdout


def test_says_what_was_sent_what_came_and_what_to_do(start: StartRegion) -> None:
    done = _run(start(bugs.takes_another_sum_for_a_repeat()), "--only", "RB-44")

    assert done.returncode == 1
    assert "RB-44  failed" in done.stdout
    assert "had to be refused with ALREADY_EXISTS PAYMENT_ID_REUSED, and the answer was OK" in done.stdout
    assert "sent     PostPayment" in done.stdout
    assert "to do    On a repeat compare account and sum" in done.stdout


def test_writes_the_same_as_json_and_no_proof(start: StartRegion) -> None:
    done = _run(start(bugs.tells_which_numbers_exist()), "--json", "--only", "RB-11")

    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["summary"] == {"failed": 1}
    assert report["rules"][0]["exchanges"][1]["received"] == "NOT_FOUND ACCOUNT_NOT_FOUND"
    assert PROOF not in done.stdout


def test_has_a_code_of_its_own_for_nobody_there(region: RunningRegion) -> None:
    done = _run(region, endpoint="127.0.0.1:9")

    assert done.returncode == 2
    assert "127.0.0.1:9 answers UNAVAILABLE" in done.stderr
