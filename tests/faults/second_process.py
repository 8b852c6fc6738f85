"""One more process of a suite, beside those that its supervisor keeps: another replica, as a cluster would have it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from deploy.local.processes import all_processes, make_plan
from tests.support.running_suite import RunningSuite
from tests.support.servers import Server


@contextmanager
def second(suite: RunningSuite, name: str, *roles: str, settings: Mapping[str, str]) -> Iterator[Server]:
    """Run a process as the suite's own one called `name`, in the given roles and without its ports."""
    plan = make_plan(run_dir=suite.run_dir, ports=suite.ports)
    original = next(process for process in all_processes(plan) if process.name == name)
    command = [*original.command[:3], *roles]
    environment = {**original.environment, **settings, "METRICS_LISTEN": "", "PYTHONPATH": "protos/gen/python"}
    server = Server(command, log=suite.run_dir / "logs" / f"second-{name}.log", environment=environment)
    server.start()
    try:
        yield server
    finally:
        server.stop()
