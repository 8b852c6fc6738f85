"""What every call of the region goes through, whichever service it belongs to: admission, scripted faults, refusals."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from sandbox.chassis import json_log
from sandbox.region import refusals
from sandbox.region.credentials import Credentials
from sandbox.region.faults import Faults


class Calls:
    """Lets the cabinet in, makes the scripted fault happen, and turns a refusal into a status."""

    def __init__(self, *, credentials: Credentials, faults: Faults) -> None:
        self._credentials = credentials
        self._faults = faults

    @contextmanager
    def call(self, method: str, context: grpc.ServicerContext, /, *keys: str) -> Iterator[str]:
        """Run a block as one call; yields the fault that the block must make itself."""
        try:
            self._credentials.admit(_authorization(context))
            with self._faults.around(method=method, keys=set(keys)) as fault:
                yield fault
        except refusals.Refusal as refusal:
            json_log.info("refused", method=method, reason=refusal.reason)
            refusals.abort(context, refusal)


def _authorization(context: grpc.ServicerContext) -> str:
    return next((str(value) for key, value in context.invocation_metadata() if key == "authorization"), "")
