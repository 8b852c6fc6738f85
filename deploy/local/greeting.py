"""What `up` says at its end: where everything is and who may log in."""

from deploy.local.processes import Plan
from deploy.local.world import REGIONS


def greeting(plan: Plan) -> str:
    """Return the addresses of a running suite."""
    ports = plan.ports
    rows = [
        ("Web cabinet and API", plan.public_url),
        ("Mailbox", ports.url("mailbox")),
        ("Acquirer", ports.url("acquirer")),
        ("Social provider", ports.url("social")),
        *((f"Region {region.code}", f"{ports.address(region.process)} (gRPC)") for region in REGIONS),
        ("MongoDB", plan.mongo_url if plan.own_mongo else "as MONGO_URL says"),
        ("RabbitMQ", plan.amqp_url if plan.own_broker else "as AMQP_URL says"),
        ("Logs", f"{plan.run_dir / 'logs'} (make logs)"),
    ]
    return "\n".join(f"  {name:<20} {value}" for name, value in rows)
