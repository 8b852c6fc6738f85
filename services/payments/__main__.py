"""`python -m services.payments grpc|dispatcher|worker`, or an operator's command: `queue`, `refund`, ... (`--help`)."""

import sys

from services.chassis.process import run_service

if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments == ["states"]:
        from services.payments.entrypoints.state_picture import draw

        sys.stdout.write(draw())
    elif arguments and arguments[0] not in {"grpc", "dispatcher", "worker"}:
        from services.payments.entrypoints import operations

        operations.run(arguments)
    else:
        run_service("services.payments", roles=("grpc", "dispatcher", "worker"))
