"""Prints the secrets and the trust file of the local overlay, for `kubectl apply`; a real cluster has its own ways.

`.venv/bin/python -m deploy.k8s.local_secrets | kubectl apply -f -`. The keys are made in .run/k8s-keys, once.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.local.keys import CALLERS, SECRETS, Keys
from deploy.local.world import REGIONS, SHOP_ID, SOCIAL_CLIENT_ID

NAMESPACE = "kabinet"
_SERVICES = ("identity", "accounts", "payments", "documents", "content")


def service_secrets(keys: Keys, service: str) -> dict[str, str]:
    """Return the settings of a service that are secret, or that only the one who runs the cluster can know."""
    if service not in _SERVICES:
        return {}
    return _data_stores(keys) | _own_secrets(keys).get(service, {})


def manifests(keys: Keys) -> Iterator[dict[str, Any]]:
    """Return everything that the local overlay refers to and does not hold."""
    yield _config_map("trust", {"trust.json": keys.trust_file.read_text()})
    yield _secret(
        "rabbitmq-user", {"RABBITMQ_DEFAULT_USER": "kabinet", "RABBITMQ_DEFAULT_PASS": _broker_password(keys)}
    )
    for service in _SERVICES:
        yield _secret(f"{service}-secrets", service_secrets(keys, service))
    for caller in CALLERS:
        yield _secret(f"{caller}-key", _key_files(keys, caller))
    for region in REGIONS:
        yield _secret(f"region-{region.code}-key", {"service.jwk.json": keys.region(region.code).read_text()})
    yield _secret("sandbox-secrets", _sandbox_secrets(keys))


def _data_stores(keys: Keys) -> dict[str, str]:
    return {
        "MONGO_URL": "mongodb://mongo-0.mongo:27017/?replicaSet=kabinet",
        "AMQP_URL": f"amqp://kabinet:{_broker_password(keys)}@rabbitmq:5672/",
    }


def _own_secrets(keys: Keys) -> dict[str, dict[str, str]]:
    mail = {"SMTP_URL": "smtp://mailbox:8025"}
    regions = ",".join(f"{region.code}={region.process}:50061" for region in REGIONS)
    return {
        "identity": mail
        | {
            "SOCIAL_ISSUER": "http://social:8092",
            "SOCIAL_CLIENT_ID": SOCIAL_CLIENT_ID,
            "SOCIAL_CLIENT_SECRET": keys.secret("social"),
        },
        "accounts": {"REGION_ENDPOINTS": regions},
        "payments": {"YOOKASSA_SHOP_ID": SHOP_ID, "YOOKASSA_SECRET_KEY": keys.secret("acquirer")},
        "documents": mail,
    }


def _sandbox_secrets(keys: Keys) -> dict[str, str]:
    return {
        "ACQUIRER_SHOP_ID": SHOP_ID,
        "ACQUIRER_SECRET_KEY": keys.secret("acquirer"),
        "SOCIAL_CLIENT_ID": SOCIAL_CLIENT_ID,
        "SOCIAL_CLIENT_SECRET": keys.secret("social"),
    }


def _key_files(keys: Keys, caller: str) -> dict[str, str]:
    files = {"service.jwk.json": keys.caller(caller).read_text()}
    if caller == "identity":
        files["access-tokens.jwk.json"] = keys.token_key.read_text()
    if caller in SECRETS:
        files["secret.key"] = keys.secret(caller)
    return files


def _broker_password(keys: Keys) -> str:
    return keys.secret("broker")


def _secret(name: str, data: Mapping[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _metadata(name), "stringData": dict(data)}


def _config_map(name: str, data: Mapping[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(name), "data": dict(data)}


def _metadata(name: str) -> dict[str, str]:
    return {"name": name, "namespace": NAMESPACE}


def main() -> None:
    """Print all of them as one list."""
    keys = Keys(Path(".run/k8s-keys").resolve())
    keys.make()
    json.dump({"apiVersion": "v1", "kind": "List", "items": list(manifests(keys))}, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
