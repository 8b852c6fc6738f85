"""`python -m services.documents grpc|dispatcher|worker`: starts roles of this service."""

from services.chassis.process import run_service

if __name__ == "__main__":
    run_service("services.documents", roles=("grpc", "dispatcher", "worker"))
