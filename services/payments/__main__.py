"""`python -m services.payments grpc|dispatcher|worker`, or an operator's `queue`, `refund`, ... (`--help`)."""

from services.chassis.process import run_service

if __name__ == "__main__":
    run_service("services.payments", roles=("grpc", "dispatcher", "worker"))
