"""Runs the worker: events in. Imports neither gRPC nor pika, directly or through anything."""

from services.chassis import logs
from services.chassis.consumer import run_worker
from services.content.bootstrap_worker import build
from services.content.config import load


def run() -> None:
    """Run until told to stop; the process has been patched for eventlet already."""
    settings = load()
    logs.configure(service="content-worker", level=settings.log_level)
    run_worker(build(settings), amqp_url=settings.amqp_url, grace_s=settings.grace_s)
