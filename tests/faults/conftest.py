"""One suite for all faults, with its timers shortened; after each module its books are held against each other."""

from collections.abc import Iterator

import pytest

from deploy.local.processes import all_processes, make_plan
from tests.faults.queues import SERVICES
from tests.faults.stage import Stage
from tests.support.running_suite import RunningSuite

SETTINGS = {
    # all services
    "RELAY_LEASE_S": "2",
    # payments
    "CHARGE_TIMEOUT_S": "2",
    "CHARGE_GRACE_S": "4",
    "BACKOFF_SCALE": "0.03",
    "WORK_LEASE_S": "6",
    # accounts
    "REGION_TIMEOUT_S": "2.5",
    "REGION_PAUSE_S": "0.5",
    "POSTING_RETRY_S": "0.3,0.5,1,2",
    "POSTING_OUTAGE_PAUSE_S": "2",
    "POSTING_LEASE_S": "8",
    # the outside world
    "ACQUIRER_HOLD_S": "4",
    "ACQUIRER_PENDING_S": "2",
}
_NOT_NEEDED = {"social"}


@pytest.fixture(scope="session")
def faulty_suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuite]:
    """A suite that is there to be harmed. A test that stops a part starts it again."""
    running = RunningSuite(run_dir=tmp_path_factory.mktemp("faults"), settings=SETTINGS)
    plan = make_plan(run_dir=running.run_dir, ports=running.ports)
    plan.keys.make()
    try:
        running.up(*({process.name for process in all_processes(plan)} - _NOT_NEEDED))
        yield running
    finally:
        running.down()


@pytest.fixture(scope="session")
def cast(faulty_suite: RunningSuite, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The people. Amounts and choices follow from pytest-randomly's seed, which heads the output of each run."""
    stage = Stage(faulty_suite, services=SERVICES, seed=request.config.getoption("randomly_seed"))
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def books(cast: Stage) -> Iterator[None]:
    """After a module everything comes to rest: nothing waits in a queue or an outbox, and no kopeck is missing."""
    yield
    cast.come_to_rest()


@pytest.fixture
def stage(cast: Stage, books: None) -> Iterator[Stage]:
    """The stage for one test; whatever was scripted and not used is forgotten after it."""
    yield cast
    cast.disarm()
