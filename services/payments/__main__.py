"""`python -m services.payments grpc|dispatcher|worker`, or an operator's `unfreeze --region 54`."""

import sys

from services.chassis.process import run_service

if __name__ == "__main__":
    if sys.argv[1:2] == ["unfreeze"]:
        from services.payments.entrypoints.operator import unfreeze

        unfreeze(sys.argv[2:])
    else:
        run_service("services.payments", roles=("grpc", "dispatcher", "worker"))
