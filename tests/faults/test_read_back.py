"""A region that applies a payment as often as it is sent: whatever happens on the way, its ledger shows each once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.processes import second
from tests.faults.stage import REGIONS, Stage
from tests.support import eventually
from tests.support.servers import Server

_REGION = "25"
_SETTLES_AFTER_S = 4.5
_SETTINGS = {"REGION_TIMEOUT_S": "1.2", "POSTING_LEASE_S": "4"}
_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def accounts(cast: Stage, books: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Accounts that know of the region what it is like, in the place of the suite's own."""
    suite, office = cast.suite, cast.offices[_REGION]
    suite.stop("accounts")
    office.turn_on_profile("without_deduplication")
    settings = {
        **_SETTINGS,
        "REGION_REGISTRY_FILE": str(_registry(cast, tmp_path_factory.mktemp("registry"))),
        "REGION_ENDPOINTS": ",".join(
            f"{code}={suite.address(name)}" for code, name in REGIONS.items() if code != _REGION
        ),
    }
    with second(suite, "accounts", "grpc", "dispatcher", settings=settings) as server:
        yield server
    office.turn_on_profile("")
    suite.start("accounts")


def _registry(cast: Stage, folder: Path) -> Path:
    file = folder / "regions.json"
    entry = {
        "code": _REGION,
        "address": cast.suite.address(REGIONS[_REGION]),
        "tls": "plaintext",
        "deduplicates_postings": False,
        "posting_settles_after_s": _SETTLES_AFTER_S,
    }
    file.write_text(json.dumps({"regions": [entry]}))
    return file


def _is_on_its_way(stage: Stage, payment_id: str) -> bool:
    found = stage.books.postings.find_one({"_id": payment_id})
    return found is not None and found["attempted_at"] is not None


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize("fault", ["error_before", "error_after", "slow_ms:2000", "hang_after_ms:2000", "late_ms:3000"])
def test_a_payment_is_credited_exactly_once(stage: Stage, fault: str) -> None:
    order = stage.order(saved_card=True, member=stage.members[2])
    stage.offices[_REGION].arm(fault=fault, method="PostPayment", key=order.member.number)

    payment_id = stage.insist(order)

    stage.settle([payment_id], timeout_s=_WITHIN_S)
    assert (stage.state(payment_id), stage.credited(payment_id)) == ("posted", [order.kopecks])


@pytest.mark.parametrize("fault", ["slow_ms:3000", "hang_after_ms:3000", "late_ms:3000"])
def test_a_payment_is_credited_once_when_accounts_are_killed_with_it_on_its_way(
    stage: Stage, accounts: Server, fault: str
) -> None:
    order = stage.order(saved_card=True, member=stage.members[2])
    stage.offices[_REGION].arm(fault=fault, method="PostPayment", key=order.member.number)

    payment_id = stage.insist(order)
    eventually(lambda: _is_on_its_way(stage, payment_id), every_s=0.005)
    accounts.kill()
    accounts.start()

    stage.settle([payment_id], timeout_s=_WITHIN_S)
    assert (stage.state(payment_id), stage.credited(payment_id)) == ("posted", [order.kopecks])
