"""The process of identity: `python -m services.identity grpc dispatcher`."""

from services.chassis.process import run_service

if __name__ == "__main__":
    run_service("services.identity", roles=("grpc", "dispatcher"))
