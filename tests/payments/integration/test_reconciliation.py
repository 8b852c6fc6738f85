"""Comparing a day with the sandbox acquirer's registry, by two dispatchers and by an operator."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kabinet.payments.v1 import payments_pb2 as pb
from pymongo.database import Database

from deploy.local.ports import Ports, find_free_base
from services.payments.domain.registry import day_of
from tests.payments.integration.conftest import PaymentsWorld
from tests.payments.integration.sandbox_acquirer import SandboxAcquirer, start_acquirer
from tests.payments.integration.test_operations import run
from tests.support import eventually

Document = dict[str, Any]


@pytest.fixture
def acquirer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxAcquirer]:
    """One of this test's own: its registry must not know of anybody else's payments."""
    own = start_acquirer(folder=tmp_path_factory.mktemp("registry"), port=Ports(find_free_base()).of("acquirer"))
    yield own
    own.http.close()
    own.server.stop()


@pytest.fixture
def clock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The offset of the service's clock; the acquirer keeps the machine's time."""
    file = tmp_path / "clock"
    file.write_text("0")
    monkeypatch.setenv("CLOCK_FILE", str(file))
    monkeypatch.setenv("RECONCILE_GRACE_S", "0")
    return file


@pytest.fixture
def office(clock_file: Path, world: PaymentsWorld) -> PaymentsWorld:
    """The service, begun with such a clock."""
    return world


def _move_on(clock_file: Path, **parts: float) -> None:
    ahead = int(clock_file.read_text()) + int(timedelta(**parts).total_seconds())
    clock_file.write_text(str(ahead))


def _today(office: PaymentsWorld) -> str:
    return day_of(office.parts.clock.now()).isoformat()


def _paid(office: PaymentsWorld, card: str, *, kopecks: int) -> str:
    payment_id = office.pay_saved(card, kopecks=kopecks).payment_id
    office.reaches(payment_id, pb.PAYMENT_STATE_POSTED)
    return str(payment_id)


def test_two_dispatchers_compare_a_day_once_and_what_differs_is_an_incident_until_it_is_settled(
    office: PaymentsWorld,
    start_dispatcher: Callable[[], None],
    database: Database[Document],
    clock_file: Path,
) -> None:
    start_dispatcher()
    start_dispatcher()
    card = office.save_card().payment_method_id
    _, lost, twice, other, spirited = [_paid(office, card, kopecks=kopecks) for kopecks in (100, 200, 300, 400, 500)]
    today = _today(office)
    lies = office.acquirer.cooked
    kept = lies.forget(office.acquirer_id(lost))
    again = lies.charge_again(office.acquirer_id(twice))
    lies.change(office.acquirer_id(other), amount_minor=401)
    database["payments"].update_one(
        {"_id": spirited}, {"$set": {"captured_at": None, "acquirer_payment_id": None, "state": "declined"}}
    )

    _move_on(clock_file, days=1)

    done = eventually(lambda: database["reconciliations"].find_one({"_id": today, "state": "different"}), timeout_s=20)
    assert (done["run"], done["open_incidents"], done["version"]) == (1, 4, 3)
    assert {(row["payment_id"], row["kind"]) for row in database["reconciliation_incidents"].find()} == {
        (lost, "missing_at_acquirer"),
        (twice, "charged_twice"),
        (other, "amount_differs"),
        (spirited, "missing_here"),
    }
    assert database["reconciliations"].find_one({"_id": _today(office), "state": "due"}) is not None
    eventually(lambda: database["reconciliation_incidents"].count_documents({"outbox._id": {"$exists": True}}) == 0)

    lies.restore(kept)
    lies.change(again, refunded_minor=300)
    lies.change(office.acquirer_id(other), amount_minor=400)
    database["payments"].delete_one({"_id": spirited})
    lies.forget(_charge_of(office, spirited))
    _move_on(clock_file, hours=6)

    eventually(lambda: database["reconciliations"].find_one({"_id": today, "state": "equal"}), timeout_s=20)
    incidents = list(database["reconciliation_incidents"].find())
    assert [[step["state"] for step in row["history"]] for row in incidents] == [["open", "closed"]] * 4


def test_an_operator_compares_a_day_and_reads_what_came_of_it(
    office: PaymentsWorld, dispatcher: None, database: Database[Document], clock_file: Path
) -> None:
    card = office.save_card().payment_method_id
    paid = _paid(office, card, kopecks=100)
    given_back = _paid(office, card, kopecks=200)
    run(office, "refund", "--payment", given_back, "--amount-minor", "50", "--reference", "T", "--reason", "moved")
    office.reaches(given_back, pb.PAYMENT_STATE_REVERSAL_DUE)
    today = _today(office)
    assert run(office, "reconcile", "--day", today)[1][0]["problem"] == "FIELD_INVALID"
    assert run(office, "reconcile", "--day", "2020-01-01", "--show")[:2] == (
        2,
        [{"day": "2020-01-01", "problem": "NOT_COMPARED_YET", "detail": None}],
    )

    _move_on(clock_file, days=1)
    eventually(lambda: database["reconciliations"].find_one({"_id": today, "state": "equal"}))  # by the dispatcher
    status, [report], _ = run(office, "reconcile", "--day", today)

    sums = {"charges": 3, "charged_minor": 45_300, "refunds": 1, "refunded_minor": 50}
    assert (status, report["state"], report["ours"], report["theirs"]) == (0, "equal", sums, sums)

    office.acquirer.cooked.forget(office.acquirer_id(paid))
    status, [report], _ = run(office, "reconcile", "--day", today)
    _, incidents, _ = run(office, "incidents")

    assert (status, report["open_incidents"]) == (1, 1)
    assert [(row["payment_id"], row["kind"], row["ours_minor"], row["theirs_minor"]) for row in incidents] == [
        (paid, "missing_at_acquirer", 100, None)
    ]


def test_the_books_and_the_registry_are_printed_line_by_line(office: PaymentsWorld, dispatcher: None) -> None:
    card = office.save_card().payment_method_id
    paid = _paid(office, card, kopecks=100)
    waiting = office.pay().payment_id
    now = office.parts.clock.now()
    period = ("--from", (now - timedelta(hours=1)).isoformat(), "--until", (now + timedelta(hours=1)).isoformat())

    status, books, _ = run(office, "books", *period)
    _, registry, _ = run(office, "registry", *period)

    ours = next(line for line in books if line["payment_id"] == paid)
    theirs = next(line for line in registry if line["payment_id"] == paid)
    assert status == 0
    assert (ours["captured_minor"], ours["refunded_minor"], ours["credited_minor"], ours["state"]) == (
        100,
        0,
        100,
        "posted",
    )
    assert (theirs["captured_minor"], theirs["refunded_minor"]) == (100, 0)
    assert {line["payment_id"]: line["captured_minor"] for line in books}[waiting] == 0
    assert waiting not in {line["payment_id"] for line in registry}

    assert run(office, "books", "--until", period[1])[:2] == (0, [])
    office.acquirer.break_next("list_payments", "error_500_before")
    assert run(office, "registry", *period)[:2] == (2, [{"problem": "the acquirer does not answer"}])


def _charge_of(office: PaymentsWorld, payment_id: str) -> str:
    items = office.acquirer.http.get("/control/payments", params={"payment_id": payment_id}).json()["items"]
    return str(items[0]["id"])
