"""The processes of a local suite and their settings: the one list from which everything else is made."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local import data
from deploy.local.keys import Keys
from deploy.local.ports import Ports
from deploy.local.process import ConsumerReady, GrpcReady, HttpReady, Process, Wave
from deploy.local.world import SHOP_ID, SOCIAL_CLIENT_ID, region_endpoints, world_processes

_WORKERLESS = frozenset({"identity"})
_SERVICES = ("identity", "accounts", "payments", "documents", "content")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where one suite lives: its folder, its ports, and the servers it uses."""

    run_dir: Path
    ports: Ports
    mongo_url: str
    amqp_url: str
    own_mongo: bool
    own_broker: bool
    database_prefix: str

    @property
    def keys(self) -> Keys:
        """The keys of this suite."""
        return Keys(self.run_dir / "keys")

    @property
    def public_url(self) -> str:
        """The gateway as a browser sees it.

        By name, not by number: cookies know no ports, and those of the social provider, which is on 127.0.0.1, must not
        get mixed up with the gateway's.
        """
        return f"http://localhost:{self.ports.of('gateway')}"


def make_plan(*, run_dir: Path, ports: Ports) -> Plan:
    """Return the plan of a suite in `run_dir`; MONGO_URL and AMQP_URL name servers to use instead of its own ones."""
    mongo_url = os.environ.get("MONGO_URL", "")
    amqp_url = os.environ.get("AMQP_URL", "")
    return Plan(
        run_dir=run_dir.resolve(),
        ports=ports,
        mongo_url=mongo_url or data.own_mongo_url(ports),
        amqp_url=amqp_url or data.own_amqp_url(ports),
        own_mongo=not mongo_url,
        own_broker=not amqp_url,
        database_prefix=os.environ.get("MONGO_DATABASE_PREFIX", "kabinet"),
    )


def all_processes(plan: Plan) -> list[Process]:
    """Return every process of the suite in the order of starting. The keys must have been made."""
    processes: list[Process] = []
    if plan.own_mongo:
        processes.append(data.mongo_process(folder=plan.run_dir / "mongo", ports=plan.ports))
    if plan.own_broker:
        processes += data.broker_processes(folder=plan.run_dir / "rabbit", ports=plan.ports)
    processes += world_processes(
        run_dir=plan.run_dir, ports=plan.ports, keys=plan.keys, public_url=plan.public_url, common=_common(plan)
    )
    for name in _SERVICES:
        processes += _service(plan, name)
    processes.append(_gateway(plan))
    return processes


def _common(plan: Plan) -> dict[str, str]:
    """Return what every Python process gets."""
    return {
        "CLOCK_FILE": str(plan.run_dir / "clock"),
        "PYTHONUNBUFFERED": "1",
        # glibc keeps up to eight heaps per core; with a dozen threaded processes that is memory for nothing.
        "MALLOC_ARENA_MAX": "2",
        "GRPC_VERBOSITY": "NONE",
        "no_proxy": "127.0.0.1,localhost",
    }


def _service(plan: Plan, name: str) -> Iterator[Process]:
    python = (sys.executable, "-m", f"services.{name}")
    settings = _common(plan) | _service_settings(plan, name) | _OWN_SETTINGS[name](plan)
    yield Process(
        name=name,
        command=(*python, "grpc", "dispatcher"),
        wave=Wave.SERVICES,
        ready=GrpcReady(plan.ports.address(name)),
        environment=settings | {"METRICS_LISTEN": plan.ports.address(f"{name}-metrics")},
    )
    if name not in _WORKERLESS:
        yield Process(
            name=f"{name}-worker",
            command=(*python, "worker"),
            wave=Wave.SERVICES,
            ready=ConsumerReady(plan.amqp_url, f"{name}.inbox"),
            environment=settings | {"METRICS_LISTEN": plan.ports.address(f"{name}-worker-metrics")},
        )


def _service_settings(plan: Plan, name: str) -> dict[str, str]:
    addresses = {f"{other.upper()}_ADDRESS": plan.ports.address(other) for other in _SERVICES if other != name}
    return addresses | {
        "MONGO_URL": plan.mongo_url,
        "MONGO_DATABASE": f"{plan.database_prefix}_{name}",
        "AMQP_URL": plan.amqp_url,
        "GRPC_LISTEN": plan.ports.address(name),
        "SERVICE_KEY_FILE": str(plan.keys.caller(name)),
        "TRUST_FILE": str(plan.keys.trust_file),
    }


