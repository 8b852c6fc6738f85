"""python -m services.accounts grpc dispatcher | worker"""

from services.chassis.process import run_service

run_service("services.accounts", roles=("grpc", "dispatcher", "worker"))
