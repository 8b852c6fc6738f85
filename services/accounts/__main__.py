"""python -m services.accounts grpc dispatcher | worker | reconcile --region 54 --day 2026-11-26"""

from services.chassis.process import run_service

run_service("services.accounts", roles=("grpc", "dispatcher", "worker"))