def _identity_settings(plan: Plan) -> dict[str, str]:
    return {
        "TOKEN_KEY_FILE": str(plan.keys.token_key),
        "SECRET_KEY_FILE": str(plan.keys.secret_file("identity")),
        "PUBLIC_URL": plan.public_url,
        "SMTP_URL": f"smtp://{plan.ports.address('smtp')}",
        "SOCIAL_ISSUER": plan.ports.url("social"),
        "SOCIAL_CLIENT_ID": SOCIAL_CLIENT_ID,
        "SOCIAL_CLIENT_SECRET": plan.keys.secret("social"),
        # Everybody is on one address here: tests, demo and measurements log in more often than any attacker may.
        "LOGIN_RATE_PER_ADDRESS": "100000/minute",
        "LOGIN_RATE_PER_LOGIN": "100000/minute",
        "LOGIN_RATE_PER_PAIR": "60/minute",
        "REGISTRATION_RATE_PER_ADDRESS": "100000/minute",
        "REGISTRATION_RATE_PER_EMAIL": "100000/minute",
    }


def _accounts_settings(plan: Plan) -> dict[str, str]:
    return {
        "REGION_ENDPOINTS": region_endpoints(plan.ports),
        "SECRET_KEY_FILE": str(plan.keys.secret_file("accounts")),
        # Everybody is on one address here, and the story, which gives a wrong proof, may be told all day.
        "WRONG_PROOFS_PER_ACCOUNT": "1000",
        "WRONG_PROOFS_PER_ADDRESS": "100000",
        "CODES_PER_ACCOUNT": "1000",
        "CODES_PER_ADDRESS": "100000",
    }


def _payments_settings(plan: Plan) -> dict[str, str]:
    return {
        "PUBLIC_URL": plan.public_url,
        "YOOKASSA_API_URL": f"{plan.ports.url('acquirer')}/v3",
        "YOOKASSA_SHOP_ID": SHOP_ID,
        "YOOKASSA_SECRET_KEY": plan.keys.secret("acquirer"),
    }


def _documents_settings(plan: Plan) -> dict[str, str]:
    return {
        "SECRET_KEY_FILE": str(plan.keys.secret_file("documents")),
        "PUBLIC_URL": plan.public_url,
        "SMTP_URL": f"smtp://{plan.ports.address('smtp')}",
    }


def _content_settings(plan: Plan) -> dict[str, str]:
    return {"PUBLIC_URL": plan.public_url}


_OWN_SETTINGS = {
    "identity": _identity_settings,
    "accounts": _accounts_settings,
    "payments": _payments_settings,
    "documents": _documents_settings,
    "content": _content_settings,
}


def _gateway(plan: Plan) -> Process:
    addresses = {f"{name.upper()}_ADDRESS": plan.ports.address(name) for name in _SERVICES}
    return Process(
        name="gateway",
        command=(
            *(sys.executable, "-m", "gunicorn", "--bind", plan.ports.address("gateway")),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "32"),
            # A heartbeat file on a busy disk would make gunicorn take a healthy worker for dead.
            *("--worker-tmp-dir", "/dev/shm"),  # nosec B108
            *("--graceful-timeout", "10", "--keep-alive", "30", "--no-control-socket"),
            "gateway.wsgi:app",
        ),
        wave=Wave.EDGE,
        ready=HttpReady(f"{plan.ports.url('gateway')}/healthz"),
        environment=_common(plan)
        | addresses
        | {
            "PUBLIC_URL": plan.public_url,
            "FORM_ACTION_ORIGINS": f"{plan.ports.url('acquirer')} {plan.ports.url('social')}",
            "SECRET_KEY_FILE": str(plan.keys.secret_file("gateway")),
            "SERVICE_KEY_FILE": str(plan.keys.caller("gateway")),
            "TRUST_FILE": str(plan.keys.trust_file),
            "METRICS_LISTEN": plan.ports.address("gateway-metrics"),
        },
    )
