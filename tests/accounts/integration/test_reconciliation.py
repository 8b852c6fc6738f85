"""Comparing books with the reference region, by the dispatcher and by an operator."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from services.accounts.adapters.mongo_postings import MongoPostingRepository
from services.accounts.domain.reconciliation import ReconciliationState
from services.chassis.ids import new_id
from tests.accounts.builders import SettableClock, make_answer, make_posting
from tests.accounts.integration.cabinet import Cabinet, posting_request
from tests.conformance.region_server import RunningRegion, start_region
from tests.support import eventually
from tests.support.neighbourhood import Neighbourhood

Document = dict[str, Any]
_ROOT = Path(__file__).parents[3]


def _midnight_is_far() -> bool:
    """Say whether the region's day lasts longer than a test."""
    now = datetime.now(ZoneInfo("Asia/Novosibirsk"))
    return (now + timedelta(minutes=2)).date() == now.date()


def _lost(database: Database[Document], *, kopecks: int) -> str:
    """Have a payment posted now of which the region knows nothing, and which nobody hears of."""
    posting = make_posting(kopecks=kopecks)
    posting.confirm(make_answer(posting, at=datetime.now(UTC)), now=datetime.now(UTC))
    posting.pending_events.clear()
    MongoPostingRepository(database, clock=SettableClock()).save(posting)
    return posting.payment_id


@pytest.fixture
def reference(tmp_path: Path) -> Iterator[RunningRegion]:
    """The reference region, which trusts a key of its own making."""
    folder = tmp_path / "region"
    folder.mkdir()
    running = start_region(folder, bugs={})
    yield running
    running.server.stop(0).wait()


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    file = tmp_path / "clock"
    file.write_text("0")
    return file


@pytest.fixture
def office(
    neighbourhood: Neighbourhood,
    reference: RunningRegion,
    mongo_url: str,
    database: Database[Document],
    amqp_url: str,
    clock_file: Path,
) -> Iterator[Cabinet]:
    """The cabinet with the reference region as region 54, its dispatcher at work; all that is paid is of one day."""
    eventually(_midnight_is_far, timeout_s=150, every_s=1)
    neighbourhood.key_file("accounts").write_bytes(reference.key_file.read_bytes())
    subject = Cabinet(
        neighbourhood,
        mongo_url,
        database.name,
        amqp_url=amqp_url,
        region_address=reference.target.endpoint,
        overrides={"clock_file": clock_file, "reconcile_grace_s": 0, "reconcile_again_s": 600},
    )
    subject.start()
    subject.start_dispatcher()
    yield subject
    subject.stop()


def _pay(office: Cabinet, database: Database[Document], account_id: str, *, kopecks: int) -> str:
    payment_id = new_id("pay")
    office.by_service("payments").accounts("RequestPosting", posting_request(payment_id, account_id, kopecks=kopecks))
    eventually(lambda: database["postings"].find_one({"_id": payment_id, "state": "posted"}))
    return payment_id


def _operator(office: Cabinet, *arguments: str) -> tuple[int, Any]:
    """Have a day compared, or shown, as an operator would."""
    status, output = _run(office, "reconcile", *arguments)
    return status, json.loads(output)


def _lines(office: Cabinet, *arguments: str) -> tuple[int, list[Document]]:
    """Read books as an operator would."""
    status, output = _run(office, *arguments)
    return status, [json.loads(line) for line in output.splitlines()]


def _run(office: Cabinet, *arguments: str) -> tuple[int, str]:
    """Run a command with nothing but its settings."""
    settings = office.settings()
    environment = {
        "MONGO_URL": settings.mongo_url,
        "MONGO_DATABASE": settings.mongo_database,
        "AMQP_URL": settings.amqp_url,
        "SERVICE_KEY_FILE": str(settings.service_key_file),
        "SECRET_KEY_FILE": str(settings.secret_key_file),
        "TRUST_FILE": str(settings.trust_file),
        "REGION_ENDPOINTS": settings.region_endpoints,
        "CLOCK_FILE": str(settings.clock_file),
        "PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "protos" / "gen" / "python")]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "services.accounts", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def test_the_dispatcher_compares_the_day_when_it_is_over_and_an_operator_reads_what_came_of_it(
    office: Cabinet, database: Database[Document], clock_file: Path
) -> None:
    account_id = office.linked().billing_account_id
    paid = [_pay(office, database, account_id, kopecks=kopecks) for kopecks in (100, 200)]
    lost = _lost(database, kopecks=400)
    today = database["reconciliations"].find_one()
    assert today is not None
    named = ("--region", "54", "--day", today["day"])
    assert _operator(office, *named, "--show") == (
        2,
        {"region": "54", "day": today["day"], "problem": "NOT_COMPARED_YET"},
    )
    assert _operator(office, *named)[1]["problem"] == "FIELD_INVALID"

    clock_file.write_text(str(int(timedelta(days=1).total_seconds())))

    done = eventually(lambda: database["reconciliations"].find_one({"_id": today["_id"], "state": "different"}))
    assert (done["ours"]["count"], done["theirs"]["count"], done["open_incidents"]) == (3, 2, 1)
    status, report = _operator(office, *named, "--show")
    assert (status, report["ours"]["amount"]["amount_minor"]) == (1, 700)
    assert [(row["payment_id"], row["kind"], row["state"]) for row in report["incidents"]] == [
        (lost, "missing_in_region", "open")
    ]
    assert report["theirs"] == {"count": 2, "amount": {"amount_minor": 300, "currency": "RUB"}}
    assert len(paid) == 2

    database["postings"].delete_one({"_id": lost})
    status, report = _operator(office, *named)
    assert (status, report["state"], report["run"]) == (0, ReconciliationState.EQUAL.value, 2)
    assert [row["state"] for row in report["incidents"]] == ["closed"]


def test_an_operator_reads_our_postings_the_regions_ledger_and_what_is_open(
    office: Cabinet, database: Database[Document], reference: RunningRegion
) -> None:
    account_id = office.linked().billing_account_id
    paid = _pay(office, database, account_id, kopecks=100)
    lost = _lost(database, kopecks=400)
    period = ("--from", "2014-07-01T00:00:00+04:00", "--until", "2100-01-01T00:00:00+03:00")

    status, books = _lines(office, "books", *period)
    assert (status, {(row["payment_id"], row["region"], row["amount_minor"], row["state"]) for row in books}) == (
        0,
        {(paid, "54", 100, "posted"), (lost, "54", 400, "posted")},
    )

    status, rows = _lines(office, "ledgers", *period)
    assert (status, [(row.get("payment_id"), row.get("amount_minor")) for row in rows]) == (
        0,
        [(paid, 100), (None, None)],
    )
    assert rows[-1] == {"region": "54", "is_read": True, "problem": None}
    assert _lines(office, "incidents") == (0, [])

    reference.server.stop(0).wait()
    status, rows = _lines(office, "ledgers", *period)
    assert (status, rows) == (2, [{"region": "54", "is_read": False, "problem": "REGION_UNAVAILABLE"}])


def test_an_operator_is_told_of_a_region_that_there_is_not(office: Cabinet) -> None:
    status, answer = _operator(office, "--region", "99", "--day", "2026-01-01")

    assert (status, answer["problem"]) == (2, "REGION_NOT_FOUND")
