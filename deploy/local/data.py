"""MongoDB and RabbitMQ as processes of the suite."""

from pathlib import Path

from deploy.local import mongo, rabbit
from deploy.local.ports import Ports
from deploy.local.process import AmqpReady, MongoReady, PortReady, Process, Wave


def own_mongo_url(ports: Ports) -> str:
    """Return where the suite's own MongoDB is."""
    return mongo.url(ports.of("mongo"))


def own_amqp_url(ports: Ports) -> str:
    """Return where the suite's own broker is."""
    return rabbit.url(ports.of("amqp"))


def mongo_process(*, folder: Path, ports: Ports) -> Process:
    """Return the suite's own mongod; makes its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    port = ports.of("mongo")
    return Process(
        name="mongo",
        command=mongo.command(folder=folder, port=port),
        wave=Wave.DATA,
        ready=MongoReady(port),
        environment={},
        stop_s=30,
    )


def broker_processes(*, folder: Path, ports: Ports) -> list[Process]:
    """Return the suite's own RabbitMQ node and its name server; writes their configuration."""
    rabbit.prepare(folder=folder, port=ports.of("amqp"))
    epmd_port = ports.of("epmd")
    environment = rabbit.environment(
        folder=folder, distribution_port=ports.of("amqp-distribution"), epmd_port=epmd_port
    )
    name_server = Process(
        name="epmd",
        command=rabbit.epmd_command(epmd_port=epmd_port),
        wave=Wave.DATA,
        ready=PortReady(epmd_port),
        environment={},
    )
    node = Process(
        name="rabbitmq",
        command=rabbit.node_command(),
        wave=Wave.DATA,
        ready=AmqpReady(own_amqp_url(ports)),
        environment=environment,
        stop_s=30,
    )
    return [name_server, node]
