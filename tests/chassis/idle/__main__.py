"""A service that does nothing, run by tests as a process of its own: `python -m tests.chassis.idle dispatcher`."""

from services.chassis.process import run_service

if __name__ == "__main__":
    run_service("tests.chassis.idle", roles=["dispatcher"])
