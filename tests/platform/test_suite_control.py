"""Starting, stopping and killing parts of a suite, shown with its real data stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import mongo, rabbit
from deploy.local.ports import Ports, find_free_base
from deploy.local.suite import NotStarted, PartFailed, Suite
from tests.support import eventually
from tests.support.running_suite import RunningSuite


@pytest.fixture(scope="module")
def data_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuite]:
    running = RunningSuite(run_dir=tmp_path_factory.mktemp("data-only"))
    try:
        running.up("mongo")
        yield running
    finally:
        running.down()


def test_up_waits_until_the_data_stores_answer(data_only: RunningSuite) -> None:
    assert eventually(lambda: mongo.answers(data_only.mongo_url))
    assert rabbit.answers(data_only.amqp_url)


def test_killed_process_comes_back_by_itself(data_only: RunningSuite) -> None:
    before = data_only.pid("mongo")

    data_only.kill("mongo")

    assert eventually(lambda: data_only.pid("mongo") not in (0, before))
    data_only.start("mongo")
    assert eventually(lambda: mongo.answers(data_only.mongo_url))


def test_stopped_process_stays_stopped_until_it_is_started(data_only: RunningSuite) -> None:
    data_only.stop("mongo")
    assert data_only.pid("mongo") == 0
    assert not mongo.answers(data_only.mongo_url)

    data_only.start("mongo")

    assert eventually(lambda: mongo.answers(data_only.mongo_url))


def test_second_up_starts_nothing(data_only: RunningSuite) -> None:
    again = Suite(run_dir=data_only.run_dir, ports=data_only.ports)
    eventually(lambda: again.supervisor.statuses()["mongo"].state == "RUNNING")

    assert again.up(["mongo"]) is False


def test_taken_port_is_named_and_nothing_is_started(data_only: RunningSuite, tmp_path: Path) -> None:
    other = Suite(run_dir=tmp_path, ports=data_only.ports)

    with pytest.raises(NotStarted, match=r"\(mongo\)"):
        other.up()

    assert not other.supervisor.is_running()


def test_part_that_cannot_run_is_named_with_its_log(tmp_path: Path) -> None:
    # Every process fails at once when Python is told to load a module that is not there.
    suite = Suite(run_dir=tmp_path, ports=Ports(find_free_base()), settings={"PYTHONPLATLIBDIR": "nowhere"})

    try:
        with pytest.raises(PartFailed) as caught:
            suite.up(["acquirer"])
    finally:
        suite.down()

    assert caught.value.name == "acquirer"
    assert "nowhere" in caught.value.log.read_text()


def test_unknown_part_is_refused(tmp_path: Path) -> None:
    suite = Suite(run_dir=tmp_path, ports=Ports(find_free_base()))

    with pytest.raises(NotStarted, match="no such part: nonsense"):
        suite.up(["nonsense"])


def test_part_of_a_suite_that_does_not_run_cannot_be_restarted(tmp_path: Path) -> None:
    suite = Suite(run_dir=tmp_path, ports=Ports(find_free_base()))

    with pytest.raises(NotStarted, match="nothing runs"):
        suite.restart("payments")


def test_down_ends_processes_that_outlived_their_supervisor(tmp_path: Path) -> None:
    running = RunningSuite(run_dir=tmp_path)
    running.up("mongo")
    running.kill_supervisor()
    assert eventually(lambda: mongo.answers(running.mongo_url))

    running.down()

    assert not Ports(running.ports.base).taken()
