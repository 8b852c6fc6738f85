"""`make audit` on a suite of real parts: nothing differs after payments and refunds; a lie in any book is named."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from tests.audit.town import Town
from tests.support.running_suite import RunningSuite

# The suite has to start first, and the machine may be busy.
pytestmark = pytest.mark.timeout(600)

_PARTS = (
    *("identity", "accounts", "accounts-worker", "payments", "payments-worker", "gateway", "acquirer", "mailbox"),
    *("region-moscow", "region-novosibirsk", "region-vladivostok", "region-kaliningrad", "region-yekaterinburg"),
)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A suite of this module's own, since lies are planted in its books; everything in it was paid minutes ago."""
    suite = RunningSuite(run_dir=tmp_path_factory.mktemp("audit"))
    try:
        suite.up(*_PARTS)
        town = Town(suite)
        town.pay_and_give_back()
        yield town
        town.close()
    finally:
        suite.down()


def _audit(town: Town, *arguments: str) -> tuple[int, str]:
    suite = town.suite
    command = ["-m", "deploy.audit", "--run-dir", str(suite.run_dir), "--port-base", str(suite.ports.base)]
    done = subprocess.run(
        [sys.executable, *command, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def _report(town: Town, *arguments: str) -> dict[str, Any]:
    status, output = _audit(town, "--json", *arguments)
    report: dict[str, Any] = json.loads(output)
    assert report["status"] == status
    return report


def test_nothing_differs_after_payments_and_refunds(town: Town) -> None:
    report = _report(town)

    assert (report["status"], report["differences"], report["unread"]) == (0, [], {})
    assert {
        row["region"]: (row["captured_minor"], row["refunded_minor"], row["shown_minor"]) for row in report["regions"]
    } == (town.expected_sums)
    assert report["total"]["difference_minor"] == 0
    assert [(row["payment_id"], row["problem"]) for row in report["under_way"]] == [
        (town.given_back_after_crediting, "REVERSAL_NEEDED")
    ]
    assert report["chargebacks"] == {"count": 1, "amount_minor": town.disputed_minor}


def test_nothing_differs_while_people_pay(town: Town) -> None:
    stopped = Event()
    with ThreadPoolExecutor(1) as crowd:
        paying = crowd.submit(town.pay_until, stopped)
        try:
            report = _report(town)
        finally:
            stopped.set()

    town.settle()
    assert paying.result() >= 1
    assert (report["status"], report["differences"]) == (0, [])


def test_a_lie_in_any_book_is_found_and_named(town: Town) -> None:
    first, second, third, fourth = town.credited
    with (
        town.acquirer_says(first, 1),
        town.payments_say(second, 1),
        town.accounts_say(third, 1),
        town.region_says(fourth, 1),
    ):
        status, text = _audit(town)

    assert status == 1
    for payment_id, kinds in {
        first: ["charge_amount_differs"],
        second: ["charge_amount_differs", "posting_amount_differs"],
        third: ["posting_amount_differs", "credit_amount_differs"],
        fourth: ["credit_amount_differs"],
    }.items():
        assert [
            line.split()[3].rstrip(":") for line in text.splitlines() if line.startswith(f"  {payment_id}  region")
        ] == kinds


def test_a_region_that_is_down_is_named_and_the_others_are_compared(town: Town) -> None:
    town.suite.stop("region-vladivostok")
    try:
        report = _report(town, "--from", "2014-07-01T00:00+0400", "--until", "2100-01-01T00:00+0300")
    finally:
        town.suite.start("region-vladivostok")

    assert (report["status"], report["unread"]) == (2, {"the ledger of region 25": "REGION_UNAVAILABLE"})
    assert [row["difference_minor"] for row in report["regions"]] == [0, 0]


def test_a_suite_that_does_not_run_is_told_in_a_line(tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.audit", "--run-dir", str(tmp_path)], capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stderr) == (2, "audit: nothing runs; `make up` starts it\n")
