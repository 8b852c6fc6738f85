"""Starts sandbox programs as the processes that they are, on free ports, and speaks to them over HTTP."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import eventually

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(kw_only=True)
class Program:
    """A sandbox program in a process of its own."""

    module: str
    base_url: str
    environment: Mapping[str, str]
    log_file: Path
    arguments: Sequence[str] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it and wait until it says that it is healthy."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                cwd=_ROOT,
                env={**_inherited(), **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(self._healthy, timeout_s=90)
        except BaseException:
            self.kill()  # nobody else will: whoever starts a program ends only what has started
            raise

    def kill(self) -> None:
        """End it without a warning."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end; return its exit status."""
        return self._end(signal.SIGTERM)

    def log(self) -> str:
        """Return all that it has written."""
        return self.log_file.read_text()

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send JSON, return the status and the parsed answer; no exception for a refusal."""
        request = urllib.request.Request(
            self.base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, _parsed(answer.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, _parsed(refusal.read())

    def _healthy(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.module} ended at its start:\n{self.log()}")
        try:
            return self.call("GET", "/healthz") == (200, {"status": "ok"})
        except OSError:
            return False

    def _end(self, signal_number: int) -> int:
        assert self._process is not None
        self._process.send_signal(signal_number)
        return self._process.wait(timeout=60)


def _inherited() -> dict[str, str]:
    """Only what a process needs to run: no setting of the machine gets into a test."""
    names = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in names if name in os.environ} | {"PYTHONPATH": str(_ROOT)}


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode()
