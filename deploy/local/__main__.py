"""The command behind `make up` and its neighbours: `python -m deploy.local up|down|status|...`."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from deploy.local.greeting import greeting
from deploy.local.mongo import NoMongod
from deploy.local.ports import DEFAULT_BASE, Ports
from deploy.local.rabbit import NoRabbit
from deploy.local.suite import NotStarted, PartFailed, Suite, describe
from deploy.local.waiting import TookTooLong

_TAIL_LINES = 25


def main() -> int:
    """Run one command and return its exit code."""
    arguments = _parse()
    suite = Suite(run_dir=Path(arguments.run_dir), ports=Ports(arguments.port_base), report=_say)
    try:
        return _COMMANDS[arguments.command](suite, arguments.names)
    except PartFailed as failure:
        return _tell_failure(suite, failure)
    except (NotStarted, NoMongod, NoRabbit, TookTooLong) as refusal:
        print(f"{arguments.command}: {refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was started goes on; `make up` continues, `make down` stops it.", file=sys.stderr)
        return 130


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("--run-dir", default=".run", help="folder of data, keys and logs (default: .run)")
    parser.add_argument("--port-base", type=int, default=DEFAULT_BASE, help="first of a hundred ports (default: 18000)")
    parser.add_argument("command", choices=sorted(_COMMANDS))
    parser.add_argument("names", nargs="*", metavar="NAME", help="processes; without, all of them")
    return parser.parse_args()


def _up(suite: Suite, names: list[str]) -> int:
    began = time.monotonic()
    if suite.supervisor.is_running():
        _say("The suite runs already; looking after it:")
    else:
        _say("Starting the suite:")
    started = suite.up(names)
    verdict = "is up" if started else "was up"
    _say(f"The suite {verdict} and healthy after {time.monotonic() - began:.0f} s.\n")
    _say(greeting(suite.plan))
    return 0


def _down(suite: Suite, _: list[str]) -> int:
    _say("The suite is stopped; its data stay." if suite.down() else "Nothing runs.")
    return 0


def _status(suite: Suite, names: list[str]) -> int:
    if not suite.supervisor.is_running():
        _say("Nothing runs.")
        return 1
    statuses = suite.supervisor.statuses()
    _say(describe(statuses[name] for name in names or statuses))
    return 0


def _start(suite: Suite, names: list[str]) -> int:
    suite.start(*_at_least_one(names))
    return 0


def _stop(suite: Suite, names: list[str]) -> int:
    suite.stop_all(_at_least_one(names))
    return 0


def _restart(suite: Suite, names: list[str]) -> int:
    suite.restart(*names)
    return 0


def _at_least_one(names: list[str]) -> list[str]:
    if not names:
        raise NotStarted("name the parts; `status` lists them")
    return names


def _logs(suite: Suite, names: list[str]) -> int:
    folder = suite.plan.run_dir / "logs"
    files = [suite.log_of(name) for name in names] or sorted(folder.glob("*.log"))
    existing = [str(file) for file in files if file.exists()]
    if not existing:
        _say(f"No logs in {os.path.relpath(folder)}.")
        return 1
    subprocess.run(["tail", "-n", "20", "-F", *existing], check=False)
    return 0


def _tell_failure(suite: Suite, failure: PartFailed) -> int:
    lines = failure.log.read_text(errors="replace").splitlines() if failure.log.exists() else []
    print(f"\n{failure}. The end of {os.path.relpath(failure.log)}:\n", file=sys.stderr)
    print("\n".join(f"    {line}" for line in lines[-_TAIL_LINES:]), file=sys.stderr)
    return 1


def _say(line: str) -> None:
    print(line, flush=True)


_COMMANDS = {
    "down": _down,
    "logs": _logs,
    "restart": _restart,
    "start": _start,
    "status": _status,
    "stop": _stop,
    "up": _up,
}

if __name__ == "__main__":
    sys.exit(main())
