"""`make demo`: one subscriber's story against the suite that `make up` started, each step with what came back."""

import json
import sys
import time
from pathlib import Path

from deploy.local.ports import Ports
from deploy.local.suite import Suite
from tests.e2e.story import Story


class LocalSuite:
    """The suite of the default run folder."""

    def __init__(self) -> None:
        self._suite = Suite(run_dir=Path(".run"), ports=Ports())

    @property
    def is_running(self) -> bool:
        """Whether there is something to show."""
        return self._suite.supervisor.is_running()

    @property
    def url(self) -> str:
        """The gateway."""
        return self._suite.plan.public_url

    def http(self, name: str) -> str:
        """Return the http URL of a part."""
        return self._suite.plan.ports.url(name)

    def stop(self, *names: str) -> None:
        """Stop processes."""
        self._suite.stop_all(names)

    def start(self, *names: str) -> None:
        """Start processes and wait until they are ready."""
        self._suite.start(*names)


def main() -> int:
    """Tell the story; stop at the first step that does not come out."""
    scene = LocalSuite()
    if not scene.is_running:
        print("The suite does not run: `make up` starts it.", file=sys.stderr)
        return 1
    began = time.monotonic()
    for title, step in Story(scene=scene).steps():
        print(f"\n{title}")
        for what, came_back in step():
            print(f"  {what}\n{_indented(came_back)}")
    print(f"\nThe story came out, in {time.monotonic() - began:.0f} s.")
    return 0


def _indented(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return "\n".join(f"      {line}" for line in text.splitlines())


if __name__ == "__main__":
    sys.exit(main())
