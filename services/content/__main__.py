"""`python -m services.content grpc|dispatcher|worker`: starts roles of this service."""

from services.chassis.process import run_service

if __name__ == "__main__":
    run_service("services.content", roles=("grpc", "dispatcher", "worker"))
