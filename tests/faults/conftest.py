"""One suite for all faults, with its timers shortened; after each module its books are held against each other."""

from collections.abc import Iterator

import pytest

from tests.faults.links import Links
from tests.faults.processes import SETTINGS, parts_of
from tests.faults.queues import SERVICES
from tests.faults.stage import Stage
from tests.support.running_suite import RunningSuite


@pytest.fixture(scope="session")
def links() -> Iterator[Links]:
    """The links of the suite, to be spoiled."""
    links = Links()
    yield links
    links.stop()


@pytest.fixture(scope="session")
def faulty_suite(tmp_path_factory: pytest.TempPathFactory, links: Links) -> Iterator[RunningSuite]:
    """A suite that is there to be harmed. A test that stops a part starts it again."""
    running = RunningSuite(run_dir=tmp_path_factory.mktemp("faults"), settings={**SETTINGS, **links.settings()})
    links.lead_to(running.ports)
    try:
        running.up(*parts_of(running))
        yield running
    finally:
        running.down()


@pytest.fixture(scope="session")
def cast(faulty_suite: RunningSuite, links: Links, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The people. Amounts and choices follow from pytest-randomly's seed, which heads the output of each run."""
    seed: int = request.config.getoption("randomly_seed")
    stage = Stage(faulty_suite, links=links, services=SERVICES, seed=seed)
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def books(cast: Stage) -> Iterator[None]:
    """After a module everything comes to rest: nothing waits in a queue or an outbox, and no kopeck is missing."""
    yield
    cast.come_to_rest()


@pytest.fixture
def stage(cast: Stage, books: None) -> Iterator[Stage]:
    """The stage for one test, which leaves it whole: what was killed is back, what was scripted is forgotten."""
    yield cast
    cast.recover()
