"""The Kubernetes manifests: valid, complete, and in step with what the local suite gives its processes."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.k8s.local_secrets import manifests, service_secrets
from deploy.local.keys import Keys
from deploy.local.ports import Ports
from deploy.local.processes import all_processes, make_plan

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "deploy" / "k8s"
OVERLAYS = sorted(str(f.parent.relative_to(K8S)) for f in K8S.glob("overlays/**/kustomization.yaml"))
DOCKERFILES = sorted(
    file for folder in ("services", "gateway", "sandbox") for file in (ROOT / folder).rglob("Dockerfile")
)
SERVICES = ("identity", "accounts", "payments", "documents", "content")
ROLES = {service: {"grpc", "worker", "dispatcher"} for service in SERVICES} | {"identity": {"grpc", "dispatcher"}}
# What only a suite on one machine has: its clock, and limits that let tests log in as often as they like.
LOCAL_ONLY = re.compile(r"CLOCK_FILE|KABINET_RUN_DIR|no_proxy|\w+_RATE_PER_\w+|(?:WRONG_PROOFS|CODES)_PER_\w+")

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

Manifest = dict[str, Any]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_is_valid(overlay: str) -> None:
    for manifest in _rendered(overlay):
        kubernetes_validate.validate(manifest, "1.32", strict=True)


def test_every_role_is_a_deployment_of_its_own() -> None:
    names = {manifest["metadata"]["name"] for manifest in _of_kind("overlays/production", "Deployment")}

    assert names == {f"{service}-{role}" for service, roles in ROLES.items() for role in roles} | {"gateway"}


def test_teams_deploy_alone_what_deploying_all_would_deploy() -> None:
    parts = [overlay for overlay in OVERLAYS if overlay.startswith("overlays/production/")]

    alone = [manifest for overlay in parts for manifest in _rendered(overlay)]

    assert sorted(alone, key=str) == sorted(_rendered("overlays/production"), key=str)


def test_every_deployment_survives_a_node_being_drained() -> None:
    budgets = [budget["spec"]["selector"] for budget in _of_kind("overlays/production", "PodDisruptionBudget")]

    for deployment in _of_kind("overlays/production", "Deployment"):
        assert deployment["spec"]["selector"] in budgets, deployment["metadata"]["name"]
        assert deployment["spec"]["replicas"] >= 2


def test_every_container_is_bounded_and_unprivileged() -> None:
    for deployment in _of_kind("overlays/local", "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["resources"]["limits"]["memory"]
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}


def test_whatever_answers_is_probed() -> None:
    for deployment in _of_kind("overlays/production", "Deployment"):
        name = deployment["metadata"]["name"]
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        assert name.endswith("-worker") or "livenessProbe" in container, name
        assert not name.endswith("-grpc") or container["readinessProbe"]["grpc"] == {"port": 50051}


def test_policies_of_a_service_concern_its_own_pods_only() -> None:
    for policy in _of_kind("overlays/production", "NetworkPolicy"):
        owner = policy["metadata"].get("labels", {}).get("app.kubernetes.io/name")
        if owner:
            assert policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == owner


def test_no_secret_is_committed() -> None:
    for overlay in OVERLAYS:
        assert not list(_of_kind(overlay, "Secret"))


def test_local_overlay_finds_all_it_refers_to(tmp_path: Path) -> None:
    given = {(m["kind"], m["metadata"]["name"]) for m in [*_rendered("overlays/local"), *manifests(_keys(tmp_path))]}

    for workload in (*_of_kind("overlays/local", "Deployment"), *_of_kind("overlays/local", "StatefulSet")):
        missing = set(_references(workload["spec"]["template"]["spec"])) - given
        assert not missing, workload["metadata"]["name"]


@pytest.mark.parametrize("service", [*SERVICES, "gateway"])
def test_service_gets_each_setting_that_it_gets_locally(service: str, tmp_path: Path) -> None:
    maps = {m["metadata"]["name"]: m["data"] for m in _of_kind("overlays/local", "ConfigMap")}
    own = [data for name, data in maps.items() if name.startswith((f"{service}-settings-", f"{service}-local-"))]
    given = (
        maps["suite"].keys()
        | service_secrets(_keys(tmp_path), service).keys()
        | {name for data in own for name in data}
    )
    plan = make_plan(run_dir=tmp_path, ports=Ports(18000))
    plan.keys.make()

    locally = {name for process in all_processes(plan) if process.name == service for name in process.environment}

    missing = {name for name in locally - given if not LOCAL_ONLY.fullmatch(name)}
    assert not missing, "add it to deploy/k8s/base/<service>/settings.env or to local_secrets.py"


def test_only_those_who_call_regions_hold_the_certificates_for_them() -> None:
    mounted = {
        deployment["metadata"]["name"]: {volume["name"] for volume in deployment["spec"]["template"]["spec"]["volumes"]}
        for deployment in _of_kind("overlays/production", "Deployment")
    }

    assert {name for name, volumes in mounted.items() if "regions" in volumes} == {
        "accounts-grpc",
        "accounts-dispatcher",
    }
    assert {name for name, volumes in mounted.items() if "feed-certificate" in volumes} == {"accounts-grpc"}


def test_regions_reach_the_door_that_is_theirs_and_no_other() -> None:
    (door,) = (m for m in _of_kind("overlays/production", "Service") if m["metadata"]["name"] == "accounts-feed")
    (accounts,) = (m for m in _of_kind("overlays/production", "Deployment") if m["metadata"]["name"] == "accounts-grpc")
    container = accounts["spec"]["template"]["spec"]["containers"][0]
    settings = {entry["name"]: entry["value"] for entry in container["env"]}
    from_outside = [
        port["port"]
        for policy in _of_kind("overlays/production", "NetworkPolicy")
        if policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name") == "accounts"
        for rule in policy["spec"].get("ingress", [])
        if any("kabinet/ingress" in str(source) for source in rule.get("from", []))
        for port in rule["ports"]
    ]

    assert {"name": "feed", "containerPort": 50052} in container["ports"]
    assert (settings["FEED_LISTEN"], door["spec"]["ports"][0]["port"], from_outside) == (
        "0.0.0.0:50052",
        50052,
        [50052],
    )


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda file: file.parent.name)
def test_image_holds_its_own_deployable_only(dockerfile: Path) -> None:
    deployable = str(dockerfile.parent.relative_to(ROOT))
    text = dockerfile.read_text()

    copied = set(re.findall(r"^COPY (?!--from)(\S+)", text, re.MULTILINE))

    allowed = {"protos/events", "protos/gen/python", "services/chassis", deployable}
    assert copied - {f"{deployable}/requirements.lock"} <= allowed
    assert all((ROOT / path).exists() for path in copied)
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert "--require-hashes" in text


@cache
def _rendered(overlay: str) -> tuple[Manifest, ...]:
    done = subprocess.run(["kubectl", "kustomize", str(K8S / overlay)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def _of_kind(overlay: str, kind: str) -> Iterator[Manifest]:
    return (manifest for manifest in _rendered(overlay) if manifest["kind"] == kind)


def _references(pod: Manifest) -> Iterator[tuple[str, str]]:
    for volume in pod.get("volumes", []):
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
    for container in pod["containers"]:
        for source in container.get("envFrom", []):
            if "secretRef" in source:
                yield "Secret", source["secretRef"]["name"]
            else:
                yield "ConfigMap", source["configMapRef"]["name"]


def _keys(folder: Path) -> Keys:
    keys = Keys(folder / "k8s-keys")
    keys.make()
    return keys
