"""What `up` says at its end: where everything is and what there is to try it with."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.local.processes import Plan
from deploy.local.suite import ROOT
from deploy.local.world import REGIONS

Rows = Iterator[tuple[str, str]]


def greeting(plan: Plan) -> str:
    """Return addresses and demo accounts of a running suite."""
    rows = [*_addresses(plan), ("", ""), *_demo_accounts()]
    return "\n".join(f"  {name:<20} {value}".rstrip() for name, value in rows)


def _addresses(plan: Plan) -> Rows:
    ports = plan.ports
    yield "Web cabinet, API", plan.public_url
    yield "Mailbox", ports.url("mailbox")
    yield "Acquirer", ports.url("acquirer")
    yield "Social provider", ports.url("social")
    for region in REGIONS:
        yield f"Region {region.code}", f"{ports.address(region.process)} (gRPC), {region.process} in `make status`"
    yield "MongoDB", plan.mongo_url if plan.own_mongo else "as MONGO_URL says"
    yield "RabbitMQ", plan.amqp_url if plan.own_broker else "as AMQP_URL says"
    yield "Logs", f"{plan.run_dir / 'logs'} (make logs)"


def _demo_accounts() -> Rows:
    """Billing accounts to attach to a login of one's own, and who may log in at the social provider.

    Read from the sandbox's own data, so that what is told is what is there.
    """
    yield "Register", "any login; the code comes to the mailbox above. Or log in by the social provider as demo-anna"
    for region in REGIONS:
        file = ROOT / "sandbox" / "region" / "demo" / f"{region.code}.json"
        for account in json.loads(file.read_text())["accounts"][:2]:
            yield "Billing account", f"region {region.code}, {_proofs(account)}"
    yield "Cards", "4111111111111111 pays, 4562265587712390 has no money; more in sandbox/README.md"


def _proofs(account: Mapping[str, Any]) -> str:
    codes = f"contract code {account['contract_code']}, bill code {account['bill_code']}"
    return f"number {account['number']}, {codes}, codes to {account['contact']}"
