"""Which processes a suite under fault has, with which timers, and one more of them: a replica, as clusters have."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from deploy.local.process import Process
from deploy.local.processes import all_processes, make_plan
from tests.support.running_suite import RunningSuite
from tests.support.servers import Server

SETTINGS = {
    # all services
    "RELAY_LEASE_S": "2",
    "GRACE_S": "5",
    # payments
    "CHARGE_TIMEOUT_S": "3",
    "CHARGE_GRACE_S": "4",
    "BACKOFF_SCALE": "0.03",
    "WORK_LEASE_S": "6",
    # accounts
    "REGION_TIMEOUT_S": "3.5",
    "REGION_PAUSE_S": "0.5",
    "POSTING_RETRY_S": "0.3,0.5,1,2",
    "POSTING_OUTAGE_PAUSE_S": "2",
    "POSTING_LEASE_S": "6.5",
    # the outside world
    "ACQUIRER_HOLD_S": "4",
    "ACQUIRER_PENDING_S": "2",
}
_NOT_NEEDED = {"social"}  # nobody logs in by a social network here


def parts_of(suite: RunningSuite) -> list[str]:
    """Return the names of the processes that take part."""
    return [process.name for process in _processes(suite) if process.name not in _NOT_NEEDED]


def environment_of(suite: RunningSuite, name: str) -> Mapping[str, str]:
    """Return the environment that a process was given."""
    return _original(suite, name).environment


@contextmanager
def second(suite: RunningSuite, name: str, *roles: str, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a process as the suite's own one called `name`, in the given roles, without metrics, with further settings;
    with the role `grpc` it takes the port, so the suite's own one has to be stopped."""
    original = _original(suite, name)
    command = [*original.command[:3], *roles]
    own = {"METRICS_LISTEN": "", "PYTHONPATH": "protos/gen/python", **(settings or {})}
    environment = {**original.environment, **SETTINGS, **own}
    server = Server(command, log=suite.run_dir / "logs" / f"second-{name}.log", environment=environment)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _original(suite: RunningSuite, name: str) -> Process:
    return next(process for process in _processes(suite) if process.name == name)


def _processes(suite: RunningSuite) -> list[Process]:
    plan = make_plan(run_dir=suite.run_dir, ports=suite.ports)
    plan.keys.make()
    return all_processes(plan)
